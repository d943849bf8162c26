import pytest

from orchestrator.cli.error_report import report_error
from orchestrator.errors import (
    BrokerUnavailable,
    ExitCode,
    PoolFailed,
    Problem,
    ScenarioError,
    UsageError,
)


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


@pytest.mark.parametrize("github", ["true", ""])
def test_problems_of_a_scenario_are_annotated_on_github(
    github: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", github)
    problems = [Problem("s.yaml", n, 3, "a.b", "is 50 % wrong") for n in (1, 2)]
    assert report_error(ScenarioError(problems)) == ExitCode.USAGE
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["s.yaml:1:3: a.b: is 50 % wrong", "s.yaml:2:3: a.b: is 50 % wrong"]
    assert lines[2:] == (
        [f"::error file=s.yaml,line={n},col=3,title=scenario::a.b: is 50 %25 wrong" for n in (1, 2)]
        if github
        else []
    )


def test_anything_else_is_our_bug_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(ZeroDivisionError("oops")) == ExitCode.BUG
    assert "this is a bug in celery-orchestrator" in capsys.readouterr().err
