"""One row for each combination; the best is marked only where that is no noise."""

from typing import Any

import pytest

from orchestrator.experiments.rows import axes, rows
from orchestrator.records import Trial

A, B = {"pool": "a"}, {"pool": "b"}


def trial(settings: Any, throughput: float, *, bad: int = 0, partial: bool = False) -> Trial:
    return Trial(
        number=1,
        repeat=1,
        settings=settings,
        run_id="x",
        directory="x",
        exit_code=0,
        partial=partial,
        figures={"throughput_per_s": throughput, "p95_ms": 1000 / throughput},
        verdicts={"ok": 10, "wrong": bad},
        thresholds=(),
    )


def best(made: Any, figure: Any = "throughput_per_s") -> list[str]:
    return [row.label for row in made if row.figures[figure].best]


def test_a_difference_beyond_the_noise_is_marked_for_each_figure() -> None:
    trials = [*(trial(A, 100 + n) for n in range(3)), *(trial(B, 200 + n) for n in range(3))]
    made = rows([A, B], trials)
    assert best(made) == ["pool=b"]
    assert best(made, "p95_ms") == ["pool=b"], "the least is the best"
    assert best(made, "p50_ms") == [], "what was not measured has no best"
    spread = made[0].figures["throughput_per_s"]
    assert (spread.mean, spread.deviation) == (101.0, 1.0)


def test_a_difference_within_the_noise_is_not() -> None:
    trials = [trial(A, rate) for rate in (100, 140, 120)]
    trials += [trial(B, rate) for rate in (110, 150, 130)]
    assert best(rows([A, B], trials)) == []


def test_one_run_each_tells_nothing() -> None:
    assert best(rows([A, B], [trial(A, 1), trial(B, 1000)])) == []


@pytest.mark.parametrize("flaw", [{"bad": 1}, {"partial": True}])
def test_what_went_wrong_is_never_the_best(flaw: Any) -> None:
    trials = [
        *(trial(A, 100 + n) for n in range(3)),
        *(trial(B, 200 + n, **flaw) for n in range(3)),
    ]
    assert best(rows([A, B], trials)) == []


def test_a_combination_that_was_not_run_has_no_row() -> None:
    (row,) = rows([A, B], [trial(B, 1, bad=2), trial(B, 2)])
    assert (row.settings, len(row.trials), row.verdicts) == (B, 2, {"ok": 20, "wrong": 2})


def test_axes_name_what_differs_by_the_last_part_of_the_key() -> None:
    variants = [
        {"workers.all": {"pool": "solo", "queues": ["q"]}, "seed": 1},
        {"workers.all": {"pool": "gevent", "queues": ["q"], "concurrency": 20}, "seed": 1},
    ]
    assert axes(variants) == [{"pool": "solo"}, {"pool": "gevent", "concurrency": "20"}]


def test_axes_keep_the_whole_key_where_the_last_part_is_not_clear() -> None:
    variants = [{"a.pool": 1, "b.pool": 1}, {"a.pool": 2, "b.pool": 2}]
    assert axes(variants)[1] == {"a.pool": "2", "b.pool": "2"}


def test_one_combination_needs_no_name() -> None:
    assert rows([{}], [trial({}, 1)])[0].label == "as written"


def test_no_secret_becomes_a_name() -> None:
    named = axes([{"target.broker": f"redis://:hunter{n}@h{n}/0"} for n in (1, 2)])
    assert named[1] == {"broker": "redis://:***@h2/0"}
