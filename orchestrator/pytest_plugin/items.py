"""Scenario files, ``*.lab.yaml``, as tests of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from orchestrator.pytest_plugin.lab import CeleryLab


class LabItem(pytest.Function):
    """The one test of a file: it is shown under the file's name, and not as a function of ours."""

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


class LabFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        path = self.path

        def passes(celery_lab: "CeleryLab") -> None:
            __tracebackhide__ = True
            celery_lab.run(path).assert_passed()

        options: dict[str, Any] = {"name": "passes", "callobj": passes}
        yield LabItem.from_parent(self, **options)
