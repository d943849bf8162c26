"""Brokers of the pytest plugin: private ones, those of somebody else, and none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.shop import run
from tests.integration.rabbitmq_fixture import RabbitServer, running_rabbitmq
from tests.integration.redis_fixture import RedisServer, running_redis

pytest_plugins = ["pytester"]


def test_each_xdist_worker_has_a_broker_and_each_test_an_empty_place(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import pytest
        import redis
        from shop import add, app

        @pytest.mark.parametrize("number", range(2))
        def test_nothing_is_left_of_the_test_before(celery_lab, number, worker_id):
            with celery_lab.workers(app, pool="solo", queues=["celery"]) as client:
                with redis.Redis.from_url(app.conf.broker_url) as server:
                    assert server.llen("nobody") == 0
                    client.submit(add.s(1, 1).set(queue="nobody"))
                    assert server.llen("nobody") == 1
                with open(f"broker-{worker_id}", "w") as file:
                    file.write(celery_lab.broker.url)
        """
    )
    run(shop, "-n", "2", "--dist", "each").assert_outcomes(passed=4)
    urls = {path.read_text() for path in shop.path.glob("broker-gw*")}
    assert len(urls) == 2


@pytest.fixture
def redis_of_somebody(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


def test_a_broker_of_somebody_else_is_shared_and_left_as_it_was(
    shop: pytest.Pytester, redis_of_somebody: RedisServer
) -> None:
    shop.makepyfile(
        """
        import pytest
        from shop import add, app

        @pytest.mark.parametrize("number", range(2))
        def test_own_keys(celery_lab, number):
            assert not celery_lab.broker.private
            with celery_lab.workers(app, pool="solo", queues=["celery"]) as client:
                assert client.call(add.s(1, number)) == 1 + number
                client.submit(add.s(1, 1).set(queue="nobody"))

        def test_scenario(celery_lab):
            result = celery_lab.run("shop.yaml")
            result.assert_passed()
            assert result.run.broker.url == celery_lab.broker.url
        """
    )
    with redis_of_somebody.client() as client:
        client.lpush("celery", "a message of somebody else's")
        run(shop, f"--celery-lab-broker={redis_of_somebody.url()}", "-n", "2").assert_outcomes(
            passed=3
        )
        assert client.keys() == [b"celery"]
        assert client.llen("celery") == 1


@pytest.fixture
def rabbitmq_of_somebody(tmp_path: Path) -> Iterator[RabbitServer]:
    with running_rabbitmq(tmp_path) as server:
        yield server


def test_a_rabbitmq_of_somebody_else(
    rabbitmq_of_somebody: RabbitServer, shop: pytest.Pytester
) -> None:
    shop.makepyfile(
        """
        from shop import add, app

        def test_workers(celery_lab):
            with celery_lab.workers(app, queues=["celery"]) as client:
                assert client.gather([add.s(i, 1) for i in range(5)]) == [1, 2, 3, 4, 5]

        def test_scenario(celery_lab):
            result = celery_lab.run("shop.yaml")
            result.assert_passed()
            assert result.run.broker.kind == "rabbitmq"
        """
    )
    done = run(shop, f"--celery-lab-broker={rabbitmq_of_somebody.url}")
    done.assert_outcomes(passed=2)


USES_THE_LAB = """
def test_first(celery_lab):
    pass

def test_second(celery_lab_module):
    pass

def test_other():
    pass
"""


def test_without_a_server_tests_are_skipped_or_fail_where_it_is_required(
    shop: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.makepyfile(USES_THE_LAB)
    monkeypatch.setenv("ORCHESTRATOR_REDIS_BIN", "/nowhere/redis-server")
    done = run(shop, "-rs")
    done.assert_outcomes(passed=1, skipped=2)
    assert "celery_lab: ORCHESTRATOR_REDIS_BIN names /nowhere/redis-server" in done.stdout.str()
    run(shop, "--celery-lab-require").assert_outcomes(passed=1, errors=2)


def test_a_broker_that_does_not_answer_is_an_error_in_one_line(shop: pytest.Pytester) -> None:
    shop.makepyfile(USES_THE_LAB)
    done = run(shop, "--celery-lab-broker=redis://:secret@127.0.0.1:1/0")
    done.assert_outcomes(passed=1, errors=2)
    text = done.stdout.str()
    assert "celery_lab: redis://:***@127.0.0.1:1/0 cannot be reached" in text
    assert "secret" not in text
