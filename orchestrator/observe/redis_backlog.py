"""The backlog of a Redis broker: how many messages each queue holds, and which tasks are still in
it.

Key layout: kombu/transport/redis.py. A queue is one list per priority step; messages that a worker
has taken but not acknowledged stand in the hash ``unacked``."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from celery import Celery
from redis.asyncio import Redis
from redis.exceptions import RedisError

from orchestrator.environment.redis_check import client_url
from orchestrator.errors import BrokerUnavailable

PAGE = 1_000


class RedisBacklog:
    """Reads the depth of ``queues`` on the app's broker. Close it with ``aclose``."""

    def __init__(self, app: Celery, broker_url: str, queues: Iterable[str]) -> None:
        options: Mapping[str, Any] = app.conf.broker_transport_options or {}
        prefix = options.get("global_keyprefix", "")
        separator = options.get("sep", "\x06\x16")
        steps = [step for step in options.get("priority_steps", (0, 3, 6, 9)) if step]
        self._keys = {
            queue: [f"{prefix}{queue}", *(f"{prefix}{queue}{separator}{step}" for step in steps)]
            for queue in queues
        }
        self._unacked = prefix + options.get("unacked_key", "unacked")
        self._redis: Redis = Redis.from_url(
            client_url(broker_url), socket_timeout=5, socket_connect_timeout=5
        )

    async def depths(self) -> dict[str, int]:
        """Messages per queue, and those with a worker but unacknowledged under ``unacked``."""
        pipe = self._redis.pipeline(transaction=False)
        for keys in self._keys.values():
            for key in keys:
                pipe.llen(key)
        pipe.hlen(self._unacked)
        try:
            replies = iter(await pipe.execute())
        except (RedisError, OSError) as exc:
            raise BrokerUnavailable(f"the broker stopped answering: {exc}") from exc
        depths = {queue: sum(next(replies) for _ in keys) for queue, keys in self._keys.items()}
        return {**depths, "unacked": next(replies)}

    async def task_ids(self, outstanding: Mapping[str, Sequence[str]]) -> set[str]:
        """The ids of all tasks that the broker still has, waiting or unacknowledged."""
        found: set[str] = set()
        try:
            for keys in self._keys.values():
                for key in keys:
                    found.update([task_id async for task_id in self._ids_in_list(key)])
            for entry in await self._redis.hvals(self._unacked):
                found.update(_ids(entry))
        except (RedisError, OSError) as exc:
            raise BrokerUnavailable(f"the broker stopped answering: {exc}") from exc
        return found

    async def _ids_in_list(self, key: str) -> Any:
        start = 0
        while page := await self._redis.lrange(key, start, start + PAGE - 1):
            for message in page:
                for task_id in _ids(message):
                    yield task_id
            start += PAGE

    async def aclose(self) -> None:
        await self._redis.aclose()


def _ids(message: bytes | str) -> Iterator[str]:
    """The task id in a message, which is the envelope itself or, in ``unacked``, a list that starts
    with it."""
    try:
        envelope = json.loads(message)
    except ValueError:
        return
    if isinstance(envelope, list):
        envelope = envelope[0]
    if isinstance(envelope, dict) and isinstance(
        task_id := envelope.get("headers", {}).get("id"), str
    ):
        yield task_id
