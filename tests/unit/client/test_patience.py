import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.client import patience
from orchestrator.client.failures import PublishTimeout, ResultTimeout
from orchestrator.client.patience import Patience
from orchestrator.errors import BrokerUnavailable, ClientClosed, PublishUncertain


class FakeLink:
    def __init__(self, connection: Any = "alive") -> None:
        self.connection = connection


class Script:
    """Raises what it was given, one after the other, and then succeeds."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)


def lost(cause: BaseException | None = None) -> BrokerUnavailable:
    error = BrokerUnavailable("the broker cannot be used")
    error.__cause__ = cause or ConnectionResetError()
    return error


async def hang() -> None:
    await asyncio.Event().wait()


def ids(*task_ids: str) -> Callable[[], list[str]]:
    return lambda: list(task_ids)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_BACKOFF_S", 0.001)
    monkeypatch.setattr(patience, "LONGEST_BACKOFF_S", 0.004)


async def test_connects_again_until_the_server_is_back() -> None:
    connect = Script(lost(), lost(TimeoutError()), lost())
    await Patience(None, [FakeLink()]).ready(connect)
    assert connect.calls == 4


async def test_refused_login_is_waited_for_only_while_there_is_no_connection() -> None:
    """A server that still loads its data refuses, and so does one that does not know us."""
    connect = Script(BrokerUnavailable("LOADING"), BrokerUnavailable("LOADING"))
    await Patience(None, [FakeLink(), FakeLink(None)]).ready(connect)
    assert connect.calls == 3
    with pytest.raises(BrokerUnavailable, match="NOPERM"):
        await Patience(None, [FakeLink()]).ready(Script(BrokerUnavailable("NOPERM")))


async def test_the_last_error_is_raised_when_the_gap_is_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "GAP_S", 0.01)
    connect = Script(*(lost() for _ in range(1000)))
    with pytest.raises(BrokerUnavailable, match="cannot be used"):
        await Patience(None, [FakeLink(None)]).ready(connect)
    assert 1 < connect.calls < 20


async def test_timeout_while_connecting_means_that_nothing_was_sent() -> None:
    with pytest.raises(BrokerUnavailable, match=r"no connection within 0\.01 s"):
        await Patience(0.01, [FakeLink(None)]).ready(hang)
    connect = Script(*(lost() for _ in range(1000)))
    with pytest.raises(BrokerUnavailable, match="cannot be used"):
        await Patience(0.01, [FakeLink(None)]).ready(connect)


async def test_what_was_certainly_not_sent_is_sent_again() -> None:
    connect, send = Script(), Script(lost(), lost())
    await Patience(None, [FakeLink()]).send(connect, send, ids("a"))
    assert (connect.calls, send.calls) == (3, 3)


@pytest.mark.parametrize(
    "error",
    [PublishUncertain(task_ids=["a"]), BrokerUnavailable("OOM"), ClientClosed(), TimeoutError()],
    ids=lambda error: type(error).__name__,
)
async def test_everything_else_is_not(error: BaseException) -> None:
    send = Script(error)
    with pytest.raises(type(error)) as raised:
        await Patience(None, [FakeLink()]).send(Script(), send, ids("a"))
    assert raised.value is error
    assert send.calls == 1


async def test_timeout_while_sending_is_uncertain() -> None:
    with pytest.raises(PublishTimeout, match=r"confirm 2 tasks within 0\.01 s") as error:
        await Patience(0.01, [FakeLink()]).send(Script(), hang, ids("a", "b"))
    assert error.value.task_ids == ("a", "b")
    assert isinstance(error.value, TimeoutError)


async def test_when_the_time_is_over_nothing_is_sent_any_more() -> None:
    send = Script()
    with pytest.raises(ResultTimeout, match="not ready to be sent within 0 s"):
        await Patience(0, [FakeLink()]).send(Script(), send, ids("a"))
    assert send.calls == 0


async def test_the_callers_own_time_limit_stays_the_callers() -> None:
    for act in (Patience(5, []).ready(hang), Patience(5, []).send(Script(), hang, ids("a"))):
        with pytest.raises(TimeoutError) as error:
            async with asyncio.timeout(0.01):
                await act
        assert type(error.value) is TimeoutError
