"""Does a Redis answer at this address, and which one is it? One clear line when it does not."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from orchestrator.environment.masking import mask_text, mask_url
from orchestrator.errors import BrokerUnavailable

CHECK_TIMEOUT_S = 4.0


@dataclass(frozen=True, slots=True)
class RedisIdentity:
    """What a server says of itself. `product` is redis or valkey.

    `version` is "unknown", and `pid` 0, for a user that may not ask (ACLs, managed servers).
    """

    product: str
    version: str = "unknown"
    pid: int = 0


async def check_redis(url: str, *, timeout_s: float = CHECK_TIMEOUT_S) -> RedisIdentity:
    """Connect, log in, PING and INFO, within `timeout_s`.

    `url` as kombu takes it (redis, rediss, redis+socket). Raises BrokerUnavailable, whose message
    is one line with the password masked.
    """
    shown = mask_url(url)
    try:
        with anyio.fail_after(timeout_s):
            return await _identify(url)
    except TimeoutError as exc:
        raise BrokerUnavailable(
            f"{shown} did not answer in {timeout_s:g} s; {_other_tls(url)}"
        ) from exc
    except AuthenticationError as exc:
        said = _line(exc)
        if "NOAUTH" in said or said.startswith("HELLO must be called"):  # RESP2, RESP3
            said = "it wants a password (redis://:PASSWORD@HOST:PORT/0)"
        raise BrokerUnavailable(f"{shown} refused the login: {said}") from exc
    except (RedisError, OSError, ValueError) as exc:
        hint = f"; {_other_tls(url)}" if _hung_up(exc) else ""
        raise BrokerUnavailable(f"{shown} cannot be reached: {_line(exc)}{hint}") from exc


def client_url(url: str) -> str:
    """The address as redis-py takes it.

    kombu and Celery write `redis+socket:///path?virtual_host=1` for redis-py's `unix:///path?db=1`,
    and allow `ssl_cert_reqs=CERT_NONE` for `none`. Other options of theirs mean nothing for a
    check.
    """
    parts = urlsplit(url)
    scheme = "unix" if parts.scheme == "redis+socket" else parts.scheme
    query = {}
    for key, value in parse_qsl(parts.query):
        if key in ("virtual_host", "db"):
            query["db"] = value.lstrip("/")
        elif key.startswith("ssl_"):
            query[key] = value.removeprefix("CERT_").lower() if key == "ssl_cert_reqs" else value
    text = f"{scheme}://{parts.netloc}{parts.path}"
    return f"{text}?{urlencode(query)}" if query else text


async def _identify(url: str) -> RedisIdentity:
    client: Redis = Redis.from_url(client_url(url), retry=Retry(NoBackoff(), 0))
    try:
        await client.ping()
        try:
            info = await client.info("server")
        except ResponseError:  # NOPERM, or a managed server without INFO
            return RedisIdentity("redis")
    finally:
        await client.aclose()
    pid = int(info.get("process_id", 0))
    if "valkey_version" in info:
        return RedisIdentity("valkey", str(info["valkey_version"]), pid)
    return RedisIdentity("redis", str(info.get("redis_version", "unknown")), pid)


def _other_tls(url: str) -> str:
    other = "no TLS (redis://)" if url.startswith("rediss:") else "TLS (rediss://)"
    return f"does it want {other}?"


def _hung_up(error: BaseException) -> bool:
    """Whether a server ended a connection that it had accepted, as one does to whom TLS is spoken
    wrongly."""
    cause = error.__cause__ or error.__context__
    return isinstance(cause, ConnectionResetError | EOFError) or "closed by server" in str(error)


def _line(error: BaseException) -> str:
    return " ".join(mask_text(str(error) or type(error).__name__).split())
