from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.scenario.reference import reference

FILE = Path(__file__).parents[3] / "docs" / "scenario.md"
BLOCKS = [block.split("```")[0] for block in reference().split("```yaml\n")[1:]]


def test_the_stored_reference_is_current() -> None:
    """`scripts/scenario_reference` writes it again."""
    assert FILE.read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize("text", [block for block in BLOCKS if block.startswith("version: 1")])
def test_every_example_loads(load_text: Callable[..., Any], text: str) -> None:
    assert load_text(text).workloads


def test_every_table_is_filled_in() -> None:
    assert "<!-- table" not in reference()
    for word in ("`max_in_flight`", "`delay_abort_eval`", "`soft_time_limit`", "`chord_join`"):
        assert word in reference()
