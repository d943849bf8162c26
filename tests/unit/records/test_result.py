from orchestrator.records import Judgement, Trend


def test_the_verdicts_add_up_to_what_was_sent() -> None:
    judgement = Judgement(
        counts={"ok": 5, "wrong": 2, "late": 1},
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
    assert judgement.sent == 8


def test_a_trend_without_samples_has_no_values() -> None:
    assert Trend(0).p95_ms is None
