"""Scenario files for the tests: a small valid one, and parts put over it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.errors import ScenarioError
from orchestrator.records import Plan
from orchestrator.scenario import load

Loads = Callable[..., Plan]
Problems = Callable[..., list[str]]

SMALL: Mapping[str, Any] = {
    "version": 1,
    "name": "small",
    "app": "tasks.app:app",
    "workers": {"w": {"queues": ["add"]}},
    "workloads": {
        "a": {"executor": "shared-iterations", "canvas": {"task": "add", "args": [1, 2]}}
    },
}


@pytest.fixture
def load_text(tmp_path: Path) -> Loads:
    """Load a scenario given as text, or as parts over a small valid one."""

    def loads(text: str | None = None, /, **options: Any) -> Plan:
        path = tmp_path / "s.yaml"
        environ = options.pop("environ", {})
        if text is None:
            over = {key: options.pop(key) for key in list(options) if key in _KEYS}
            text = yaml.safe_dump({**SMALL, **over}, sort_keys=False)
        path.write_text(text, encoding="utf-8")
        return load(path, environ=environ, **options)

    return loads


_KEYS = [
    "version",
    "name",
    "app",
    "workers",
    "workloads",
    "thresholds",
    "warmup",
    "seed",
    "faults",
    "matrix",
    "repeats",
]


@pytest.fixture
def problems(load_text: Loads) -> Problems:
    """The messages of a scenario that is not valid, each as `path: message`."""

    def found(text: str | None = None, /, **options: Any) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            load_text(text, **options)
        return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]

    return found
