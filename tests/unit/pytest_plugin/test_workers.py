import pytest

from orchestrator.errors import UsageError
from orchestrator.pytest_plugin.broker import Place
from orchestrator.pytest_plugin.config import LabConfig
from orchestrator.pytest_plugin.workers import Workers, worker_env, workers_plan
from orchestrator.records import Plan
from tests.unit.client.recording_app import recording_app

PLACE = Place("redis://127.0.0.1:1/3")


def plan(config: LabConfig | None = None, **workers: object) -> Plan:
    app = recording_app(imports=("own",), task_routes={"total": {"queue": "totals"}})
    return workers_plan(app, "a:app", Workers(**workers), config or LabConfig(), PLACE)  # type: ignore[arg-type]


def test_the_config_holds_where_the_test_says_nothing() -> None:
    made = plan(LabConfig(pool="prefork", concurrency=3, settings={"task_acks_late": True}))
    (pool,) = made.pools
    assert (made.app, pool.pool, pool.concurrency, pool.count) == ("a:app", "prefork", 3, 1)
    assert pool.queues == ("celery", "totals")
    assert made.target.broker == PLACE.url
    assert made.target.settings == {"task_always_eager": False, "task_acks_late": True}


def test_what_the_test_says_holds() -> None:
    made = plan(
        LabConfig(settings={"task_acks_late": True, "task_default_priority": 1}),
        pool="gevent",
        concurrency=50,
        count=2,
        queues=["one"],
        include=["more.tasks"],
        settings={"task_acks_late": False},
        options=["-E"],
        env={"A": "b"},
    )
    (pool,) = made.pools
    assert (pool.pool, pool.concurrency, pool.count, pool.queues) == ("gevent", 50, 2, ("one",))
    assert pool.options == ("-E",)
    assert pool.env["A"] == "b"
    assert made.target.settings["task_acks_late"] is False
    assert made.target.settings["task_default_priority"] == 1
    assert made.target.settings["imports"] == ["own", "more.tasks"]


def test_queues_follow_the_routes_of_the_settings() -> None:
    (pool,) = plan(settings={"task_routes": {"add": {"queue": "sums"}}}).pools
    assert pool.queues == ("celery", "sums")


def test_a_solo_worker_runs_one_task_at_a_time() -> None:
    (pool,) = plan(pool="solo").pools
    assert pool.concurrency == 1


def test_an_unknown_pool_is_refused() -> None:
    with pytest.raises(UsageError, match="no pool 'threaded'"):
        plan(pool="threaded")


def test_the_environment_of_a_worker() -> None:
    env = worker_env(LabConfig(env={"A": "config", "B": "config"}), {"B": "test"})
    assert (env["A"], env["B"]) == ("config", "test")
    assert env["PYTHONPATH"]
