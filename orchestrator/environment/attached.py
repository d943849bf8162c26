"""Workers that somebody else runs: found by Celery's own remote control, and only asked, never told
anything.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import anyio
import anyio.to_thread
from celery import Celery
from kombu.exceptions import OperationalError

from orchestrator.environment.masking import mask_text
from orchestrator.environment.pools import PoolStatus
from orchestrator.errors import BrokerUnavailable, EnvironmentNotReady
from orchestrator.records import PoolKind, PoolPlan

REPLY_S = 1.0
"""How long the workers may take to answer. Nobody knows how many there are, so every question takes
so long."""

FIND_S = 4.0
"""How long workers are looked for while a queue has none: some start a little after us."""

_IMPLEMENTATION = re.compile(r"celery\.concurrency\.(\w+):")
_KINDS: Mapping[str, PoolKind] = {"thread": "threads"}

Ask = Callable[[str], dict[str, Any]]
"""A question of the remote control -> what each node said."""


@dataclass(frozen=True, slots=True)
class AttachedPools:
    """What was found. Each worker (node) is a pool of its own, under its node name; what its
    processes use is not known here."""

    plans: tuple[PoolPlan, ...]

    @property
    def process_names(self) -> Mapping[str, str]:
        """Node name -> pool name; they are the same."""
        return {plan.name: plan.name for plan in self.plans}

    def pids(self) -> Mapping[str, tuple[int, ...]]:
        """Of none of them: they may be on another machine."""
        return {}

    def status(self) -> tuple[PoolStatus, ...]:
        return tuple(PoolStatus(plan, (), startup_s=0.0, exit_codes=()) for plan in self.plans)

    def __str__(self) -> str:
        """`add@host (gevent x 50: add), ...`"""
        return ", ".join(
            f"{plan.name} ({plan.pool} x {plan.concurrency}: {', '.join(plan.queues)})"
            for plan in self.plans
        )


async def find_workers(app: Celery, queues: Iterable[str], *, where: str) -> AttachedPools:
    """The workers that consume from the app's broker, once each of ``queues`` has one.

    Raises `EnvironmentNotReady` when a queue has none within `FIND_S` seconds, and
    `BrokerUnavailable`. ``where`` is the broker's address, without its password.
    """
    needed, found = set(queues), AttachedPools(())
    deadline = anyio.current_time() + FIND_S
    while True:
        found = AttachedPools(await _ask_all(app))
        missing = needed - {queue for plan in found.plans for queue in plan.queues}
        if not missing:
            return found
        if anyio.current_time() > deadline:
            raise EnvironmentNotReady(_nobody(sorted(missing), found, where))


async def _ask_all(app: Celery) -> tuple[PoolPlan, ...]:
    answers: dict[str, dict[str, Any]] = {}

    async def ask(question: str) -> None:
        answers[question] = await anyio.to_thread.run_sync(
            partial(_broadcast, app, question), abandon_on_cancel=True
        )

    async with anyio.create_task_group() as tasks:
        for question in ("active_queues", "stats"):
            tasks.start_soon(ask, question)
    consuming, stats = answers["active_queues"], answers["stats"]
    return tuple(_plan(node, consuming[node], stats.get(node, {})) for node in sorted(consuming))


def _broadcast(app: Celery, question: str) -> dict[str, Any]:
    try:
        with app.connection_for_write() as connection:
            replies: list[dict[str, Any]] | None = app.control.broadcast(
                question, reply=True, timeout=REPLY_S, connection=connection
            )
    except (OperationalError, OSError) as exc:
        text = " ".join(mask_text(str(exc)).split())
        raise BrokerUnavailable(f"the workers cannot be asked: {text}") from exc
    return {node: said for reply in replies or () for node, said in reply.items()}


def _plan(node: str, consuming: Sequence[Mapping[str, Any]], stats: Mapping[str, Any]) -> PoolPlan:
    pool = stats.get("pool", {})
    match = _IMPLEMENTATION.match(pool.get("implementation", ""))
    kind = match[1] if match else "prefork"
    return PoolPlan(
        name=node,
        queues=tuple(str(queue["name"]) for queue in consuming),
        pool=_KINDS.get(kind, cast(PoolKind, kind)),
        concurrency=int(pool.get("max-concurrency") or 0),
    )


def _nobody(missing: Sequence[str], found: AttachedPools, where: str) -> str:
    names = ", ".join(map(repr, missing))
    queue = "queue" if len(missing) == 1 else "queues"
    there = f"the workers there are {found}" if found.plans else "no worker answers there"
    return (
        f"No worker consumes the {queue} {names} on {where}; {there}. "
        f"Start one (celery -A APP worker -Q {','.join(missing)}), or name another broker."
    )
