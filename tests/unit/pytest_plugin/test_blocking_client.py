"""With an eager app: what a session does is the client's own business."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import BlockingPortal

from orchestrator import Client
from orchestrator.client import ResultTimeout
from orchestrator.pytest_plugin.blocking_client import BlockingClient, BlockingHandle
from orchestrator.pytest_plugin.hosting import hosted, open_portal
from tests.unit.client.recording_app import recording_app


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    with open_portal() as portal:
        yield portal


@pytest.fixture
def client(portal: BlockingPortal) -> Iterator[BlockingClient]:
    with hosted(portal, Client(recording_app(task_always_eager=True))) as client:
        yield BlockingClient(portal, client, timeout_s=0.05, logs=Path("logs"))


def test_call_submit_and_gather(client: BlockingClient) -> None:
    add = client.app.tasks["add"]
    assert client.call(add.s(1, 2)) == 3
    assert client.gather(add.s(i, i) for i in range(4)) == [0, 2, 4, 6]
    handle = client.submit(add.s(2, 2))
    assert handle.done()
    assert (handle.result(), handle.async_result.id) == (4, handle.id)
    handle.revoke()


def test_what_the_task_raises_is_raised(client: BlockingClient) -> None:
    add = client.app.tasks["add"]
    with pytest.raises(TypeError):
        client.call(add.s("one", 2))
    assert isinstance(client.submit(add.s("one", 2)).result(propagate=False), TypeError)


class Never:
    """A handle whose result does not come."""

    def __init__(self) -> None:
        self.cancelled = 0

    async def result(self, timeout: float, propagate: bool = True) -> None:  # noqa: ASYNC109
        try:
            with anyio.move_on_after(timeout):
                await anyio.sleep_forever()
        finally:
            self.cancelled += 1
        raise ResultTimeout(f"no result within {timeout:g} s")


def test_without_a_limit_the_configured_one_holds(portal: BlockingPortal) -> None:
    handle = BlockingHandle(portal, Never(), 0.02)  # type: ignore[arg-type]
    with pytest.raises(ResultTimeout, match=r"within 0\.02 s"):
        handle.result()
    with pytest.raises(ResultTimeout, match=r"within 0\.01 s"):
        handle.result(timeout=0.01)
