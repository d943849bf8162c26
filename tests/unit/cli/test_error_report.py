import pytest

from orchestrator.cli.error_report import report_error
from orchestrator.errors import BrokerUnavailable, ExitCode, PoolFailed, UsageError


def test_our_errors_are_one_line_with_their_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(UsageError("that is wrong")) == ExitCode.USAGE
    assert capsys.readouterr().err == "that is wrong\n"


def test_the_cause_is_reported_not_the_group_around_it(capsys: pytest.CaptureFixture[str]) -> None:
    error = ExceptionGroup(
        "g", [BrokerUnavailable("no"), ExceptionGroup("h", [PoolFailed("died")])]
    )
    assert report_error(error) == ExitCode.ENVIRONMENT
    assert capsys.readouterr().err == "died\n"


def test_a_failed_pool_shows_the_end_of_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    report_error(PoolFailed("pool add died", log_tail=("line one", "line two")))
    assert capsys.readouterr().err.splitlines() == [
        "pool add died",
        "the last lines of its log:",
        "  line one",
        "  line two",
    ]


def test_anything_else_is_our_bug_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(ZeroDivisionError("oops")) == ExitCode.BUG
    assert "this is a bug in celery-orchestrator" in capsys.readouterr().err
