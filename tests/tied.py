"""What a test starts ends with the test, even when pytest is killed and no fixture is torn down."""

import shutil
from collections.abc import Sequence


def tied(argv: Sequence[str]) -> list[str]:
    """The command line of a child that gets SIGTERM when the thread that started it is no more.

    By Linux, and by setpriv, which every Debian has; elsewhere only the fixture ends the child."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(argv)
    return [setpriv, "--pdeathsig", "TERM", "--", *argv]
