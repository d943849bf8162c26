"""Settings that worker and client must agree on, end to end with a stock worker."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import chord, group

from orchestrator import Client
from orchestrator.client.failures import ResultsDisabled
from tests.integration.redis_fixture import Lab, lab

TIMEOUT_S = 30

SETTINGS: dict[str, dict[str, Any]] = {
    "prefixes with signs that mean something in a pattern": {
        "broker_transport_options": {"global_keyprefix": "mine:"},
        "result_backend_transport_options": {"global_keyprefix": "{results}*?[x]\\"},
    },
    "compressed both ways": {"task_compression": "zlib", "result_compression": "gzip"},
    "pickled": {
        "task_serializer": "pickle",
        "result_serializer": "pickle",
        "accept_content": ["pickle", "json"],
    },
    "one backend for all threads": {"result_backend_thread_safe": True},
    "everything told": {
        "result_extended": True,
        "task_track_started": True,
        "task_send_sent_event": True,
    },
    "protocol 1": {"task_protocol": 1},
    "chords in a list": {"result_backend_transport_options": {"result_chord_ordered": False}},
    "queues that expire": {"task_default_queue": "celery", "result_expires": 60},
}


@pytest.fixture(scope="module", params=SETTINGS)
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("settings"), SETTINGS[request.param]) as made:
        yield made


async def test_canvases_under_these_settings(laboratory: Lab) -> None:
    t: Any = laboratory.module
    async with Client(laboratory.app) as client:
        assert await client.call(t.add.s(1, 2), timeout=TIMEOUT_S) == 3
        canvas = group(t.add.s(i, i) for i in range(4))
        assert await client.call(canvas, timeout=TIMEOUT_S) == [0, 2, 4, 6]
        joined = chord([t.add.s(i, i) for i in range(4)], t.total.s())
        assert await client.call(joined, timeout=TIMEOUT_S) == 12
        chained = t.add.s(1, 1) | group(t.add.s(1), t.add.s(2)) | t.total.s() | t.add.s(1)
        assert await client.call(chained, timeout=TIMEOUT_S) == 8
        with pytest.raises(ValueError, match="boo"):
            await client.call(t.fail.s("boo"), timeout=TIMEOUT_S)
        long = await client.call(t.identity.s("x" * 100_000), timeout=TIMEOUT_S)
        assert len(long) == 100_000
        chosen = t.add.s(1, 2).set(task_id="chosen")
        assert await client.call(chosen, timeout=TIMEOUT_S) == 3


async def test_without_a_result_backend(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = {"result_backend": "disabled://", "broker_transport_options": {}}
    with lab(tmp_path_factory.mktemp("disabled"), settings, worker=False) as made:
        t: Any = made.module
        async with Client(made.app) as client:
            handle = await client.submit(t.add.s(1, 2))
            with pytest.raises(ResultsDisabled):
                await handle.result(timeout=1)
            with pytest.raises(NotImplementedError):
                await client.submit(chord([t.add.s(1, 1), t.add.s(1, 1)], t.total.s()))
            assert await client.call(t.forgettable.s(1)) is None
        with made.redis.client() as redis:
            assert redis.llen("celery") == 2


async def test_urls_given_to_the_client_win(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = {"broker_url": "redis://127.0.0.1:1/0", "result_backend": "redis://127.0.0.1:1/1"}
    with lab(tmp_path_factory.mktemp("urls"), nowhere, worker=False) as made:
        t: Any = made.module
        client = Client(made.app, broker_url=made.redis.url(3), result_backend=made.redis.url(4))
        async with client:
            handle = await client.submit(chord([t.add.s(1, 1), t.add.s(1, 1)], t.total.s()))
            assert not handle.done()
            assert handle.async_result.backend.connparams["db"] == 4
            await handle.revoke()
        with made.redis.client(3) as broker, made.redis.client(4) as results:
            assert broker.llen("celery") == 2
            assert len(list(results.scan_iter("*.s"))) == 1


async def test_eager(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = {
        "broker_url": "redis://127.0.0.1:2/0",
        "result_backend": "redis://127.0.0.1:2/1",
        "task_always_eager": True,
    }
    with lab(tmp_path_factory.mktemp("eager"), nowhere, worker=False) as made:
        t: Any = made.module
        async with Client(made.app) as client:
            assert await client.call(t.add.s(1, 2)) == 3
            assert await client.call(group(t.add.s(1, 2), t.add.s(3, 4))) == [3, 7]
            assert await client.call(t.add.s(1, 2) | t.add.s(3)) == 6
            with pytest.raises(ValueError, match="boo"):
                await client.call(t.fail.s("boo"))
            handle = await client.submit(t.add.s(1, 2))
            assert handle.done()
            await handle.revoke()
