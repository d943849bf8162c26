"""Writes to the result backend what it must know before a task of the canvas can end."""

from collections.abc import Sequence

import hiredis

from orchestrator.client.redis_link import RedisLink
from orchestrator.client.resp import Command, ConnectionLost


async def write_backend(backend: RedisLink | None, commands: Sequence[Command]) -> None:
    """Chord sizes and saved groups. Raises `BrokerUnavailable`."""
    if not commands:
        return
    assert backend is not None
    connection = await backend.ready()
    try:
        replies = await connection.send_commands(commands)
    except ConnectionLost as exc:
        raise backend.unavailable(str(exc)) from exc
    for reply in replies:
        if isinstance(reply, hiredis.ReplyError):
            raise backend.unavailable(str(reply))
