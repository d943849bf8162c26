"""The client prints the sum."""

import pytest

from tasks import call_add_task
from tasks.add_module import app


def test_it_prints_the_sum(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    call_add_task.main()
    assert capsys.readouterr().out == "10\n"
