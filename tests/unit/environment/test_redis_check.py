import pytest

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
