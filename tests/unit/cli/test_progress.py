import io

import pytest

from orchestrator.cli.progress import Plain, Silent, load_line, open_progress
from orchestrator.records import Sample

SAMPLE = Sample(
    at_s=5.0,
    sent=40,
    completed=38,
    failed=1,
    in_flight=7,
    backlog={"add": 3, "unacked": 9},
    pools={},
    orchestrator_cpu_ratio=0.1,
    orchestrator_rss_bytes=1,
)
TOTALS = {"sent": 200, "completed": 190, "failed": 1}


def test_the_load_line_has_totals_rate_and_what_waits() -> None:
    assert load_line(SAMPLE, TOTALS) == "5 s  38/s  done 190/200  failed 1  in flight 7  backlog 3"


def test_plain_progress_is_one_line_an_interval() -> None:
    stream = io.StringIO()
    with Plain(stream) as progress:
        progress.phase("sending")
        progress.tick(SAMPLE, TOTALS)
        progress.tick(SAMPLE, TOTALS)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("sending")
    assert "done 190/200" in lines[1]


def test_verbose_progress_is_a_line_for_every_sample() -> None:
    stream = io.StringIO()
    progress = open_progress(quiet=False, verbose=True, stream=stream)
    progress.tick(SAMPLE, TOTALS)
    progress.tick(SAMPLE, TOTALS)
    assert len(stream.getvalue().splitlines()) == 2


def test_a_pipe_gets_plain_lines_and_quiet_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert isinstance(open_progress(quiet=False, stream=io.StringIO()), Plain)
    assert isinstance(open_progress(quiet=True), Silent)
