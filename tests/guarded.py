"""What a test starts ends with it, even when pytest is killed and no fixture is torn down.

The guardian of the product watches over this process, too: it ends the process groups that it knows
when the other end of its pipe, which only this process holds, is closed."""

import subprocess
import sys
from functools import cache
from typing import Any

from orchestrator.environment import guardian_main


@cache
def _guardian() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-I", "-S", guardian_main.__file__],
        stdin=subprocess.PIPE,
        cwd="/",
        start_new_session=True,
    )


def start(argv: "list[str]", **options: Any) -> "subprocess.Popen[Any]":
    """A process in a session of its own. Say when it has `ended`."""
    process = subprocess.Popen(argv, start_new_session=True, **options)
    _tell("+", process)
    return process


def ended(process: "subprocess.Popen[Any]") -> None:
    """Its number may soon be another's."""
    _tell("-", process)


def _tell(sign: str, process: "subprocess.Popen[Any]") -> None:
    pipe = _guardian().stdin
    assert pipe is not None
    pipe.write(f"{sign}{process.pid}\n".encode())
    pipe.flush()
