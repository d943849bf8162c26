"""The broker of a run and the place of its results: private servers, the app's own, or addresses;
checked before anything starts.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast, get_args

from anyio.abc import TaskGroup

from orchestrator.environment.guardian import Guardian
from orchestrator.environment.masking import mask_url
from orchestrator.environment.private_server import PrivateServer
from orchestrator.environment.rabbitmq_server import RPC_URL, open_rabbitmq
from orchestrator.environment.redis_binary import BrokerKind
from orchestrator.environment.redis_check import check_redis
from orchestrator.environment.redis_server import new_password, open_redis
from orchestrator.errors import BrokerUnavailable, NotSupported
from orchestrator.records import BrokerInfo, TargetPlan

NO_RESULTS_URL = "disabled://"
"""Celery's name (celery/app/backends.py) for a result backend that stores nothing."""

REDIS_SCHEMES = ("redis", "rediss", "redis+socket")
AMQP_SCHEMES = ("amqp", "amqps", "pyamqp")

PRIVATE_RESULTS = "a private Redis: a canvas has a chord, whose header rpc cannot count"

CHORD_ON_RPC = (
    "a canvas has a chord, which rpc results cannot count: have the workers that are there use a "
    "Redis for their results, and name it in target.results."
)

CheckAmqp = Callable[[str], Awaitable[tuple[str, str]]]
"""Given an address, logs in and gives the server's product and version; raises BrokerUnavailable.
It is the client's business, which stands above this package."""


@dataclass(frozen=True, slots=True)
class BrokerStart:
    """What `open_broker` needs besides the target.

    `app_urls` are the app's own broker and result backend, for `broker: app`; `chords` says whether
    a canvas has one, which rpc results cannot count; `attach` that the workers are not ours, so
    that they put their results where they were told to; `durable` that a private server keeps what
    it has when it is started again. `started` are the private servers, the broker first.
    """

    guardian: Guardian
    log_dir: Path
    task_group: TaskGroup
    check_amqp: CheckAmqp
    app_urls: tuple[str | None, str | None] = (None, None)
    chords: bool = False
    attach: bool = False
    durable: bool = False
    started: list[PrivateServer] = field(default_factory=list)

    def run(self, server: PrivateServer) -> None:
        self.started.append(server)
        self.watch(server)

    def watch(self, server: PrivateServer) -> None:
        """From now on its death is everybody's."""
        self.task_group.start_soon(server.supervise)


@asynccontextmanager
async def open_broker(target: TargetPlan, start: BrokerStart) -> AsyncIterator[BrokerInfo]:
    """The broker and result backend that `target` means, up and answering.

    A private server that dies later raises BrokerUnavailable in the task group. Raises
    BrokerBinaryMissing, BrokerUnavailable, and NotSupported for what is neither Redis nor RabbitMQ.
    """
    async with _broker(target, start) as info, _results(target, start, info) as ready:
        yield ready


def is_amqp(url: str) -> bool:
    """Whether an address is that of a RabbitMQ."""
    return url.partition("://")[0] in AMQP_SCHEMES


def _broker(target: TargetPlan, start: BrokerStart) -> AbstractAsyncContextManager[BrokerInfo]:
    if target.broker == "rabbitmq":
        return _private_rabbitmq(start)
    if target.broker in get_args(BrokerKind):
        return _private_redis(start, cast("BrokerKind", target.broker), "broker.log")
    return _existing(target, start)


@asynccontextmanager
async def _private_redis(
    start: BrokerStart, kind: BrokerKind, log_name: str
) -> AsyncIterator[BrokerInfo]:
    log_path = start.log_dir / log_name
    async with open_redis(
        start.guardian,
        log_path=log_path,
        kind=kind,
        password=new_password(),
        durable=start.durable,
    ) as server:
        start.run(server)
        yield server.info


@asynccontextmanager
async def _private_rabbitmq(start: BrokerStart) -> AsyncIterator[BrokerInfo]:
    log_path = start.log_dir / "broker.log"
    async with open_rabbitmq(start.guardian, log_path=log_path, password=new_password()) as server:
        start.run(server)
        yield server.info


@asynccontextmanager
async def _existing(target: TargetPlan, start: BrokerStart) -> AsyncIterator[BrokerInfo]:
    url = start.app_urls[0] if target.broker == "app" else target.broker
    if not url:
        raise BrokerUnavailable(
            "`broker: app` was asked for, but the app configures no broker_url."
        )
    if is_amqp(url):
        product, version = await start.check_amqp(url)
        yield BrokerInfo(product.lower(), version, path=None, url=url, results_url=RPC_URL)
        return
    _require(url, "broker", (*REDIS_SCHEMES, *AMQP_SCHEMES))
    identity = await check_redis(url)
    yield BrokerInfo(identity.product, identity.version, path=None, url=url, results_url=url)


@asynccontextmanager
async def _results(
    target: TargetPlan, start: BrokerStart, info: BrokerInfo
) -> AsyncIterator[BrokerInfo]:
    """`info` with the place of the results.

    `auto` means the app's own backend with the app's own broker; else the same Redis; with a
    RabbitMQ rpc, or a private Redis where a canvas has a chord.
    """
    url = target.results
    if url == "auto":
        url = (start.app_urls[1] if target.broker == "app" else None) or info.results_url
        if url.startswith(RPC_URL) and start.chords:
            if start.attach:
                raise NotSupported(CHORD_ON_RPC)
            async with _private_redis(start, "embedded", "results.log") as results:
                yield replace(info, results_url=results.url, results_why=PRIVATE_RESULTS)
                return
    if url == "none":
        url = NO_RESULTS_URL
    await _check_results(RPC_URL if url == "rpc" else url, info)
    yield replace(info, results_url=RPC_URL if url == "rpc" else url)


async def _check_results(url: str, info: BrokerInfo) -> None:
    if url == info.url or url.startswith("disabled"):
        return
    if url.startswith(RPC_URL):
        if not is_amqp(info.url):
            raise NotSupported(
                f"rpc results come through RabbitMQ, and the broker is {mask_url(info.url)}: "
                "write results: auto, or a redis:// URL."
            )
        return
    _require(url, "result backend", REDIS_SCHEMES)
    await check_redis(url)


def _require(url: str, what: str, schemes: tuple[str, ...]) -> None:
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in schemes:
        known = ", ".join(f"{name}://" for name in schemes)
        raise NotSupported(f"{mask_url(url)} cannot be the {what}: it must be one of {known}.")
