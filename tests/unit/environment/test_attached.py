"""Workers that answer the remote control, and queues that nobody consumes."""

from typing import Any

import pytest
from celery import Celery

from orchestrator.environment import attached
from orchestrator.environment.attached import AttachedPools, find_workers
from orchestrator.errors import EnvironmentNotReady
from orchestrator.records import PoolPlan

SAID: dict[str, dict[str, Any]] = {
    "active_queues": {"add@h": [{"name": "add"}, {"name": "more"}], "busy@h": [{"name": "sums"}]},
    "stats": {
        "add@h": {"pool": {"implementation": "celery.concurrency.thread:T", "max-concurrency": 4}}
    },
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Celery:
    monkeypatch.setattr(attached, "_broadcast", lambda _, question: SAID[question])
    monkeypatch.setattr(attached, "FIND_S", 0.0)
    return Celery("x", set_as_current=False)


async def test_each_worker_is_a_pool_of_its_own(app: Celery) -> None:
    pools = await find_workers(app, ["add", "sums"], where="redis://h/0")
    assert pools.plans == (
        PoolPlan("add@h", ("add", "more"), "threads", 4),
        PoolPlan("busy@h", ("sums",), "prefork", 0),  # it did not answer the second question
    )
    assert pools.process_names == {"add@h": "add@h", "busy@h": "busy@h"}
    assert str(pools).startswith("add@h (threads x 4: add, more), ")
    assert pools.pids() == {}
    assert [status.plan for status in pools.status()] == list(pools.plans)


async def test_a_queue_that_nobody_consumes_is_named(app: Celery) -> None:
    with pytest.raises(EnvironmentNotReady) as caught:
        await find_workers(app, ["add", "b", "a"], where="redis://h/0")
    text = str(caught.value)
    assert text.startswith("No worker consumes the queues 'a', 'b' on redis://h/0; ")
    assert "add@h (threads x 4: add, more)" in text
    assert "celery -A APP worker -Q a,b" in text


async def test_nobody_at_all(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached, "_broadcast", lambda *_: {})
    with pytest.raises(EnvironmentNotReady, match="no worker answers there"):
        await find_workers(app, ["add"], where="redis://h/0")


def test_no_pools_are_nothing() -> None:
    assert str(AttachedPools(())) == ""
