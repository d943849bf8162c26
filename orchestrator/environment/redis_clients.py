"""Who is still connected to a Redis."""

import anyio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from orchestrator.environment.redis_check import client_url

_POLL_S = 0.1


async def deserted(url: str) -> None:
    """Return once no client but this one is connected to the server, or the server is gone.

    A server says nothing when a client leaves, so it is asked ten times a second; bound it with a
    timeout.
    """
    client: Redis = Redis.from_url(client_url(url))
    try:
        while (await client.info("clients")).get("connected_clients", 1) > 1:  # noqa: ASYNC110
            await anyio.sleep(_POLL_S)
    except (RedisError, OSError):
        return
    finally:
        with anyio.CancelScope(shield=True):
            await client.aclose()
