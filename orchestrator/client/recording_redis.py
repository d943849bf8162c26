"""A redis-py client that writes down the commands it is given instead of sending them.

kombu's channel and Celery's backend run against it unchanged, so keys, prefixes, priorities and
expiry are theirs; we only send what they would have sent, later and all at once.
"""

from collections.abc import Callable
from typing import Any

from kombu.transport import redis as redis_transport
from redis import ConnectionPool
from redis.client import Pipeline

from orchestrator.client.resp import Command

Record = Callable[[Command], None]

_PrefixedStrictRedis: Any = redis_transport.PrefixedStrictRedis  # kombu is typed only in part

_READS: dict[str, Any] = {
    "PING": True,
    "LLEN": 0,
    "EXISTS": 0,
    "GET": None,
    "MGET": [],
    "SMEMBERS": set(),
}
"""Commands that only ask, and what an empty Redis answers."""

_FIRST_SCRIPT_KEY = 3


class RecordingRedis(_PrefixedStrictRedis):
    """``record`` is called with each command that would change something."""

    def __init__(self, record: Record, *, global_keyprefix: str = "") -> None:
        super().__init__(connection_pool=ConnectionPool(), global_keyprefix=global_keyprefix)
        self.record = record

    def execute_command(self, *args: Any, **options: Any) -> Any:
        name = args[0]
        if name in _READS:
            return _READS[name]
        self.record(self._prefixed(args) if self.global_keyprefix else args)
        return True

    def _prefixed(self, args: Command) -> Command:
        if args[0] != "EVAL":
            return tuple(self._prefix_args(args))
        # As kombu does for EVALSHA: only the first key gets the prefix.
        key = f"{self.global_keyprefix}{args[_FIRST_SCRIPT_KEY]}"
        return (*args[:_FIRST_SCRIPT_KEY], key, *args[_FIRST_SCRIPT_KEY + 1 :])

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> "_RecordingPipeline":
        return _RecordingPipeline(self)

    def register_script(self, script: Any) -> Any:
        return _RecordedScript(self, script)


class _RecordingPipeline(Pipeline):
    """Passes each command on; all of it is pipelined later anyway."""

    def __init__(self, client: RecordingRedis) -> None:
        super().__init__(client.connection_pool, {}, True, None)
        self._client = client
        self._replies: list[Any] = []

    def execute_command(self, *args: Any, **options: Any) -> "_RecordingPipeline":
        self._replies.append(self._client.execute_command(*args))
        return self

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        replies, self._replies = self._replies, []
        return replies


class _RecordedScript:
    """A Lua script that is written down as EVAL."""

    def __init__(self, client: RecordingRedis, script: str) -> None:
        self._client = client
        self._script = script

    def __call__(self, keys: Any = (), args: Any = (), client: Any = None) -> Any:
        target = self._client if client is None else client
        return target.execute_command("EVAL", self._script, len(keys), *keys, *args)
