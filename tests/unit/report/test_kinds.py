import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.report.kinds import KINDS, kind


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_says_what_it_is_made_of(name: str) -> None:
    made = kind(name)
    assert made.subjects <= {"run", "experiment", "capacity"}
    assert "run" in made.subjects
    assert isinstance(made.needs_data, bool)
    assert kind(name) is made


def test_the_documentation_has_every_kind() -> None:
    text = (Path(__file__).parents[3] / "docs" / "files.md").read_text()
    for name in KINDS:
        assert f"| `{name}` |" in text, name


def test_naming_them_imports_none_of_them() -> None:
    program = (
        "import sys, orchestrator.report.kinds\n"
        "assert not {'prometheus_client', 'pydantic', 'rich', 'xml.etree'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
