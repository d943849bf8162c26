"""The client prints the matrix."""

import pytest

from tasks import call_mat_mul_task
from tasks.mat_mul_module import app


def test_it_prints_the_matrix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    call_mat_mul_task.main()
    printed = capsys.readouterr().out
    assert printed.startswith("[[")
    assert printed.count("[") == 21
