import io
import logging
import time

import pytest

from orchestrator.cli.progress import Live, Plain, Silent, open_progress
from tests.unit.cli.live_factory import make_live


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_progress_is_one_line_an_interval() -> None:
    stream = io.StringIO()
    with Plain(stream) as progress:
        progress.phase("sending")
        progress.tick(make_live())
    assert progress.refresh_s == 5.0
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("sending")
    assert "done 190/200" in lines[1]


def test_verbose_progress_is_a_line_each_second_also_on_a_terminal() -> None:
    progress = open_progress(quiet=False, verbose=True, stream=Terminal())
    assert isinstance(progress, Plain)
    assert progress.refresh_s == 1.0


def test_a_pipe_gets_plain_lines_and_quiet_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert isinstance(open_progress(quiet=False, stream=io.StringIO()), Plain)
    silent = open_progress(quiet=True)
    assert isinstance(silent, Silent)
    assert silent.refresh_s is None


def test_a_terminal_gets_the_live_view_but_not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    assert isinstance(open_progress(quiet=False, stream=Terminal()), Live)
    monkeypatch.setenv("CI", "true")
    assert isinstance(open_progress(quiet=False, stream=Terminal()), Plain)
    monkeypatch.delenv("CI")
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(open_progress(quiet=False, stream=Terminal()), Plain)


def test_the_live_view_is_drawn_and_leaves_nothing_and_no_colour_under_no_color(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    log = logging.getLogger("orchestrator.client.result_listener")
    with Live(stream, "mixed") as progress:
        progress.phase("sending")
        progress.tick(make_live())
        log.warning("results: trying [again] in %.2f s", 0.05)
        deadline = time.monotonic() + 10
        while "189 ok" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
    written = stream.getvalue()
    assert "189 ok" in written
    assert "results: trying [again] in 0.05 s" in written
    assert logging.getLogger("orchestrator").handlers == []
    assert "\x1b[32m" not in written
    assert written.endswith("\x1b[2K")
