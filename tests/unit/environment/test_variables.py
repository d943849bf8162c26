import subprocess
import sys

from orchestrator.environment import variables


def test_the_names_are_ours_and_differ() -> None:
    names = {variables.SETTINGS, variables.PARENT, variables.PROBE, variables.POOL}
    assert len(names) == 4
    assert all(name.startswith("ORCHESTRATOR_") for name in names)


def test_reading_them_imports_nothing_that_gevent_would_patch() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "from orchestrator.environment import variables\n"
        "new = set(sys.modules) - before\n"
        "assert not {'socket', 'threading', 'ssl', 'select', 'subprocess'} & new"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
