import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ExitCode
from orchestrator.records import Outcome, RunResult
from orchestrator.report.console import print_summary
from orchestrator.report.terminal import MEANINGS, PLAIN_WIDTH
from tests.unit.report.result_factory import (
    PASSWORD,
    make_fault,
    make_plan,
    make_pool,
    make_result,
    make_task,
    threshold,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class AsciiPipe(io.StringIO):
    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "ascii"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def printed(result: RunResult | None = None, width: int | None = None) -> str:
    file = io.StringIO()
    directory = Path("runs/mixed-20261122T100000Z-a1b2c3")
    print_summary(result or make_result(), file, directory, width=width)
    return file.getvalue()


def lost(number: int) -> Outcome:
    nothing: dict[str, Any] = dict.fromkeys(
        ("received_ns", "started_ns", "finished_ns", "seen_ns", "matched")
    )
    return make_task(number, results=0, executions=0, state="PENDING", **nothing)


def order(text: str, parts: Sequence[str]) -> list[int]:
    return [text.index(part) for part in parts]


def test_thresholds_come_first_and_the_verdict_last() -> None:
    text = printed()
    parts = ["THRESHOLDS", "VERDICTS", "WORKLOADS", "VALUES", "LATENCY", "WORKERS", "PASSED"]
    positions = order(text, parts)
    assert positions == sorted(positions)
    assert text.rstrip().endswith(
        "PASSED in 14.8 s: every result verified, every threshold held (exit code 0)"
    )


def test_the_whole_of_a_good_run() -> None:
    text = printed()
    assert "✓  task_duration{task:add}  p(95)<500ms  40.0 ms" in text
    assert "✓  verified                 rate==1      100 %" in text
    assert "sums        sum  123,456" in text
    assert "factorials  max  2466948351…5122400001 (3,381 digits)" in text
    assert "add           gevent x 50  1,234  5.25 s   120 MiB         0" in text
    assert "broker  embedded Redis 7.0.15, /usr/bin/redis-server" in text
    assert "report  runs/mixed-20261122T100000Z-a1b2c3" in text


def test_not_on_a_terminal_it_is_plain_and_80_columns_wide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    hostile = [make_task(n, task="t" * 300, matched=False, reason="r " * 300) for n in range(9)]
    text = printed(make_result(hostile))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= PLAIN_WIDTH
    assert not any(line.endswith(" ") for line in text.splitlines())


@pytest.mark.parametrize("width", [30, 40, 60, 120])
def test_any_width(width: int) -> None:
    text = printed(width=width)
    assert "PASSED" in text
    if width >= 60:
        assert max(map(len, text.splitlines())) <= width


def test_colour_on_a_terminal_and_none_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    print_summary(make_result(), terminal)
    assert "\x1b[32m" in terminal.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    quiet = Terminal()
    print_summary(make_result(), quiet)
    assert "\x1b[32m" not in quiet.getvalue()


def test_a_pipe_that_takes_ascii_alone() -> None:
    pipe = AsciiPipe()
    print_summary(make_result([make_task(0, task="é…", matched=False, reason="ü")]), pipe)
    text = pipe.getvalue()
    text.encode("ascii")
    assert "FAIL  verified" in text
    assert "ok    tasks_lost" in text


def test_what_is_not_ok_is_named_with_its_reason() -> None:
    outcomes = [make_task(0), make_task(1, matched=False, reason="expected 10, got 11")]
    outcomes += [lost(n) for n in range(2, 9)]
    text = printed(make_result(outcomes))
    assert f"wrong      add_module.tasks.add  {outcomes[1].id}" in text
    assert "expected 10, got 11" in text
    assert text.count("never received by a worker") == 3
    assert "and 4 more: see summary.json and tasks.csv.gz" in text
    assert "FAILED in 14.8 s: verification failed, 1 wrong, 7 lost tasks (exit code 5)" in text


def test_a_failed_threshold_shows_what_was_observed() -> None:
    slow = threshold("task_duration", "p(95)<10ms", "p", "<", 10.0)
    idle = threshold("chord_join", "max<1s", "max", "<", 1000.0)
    text = printed(make_result(plan=make_plan(thresholds=(slow, idle))))
    assert "✗  task_duration  p(95)<10ms  40.0 ms" in text
    assert "✗  chord_join     max<1s      nothing measured" in text
    assert "FAILED in 14.8 s: 2 thresholds failed (exit code 1)" in text


def test_unverified_tasks_are_said_to_be() -> None:
    text = printed(make_result([make_task(n, matched=None) for n in range(3)]))
    assert "3 of the ok were not checked: no reference and no expect" in text
    assert "were not checked" not in printed()


HOSTILE = "[bold red]x[/] \x1b[31m\x07\r\nname\u202e"


def test_hostile_names_neither_colour_nor_move_anything() -> None:
    bad = make_task(0, task=HOSTILE, matched=False, reason=HOSTILE * 100)
    result = make_result([bad], make_plan(name=HOSTILE, description=HOSTILE))
    broker = replace(result.broker, version=HOSTILE, path=None)
    workloads = tuple(
        replace(each, name=HOSTILE, value=HOSTILE) for each in result.judgement.workloads
    )
    result = replace(
        result,
        broker=broker,
        stopped_by=HOSTILE,
        pools=(make_pool(HOSTILE, "prefork", 1),),
        judgement=replace(result.judgement, workloads=workloads),
    )
    text = printed(result)
    assert not any(letter in text for letter in "\x1b\x07\r\u202e")
    assert "[bold red]x[/]" in text
    places = ("  broker ", "  report ")  # never folded: they are there to be copied
    lines = [line for line in text.splitlines() if not line.startswith(places)]
    assert max(map(len, lines)) <= PLAIN_WIDTH


def test_a_name_of_ten_kilobytes_stays_short() -> None:
    name = "n" * 10_240
    bad = make_task(0, task=name, worker=name, queue=name, matched=False, reason=name)
    text = printed(make_result([bad], make_plan(name=name, description=name)))
    assert len(text) < 8000


def test_no_secret_is_shown() -> None:
    leaky = make_task(0, matched=False, reason=f"raised OSError: redis://:{PASSWORD}@h:1/0")
    result = make_result([leaky], stopped_by=f"redis://:{PASSWORD}@h:1/0 died")
    result = replace(result, broker=replace(result.broker, path=None))
    text = printed(result)
    assert PASSWORD not in text
    assert "redis://:***@127.0.0.1:6379/0" in text


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_has_its_meaning(code: ExitCode) -> None:
    text = printed(make_result(exit_code=code))
    assert MEANINGS[code] in text
    assert f"(exit code {int(code)})" in text
    assert ("PASSED" in text) is (code == 0)


def test_a_run_that_was_stopped() -> None:
    text = printed(make_result(exit_code=130, stopped_by="SIGINT", partial=True), width=200)
    assert "FAILED in 14.8 s: interrupted, stopped by SIGINT (exit code 130)" in text
    assert "the run ended early, its figures are partial" in text


def test_a_run_without_anything() -> None:
    result = make_result([], make_plan(workloads=(), thresholds=(), description=""))
    text = printed(replace(result, pools=()))
    assert "THRESHOLDS" not in text
    assert "LATENCY" not in text
    assert "WORKLOADS" not in text
    assert "PASSED" in text


def test_a_workload_without_a_value_says_so() -> None:
    result = make_result()
    workloads = tuple(replace(each, value=None) for each in result.judgement.workloads)
    text = printed(replace(result, judgement=replace(result.judgement, workloads=workloads)))
    assert "no value: no canvas ended well" in text


def test_lost_probe_events_are_said() -> None:
    text = printed(make_result(probe_lost_events=1234))
    assert "probe   1,234 events lost: executions may be undercounted" in text


def test_faults_are_named_with_what_they_did() -> None:
    result = make_result()
    faults = (make_fault(), make_fault(struck_s=None, note="no worker of add was running"))
    text = printed(replace(result, judgement=replace(result.judgement, faults=faults)))
    assert "FAULTS" in text
    (row,) = (line.split() for line in text.splitlines() if "2.01 s" in line)
    assert row[:9] == ["worker-kill", "add", "2.01", "s", "3.25", "s", "6.00", "s", "60"]
    assert "did not strike" in text
    assert "FAULTS" not in printed(result)
