"""The faults of a run: each at its time, and what is known of it afterwards."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import anyio

from orchestrator.environment.faults import STRIKES, NothingToStrike, Victims
from orchestrator.load.clock import NS_PER_S, after, now_ns
from orchestrator.records import FaultEvent, FaultPlan


class Faults:
    """They are `striking` around the load, once; ``events`` at any time. ``on_change`` is called
    with the names of those that go on, whenever one strikes or is over."""

    def __init__(
        self, plans: Iterable[FaultPlan], on_change: Callable[[Sequence[str]], None] | None = None
    ) -> None:
        self._events = {number: FaultEvent(plan) for number, plan in enumerate(plans)}
        self._going_on: dict[int, str] = {}
        self._on_change = on_change

    @property
    def events(self) -> tuple[FaultEvent, ...]:
        """One for each fault, in the order of the scenario, also for those that have yet to
        strike."""
        return tuple(self._events.values())

    @asynccontextmanager
    async def striking(self, victims: Victims | None, start_ns: int) -> AsyncIterator[None]:
        """All of them, ``at_s`` seconds after ``start_ns``; they may overlap. The body is the load:
        when it is over, a broker that was ended comes back, while nobody waits for workers.

        Raises `PoolFailed` or `BrokerUnavailable`, in an exception group, when what was ended does
        not start again."""
        if victims is None:
            yield
            return
        async with anyio.create_task_group() as of_brokers, anyio.create_task_group() as of_workers:
            for number, event in self._events.items():
                group = of_brokers if event.plan.worker is None else of_workers
                group.start_soon(self._strike_one, number, victims, start_ns)
            yield
            victims.load_over.set()
            of_workers.cancel_scope.cancel()

    async def _strike_one(self, number: int, victims: Victims, start_ns: int) -> None:
        plan = self._events[number].plan
        await victims.wait((after(start_ns, plan.at_s) - now_ns()) / NS_PER_S)
        if victims.load_over.is_set():
            return
        struck_ns = now_ns()
        self._events[number] = FaultEvent(plan, struck_ns)
        self._going_on[number] = plan.name
        self._tell()
        try:
            await STRIKES[plan.kind](plan, victims)
        except NothingToStrike as exc:
            self._events[number] = FaultEvent(plan, note=str(exc))
        else:
            ended = plan.kind != "worker-kill" or plan.restart_after_s is not None
            self._events[number] = FaultEvent(plan, struck_ns, now_ns() if ended else None)
        del self._going_on[number]
        self._tell()

    def _tell(self) -> None:
        if self._on_change is not None:
            self._on_change(tuple(self._going_on.values()))
