import pytest

from orchestrator.cli.live_view import load_line, picture
from orchestrator.records import LiveThreshold
from tests.unit.cli.live_factory import make_live


def test_the_load_line_has_totals_rate_target_and_what_waits() -> None:
    line = load_line(make_live())
    assert line.startswith("5 s  38.0 tasks/s  19.5 iterations/s (20.0/s scheduled)  done 190/200")
    assert line.endswith("failed 1  in flight 7  backlog 12  p95 45.0 ms")
    assert "iterations" not in load_line(make_live(target_per_s=None))


def test_the_picture_shows_every_figure_of_the_moment() -> None:
    text = picture("mixed", "sending", 9.0, make_live(), 100).plain
    for shown in (
        "mixed  sending  5 s, 7 s left",
        "38.0 tasks/s  19.5 iterations/s (20.0/s scheduled)  7 in flight",
        "189 ok  1 failed  of 200 sent",
        "p50 12.0 ms  p95 45.0 ms  p99 81.0 ms",
        "add 3  mul 9",
        "add 0.42  orchestrator 0.10",
        "✓ task_duration p(95)<500ms  45.0 ms",
        "✗ throughput rate>50/s  38.0/s",
        "· tasks_lost count==0  not yet known",
    ):
        assert shown in text
    assert "wrong" not in text


def test_failing_thresholds_come_first_and_the_rest_is_counted() -> None:
    good = tuple(LiveThreshold(f"m{number}", "count==0", 0, True) for number in range(10))
    bad = LiveThreshold("tasks_failed", "count==0", 3, False)
    lines = picture("", "sending", 1.0, make_live(thresholds=(*good, bad)), 80).plain.splitlines()
    first = next(line for line in lines if line[:1] in "✓✗")
    assert first.startswith("✗ tasks_failed")
    assert lines[-1].strip() == "and 3 more"


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    name = "\x1b[31mq\u202e" * 50
    live = make_live(backlog={name: 1, "other": 2}, cpu={name: 1.0})
    text = picture(name, "sending", 1.0, live, width)
    assert all(len(line) <= width for line in text.plain.splitlines())
    assert "\x1b" not in text.plain
    assert "\u202e" not in text.plain


def test_before_the_load_the_picture_is_the_phase_and_the_time() -> None:
    assert picture("mixed", "starting 3 worker processes", 4.0, None, 80).plain[2:] == (
        "mixed  starting 3 worker processes  4 s"
    )
