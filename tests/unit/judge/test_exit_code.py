from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import ExitCode
from orchestrator.judge.exit_code import exit_code
from orchestrator.records import VERDICTS, Judgement, ThresholdResult

JUDGEMENT = Judgement(
    counts=dict.fromkeys(VERDICTS, 0),
    ids={},
    ids_capped=False,
    reasons={},
    workloads=(),
    metrics={},
    counters={},
    rates={},
    by_task={},
    by_queue={},
    by_pool={},
    thresholds=(),
)
HELD = ThresholdResult("tasks_lost", "count==0", 0, True)
CROSSED = ThresholdResult("throughput", "rate>50/s", 3.0, False)


@pytest.mark.parametrize(
    ("counts", "thresholds", "code"),
    [
        ({"ok": 5}, (), ExitCode.PASSED),
        ({"ok": 5}, (HELD,), ExitCode.PASSED),
        ({"ok": 5}, (HELD, CROSSED), ExitCode.THRESHOLD_FAILED),
        ({"wrong": 1}, (HELD,), ExitCode.VERIFICATION_FAILED),
        ({"lost_task": 1}, (), ExitCode.VERIFICATION_FAILED),
        ({"lost_result": 1}, (), ExitCode.VERIFICATION_FAILED),
        ({"duplicate": 1}, (CROSSED,), ExitCode.VERIFICATION_FAILED),
        ({"failed": 1, "late": 1}, (HELD,), ExitCode.PASSED),
    ],
)
def test_exit_code(
    counts: dict[Any, int], thresholds: tuple[ThresholdResult, ...], code: ExitCode
) -> None:
    judgement = replace(JUDGEMENT, counts={**JUDGEMENT.counts, **counts}, thresholds=thresholds)
    assert exit_code(judgement) is code
