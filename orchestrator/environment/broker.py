"""The broker of a run: a private server, the app's own, or an address; checked before anything
starts.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from anyio.abc import TaskGroup

from orchestrator.environment.guardian import Guardian
from orchestrator.environment.masking import mask_url
from orchestrator.environment.redis_binary import BrokerKind
from orchestrator.environment.redis_check import check_redis
from orchestrator.environment.redis_server import new_password, open_redis
from orchestrator.errors import BrokerUnavailable, NotSupported
from orchestrator.records import BrokerInfo, TargetPlan

NO_RESULTS_URL = "disabled://"
"""Celery's name (celery/app/backends.py) for a result backend that stores nothing."""

_REDIS_SCHEMES = ("redis", "rediss", "redis+socket")


@asynccontextmanager
async def open_broker(
    target: TargetPlan,
    *,
    guardian: Guardian,
    log_dir: Path,
    task_group: TaskGroup,
    app_urls: tuple[str | None, str | None] = (None, None),
) -> AsyncIterator[BrokerInfo]:
    """The broker and result backend that `target` means, up and answering.

    `app_urls` are the app's own broker and result backend, for `broker: app`. A private server that
    dies later raises BrokerUnavailable in `task_group`. Raises BrokerBinaryMissing,
    BrokerUnavailable, and NotSupported for what is not Redis.
    """
    if target.broker in get_args(BrokerKind):
        kind = cast("BrokerKind", target.broker)
        log_path = log_dir / "broker.log"
        async with open_redis(
            guardian, log_path=log_path, kind=kind, password=new_password()
        ) as server:
            task_group.start_soon(server.supervise)
            yield await _with_results(server.info, target, None)
    else:
        yield await _existing_broker(target, app_urls)


async def _existing_broker(
    target: TargetPlan, app_urls: tuple[str | None, str | None]
) -> BrokerInfo:
    url = app_urls[0] if target.broker == "app" else target.broker
    if not url:
        raise BrokerUnavailable(
            "`broker: app` was asked for, but the app configures no broker_url."
        )
    _require_redis(url, "broker")
    identity = await check_redis(url)
    info = BrokerInfo(identity.product, identity.version, path=None, url=url, results_url=url)
    return await _with_results(info, target, app_urls[1] if target.broker == "app" else None)


async def _with_results(
    info: BrokerInfo, target: TargetPlan, app_results: str | None
) -> BrokerInfo:
    """`results: auto` means the app's own backend with the app's broker, else the same Redis."""
    if target.results == "none":
        return replace(info, results_url=NO_RESULTS_URL)
    url = (app_results or info.url) if target.results == "auto" else target.results
    if url != info.url and not url.startswith("disabled"):
        _require_redis(url, "result backend")
        await check_redis(url)
    return replace(info, results_url=url)


def _require_redis(url: str, what: str) -> None:
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in _REDIS_SCHEMES:
        raise NotSupported(
            f"{mask_url(url)} cannot be the {what}: "
            f"it must be a Redis or Valkey ({', '.join(f'{name}://' for name in _REDIS_SCHEMES)})."
        )
