from pathlib import Path

import anyio
import pytest

from orchestrator.environment import broker as broker_module
from orchestrator.environment.broker import NO_RESULTS_URL, BrokerStart, open_broker
from orchestrator.environment.guardian import Guardian
from orchestrator.environment.redis_check import RedisIdentity
from orchestrator.errors import BrokerUnavailable, NotSupported, OrchestratorError
from orchestrator.records import BrokerInfo, TargetPlan

URL = "redis://:secret@one/0"
OTHER = "redis://:secret@two/1"


async def check_amqp(url: str) -> tuple[str, str]:
    return "RabbitMQ", "3.10.8"


async def broker_of(
    target: TargetPlan,
    app_urls: tuple[str | None, str | None] = (None, None),
    *,
    chords: bool = False,
) -> BrokerInfo:
    """Only for brokers that exist already: they need neither a guardian nor a log."""
    guardian = Guardian(Path("/nowhere"), pid=0, pipe=-1)
    async with anyio.create_task_group() as group:
        start = BrokerStart(guardian, Path("/nowhere"), group, check_amqp, app_urls, chords)
        async with open_broker(target, start) as broker:
            found = broker
    return found


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were checked."""
    urls: list[str] = []

    async def check(url: str) -> RedisIdentity:
        urls.append(url)
        return RedisIdentity("valkey", "8.0.1", 1)

    monkeypatch.setattr(broker_module, "check_redis", check)
    return urls


async def test_results_go_to_the_same_redis(checked: list[str]) -> None:
    broker = await broker_of(TargetPlan(broker=URL))
    assert broker == BrokerInfo("valkey", "8.0.1", None, URL, URL)
    assert checked == [URL]


@pytest.mark.parametrize(
    ("results", "app_results", "expected"),
    [
        ("auto", None, URL),
        ("auto", OTHER, OTHER),
        (URL, OTHER, URL),
        ("none", OTHER, NO_RESULTS_URL),
        ("auto", NO_RESULTS_URL, NO_RESULTS_URL),
    ],
)
async def test_the_apps_own_addresses(
    checked: list[str], results: str, app_results: str | None, expected: str
) -> None:
    broker = await broker_of(TargetPlan("app", results), (URL, app_results))
    assert (broker.url, broker.results_url) == (URL, expected)
    assert checked == list(dict.fromkeys([URL, *([expected] if expected == OTHER else [])]))


async def test_the_apps_result_backend_is_not_used_with_another_broker(checked: list[str]) -> None:
    assert (await broker_of(TargetPlan(URL), (OTHER, OTHER))).results_url == URL


@pytest.mark.parametrize(
    ("target", "app_urls", "error", "message"),
    [
        (TargetPlan("app"), (None, None), BrokerUnavailable, "configures no broker_url"),
        (TargetPlan("sqs://u:secret@h//"), (None, None), NotSupported, "cannot be the broker"),
        (TargetPlan("somewhere"), (None, None), NotSupported, "somewhere cannot be the broker"),
        (
            TargetPlan(URL, "rpc://"),
            (None, None),
            NotSupported,
            "rpc results come through RabbitMQ",
        ),
        (TargetPlan("app"), (URL, "db+sqlite:///x"), NotSupported, "cannot be the result backend"),
    ],
)
async def test_what_cannot_be_used_is_said(
    checked: list[str],
    target: TargetPlan,
    app_urls: tuple[str | None, str | None],
    error: type[OrchestratorError],
    message: str,
) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(error, match=message)) as caught:
        await broker_of(target, app_urls)
    assert "secret" not in str(caught.value.exceptions[0])


RABBIT = "amqp://u:secret@one//"


@pytest.mark.parametrize(
    ("results", "app_results", "expected"),
    [
        ("auto", None, "rpc://"),
        ("rpc", OTHER, "rpc://"),
        ("auto", OTHER, OTHER),
        (OTHER, None, OTHER),
        ("none", None, NO_RESULTS_URL),
    ],
)
async def test_results_of_a_rabbitmq(
    checked: list[str], results: str, app_results: str | None, expected: str
) -> None:
    broker = await broker_of(TargetPlan("app", results), (RABBIT, app_results))
    assert broker == BrokerInfo("rabbitmq", "3.10.8", None, RABBIT, expected)
    assert checked == ([OTHER] if expected == OTHER else [])
