import pytest

from orchestrator.errors import ExitCode
from orchestrator.report.ending import experiment_ending, run_meaning
from orchestrator.report.terminal import MEANINGS
from tests.unit.report.result_factory import PASSWORD


@pytest.mark.parametrize(
    ("code", "passed", "stopped_by", "meaning"),
    [
        (ExitCode.PASSED, [True], None, "every result verified, every threshold held"),
        (ExitCode.THRESHOLD_FAILED, [True, False], None, "a threshold failed"),
        (ExitCode.THRESHOLD_FAILED, [False, False], None, "2 thresholds failed"),
        (ExitCode.VERIFICATION_FAILED, [], None, "verification failed, 3 wrong, 1 lost task"),
        (ExitCode.INTERRUPTED, [], "SIGINT", "interrupted, stopped by SIGINT"),
    ],
)
def test_the_meaning_says_what_it_is_due_to(
    code: ExitCode, passed: list[bool], stopped_by: str | None, meaning: str
) -> None:
    verdicts = {"ok": 1, "wrong": 3, "lost_task": 1, "late": 7}
    assert run_meaning(code, verdicts, passed, stopped_by) == meaning  # type: ignore[arg-type]


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)


def test_what_stopped_it_is_on_one_line_and_without_secrets() -> None:
    said = run_meaning(3, {}, [], f"no\nbroker at redis://:{PASSWORD}@h/0 " + "x" * 1000)
    assert PASSWORD not in said
    assert "\n" not in said
    assert len(said) < 200


def test_an_experiment_says_how_many_of_its_runs_were_made() -> None:
    assert experiment_ending(0, 4, 4, 12.5).startswith("4 runs in 12.5 s: every result verified")
    assert experiment_ending(130, 4, 6, 2.0) == "4 of 6 runs in 2.00 s: interrupted (exit code 130)"
