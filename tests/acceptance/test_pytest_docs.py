"""docs/pytest.md is a project whose tests pass."""

import re

import pytest

from orchestrator.pytest_plugin.config import LabConfig
from orchestrator.pytest_plugin.result import LabResult
from orchestrator.pytest_plugin.workers import Workers
from tests.acceptance.command import ROOT, Command

pytest_plugins = ["pytester"]

GUIDE = (ROOT / "docs" / "pytest.md").read_text()
FILES = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL))

INI = """\
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


def test_the_guides_project_passes(
    pytester: pytest.Pytester, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in command.environ().items():
        monkeypatch.setenv(name, value)
    pytester.makeini(INI)
    for name, text in FILES.items():
        pytester.path.joinpath(name).write_text(text)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=150)
    done.assert_outcomes(passed=8)


def test_every_block_is_a_file_of_it() -> None:
    assert GUIDE.count("```") == 2 * len(FILES)
    assert {"shop.py", "shop.yaml", "conftest.py", "test_workers.py"} <= set(FILES)


def test_the_guide_names_everything() -> None:
    names = [*Workers.__dataclass_fields__, *LabConfig.__dataclass_fields__]
    names += [name for name in vars(LabResult) if not name.startswith("_") and name != "failure"]
    for name in names:
        assert re.search(rf'`{name}\b|"{name}"', GUIDE) or f"`{name}(" in GUIDE, name
