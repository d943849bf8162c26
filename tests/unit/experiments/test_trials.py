"""The order of the runs of an experiment, and what is kept of each."""

from pathlib import Path

from orchestrator.experiments.trials import schedule, trial_of
from tests.unit.report.result_factory import make_result


def test_every_combination_runs_once_before_any_runs_again() -> None:
    order = schedule(4, 3, seed=7)
    assert len(order) == 12
    for repeat in (1, 2, 3):
        part = order[(repeat - 1) * 4 : repeat * 4]
        assert sorted(part) == [(variant, repeat) for variant in range(4)]


def test_the_order_is_random_and_the_seed_fixes_it() -> None:
    assert schedule(8, 2, seed=1) == schedule(8, 2, seed=1)
    assert schedule(8, 2, seed=1) != schedule(8, 2, seed=2)
    assert schedule(50, 1, seed=0) != [(variant, 1) for variant in range(50)]


def test_a_trial_has_the_figures_of_its_run() -> None:
    result = make_result()
    trial = trial_of(result, {"seed": 1}, number=3, repeat=2, directory=Path("a/b"))
    duration = result.judgement.metrics["task_duration"]
    assert (trial.number, trial.repeat, trial.directory) == (3, 2, "b")
    assert trial.figures["p95_ms"] == duration.p95_ms
    assert trial.figures["throughput_per_s"] == result.judgement.rates["throughput"]
    # Two pools of 1234 tasks, 5.25 s and 120 MiB each.
    assert trial.figures["worker_cpu_s_per_1000_tasks"] == 10.5 / 2468 * 1000
    assert trial.figures["worker_rss_max_bytes"] == 240 * 1024**2
    assert trial.verdicts == result.judgement.counts


def test_of_attached_workers_no_cpu_is_known() -> None:
    trial = trial_of(make_result(pools=()), {}, number=1, repeat=1, directory=Path("x"))
    assert trial.figures["worker_cpu_s_per_1000_tasks"] is None
    assert trial.figures["worker_rss_max_bytes"] is None
