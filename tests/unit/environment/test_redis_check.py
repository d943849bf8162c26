import socket
import struct

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from orchestrator.environment.redis_check import check_redis, client_url
from orchestrator.errors import BrokerUnavailable


@pytest.mark.parametrize(
    ("url", "for_redis_py"),
    [
        ("redis://:p@h:6379/0", "redis://:p@h:6379/0"),
        ("redis+socket:///tmp/redis.sock", "unix:///tmp/redis.sock"),
        ("redis+socket://:p@/tmp/r.sock?virtual_host=2", "unix://:p@/tmp/r.sock?db=2"),
        ("rediss://h/0?ssl_cert_reqs=CERT_NONE", "rediss://h/0?ssl_cert_reqs=none"),
        ("rediss://h/0?ssl_cert_reqs=required", "rediss://h/0?ssl_cert_reqs=required"),
        ("redis://h/0?visibility_timeout=5", "redis://h/0"),
    ],
)
def test_addresses_of_kombu_are_understood(url: str, for_redis_py: str) -> None:
    assert client_url(url) == for_redis_py


@pytest.mark.parametrize(
    "url",
    [
        "redis://:secret@127.0.0.1:1/0",
        "redis+socket://:secret@/no/such/socket",
        "redis://:secret@[/",
    ],
)
async def test_what_cannot_be_reached_is_one_masked_line(url: str) -> None:
    with pytest.raises(BrokerUnavailable, match="cannot be reached") as caught:
        await check_redis(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "reset", "hint"),
    [
        ("redis", True, "; does it want TLS (rediss://)?"),
        ("redis", False, "; does it want TLS (rediss://)?"),
        ("rediss", True, "; does it want no TLS (redis://)?"),
    ],
)
async def test_who_hangs_up_may_want_the_other_kind_of_tls(
    scheme: str, reset: bool, hint: str
) -> None:
    """A server of the one kind to whom the other is spoken closes the connection, or resets it."""

    async def hang_up(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            if reset:  # RST, not FIN
                linger = struct.pack("ii", 1, 0)
                raw = stream.extra(SocketAttribute.raw_socket)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hang_up)
        port = listener.extra(SocketAttribute.local_port)
        with pytest.raises(BrokerUnavailable, match="cannot be reached") as caught:
            await check_redis(f"{scheme}://:secret@127.0.0.1:{port}/0")
        tasks.cancel_scope.cancel()
    assert str(caught.value).endswith(hint)
    assert "secret" not in str(caught.value)
