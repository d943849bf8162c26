"""The foreground worker and the broker that it is to consume from."""

import threading
from pathlib import Path

import pytest

from orchestrator.cli.worker import wait_for_broker
from orchestrator.errors import BrokerUnavailable
from tests.integration.redis_fixture import RedisServer, running_redis


def test_it_returns_once_the_broker_lets_us_in(tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        wait_for_broker(redis.url(), 5.0)
        wait_for_broker(f"redis+socket://{redis.socket_path}", 5.0)


def test_it_waits_for_a_broker_that_comes_later(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    timer = threading.Timer(0.3, server.start)
    timer.start()
    try:
        wait_for_broker(server.url(), 10.0)
    finally:
        timer.join()
        server.stop()


def test_a_wrong_password_is_not_waited_for(tmp_path: Path) -> None:
    with (
        running_redis(tmp_path, "--requirepass", "right") as redis,
        pytest.raises(BrokerUnavailable, match="refused the login") as caught,
    ):
        wait_for_broker(redis.url().replace("//", "//:hunter2@"), 60.0)
    assert "hunter2" not in str(caught.value)
