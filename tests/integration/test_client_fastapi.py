"""docs/examples/fastapi_app.py under a real server, with a real worker."""

import sys
from collections.abc import Iterator

import anyio
import httpx
import pytest

from tests.integration.examples_fixture import (
    Examples,
    running_examples,
    running_process,
    wait_for_line,
)
from tests.integration.redis_fixture import free_port


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    with running_examples(tmp_path_factory.mktemp("examples")) as made:
        yield made


@pytest.fixture(scope="module")
def web(examples: Examples, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    port = free_port()
    log = tmp_path_factory.mktemp("web") / "web.log"
    argv = [sys.executable, "-m", "uvicorn", "fastapi_app:web", "--port", str(port)]
    with running_process(argv, examples.environ, log) as process:
        wait_for_line("(Press CTRL+C to quit)", log, process)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    assert "Traceback" not in log.read_text()
    assert "Application shutdown complete" in log.read_text()


def test_chord_is_awaited(web: httpx.Client) -> None:
    answer = web.get("/sum", params={"count": 100, "within_s": 20})
    assert (answer.status_code, answer.json()) == (200, {"sum": 9900})


def test_timeout_is_a_504(web: httpx.Client) -> None:
    answer = web.get("/sum", params={"count": 100, "within_s": 0.001})
    assert answer.status_code == 504
    assert "within 0.001 s" in answer.json()["detail"]


async def test_many_requests_at_once(web: httpx.Client) -> None:
    async with httpx.AsyncClient(base_url=web.base_url, timeout=60) as client:
        sums: dict[int, int] = {}

        async def ask(count: int) -> None:
            answer = await client.get("/sum", params={"count": count, "within_s": 50})
            sums[count] = answer.json()["sum"]

        async with anyio.create_task_group() as requests:
            for count in range(1, 30):
                requests.start_soon(ask, count)
    assert sums == {n: n * (n - 1) for n in range(1, 30)}


def test_service_without_a_broker_does_not_start(
    examples: Examples, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("web") / "web.log"
    nowhere = {"CELERY_BROKER_URL": f"redis://:secret@127.0.0.1:{free_port()}/0"}
    argv = [sys.executable, "-m", "uvicorn", "fastapi_app:web", "--port", str(free_port())]
    with running_process(argv, {**examples.environ, **nowhere}, log) as process:
        assert process.wait(30) != 0
    assert "BrokerUnavailable: the broker at redis://127.0.0.1" in log.read_text()
    assert "secret" not in log.read_text()
