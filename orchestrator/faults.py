"""The faults of a run: each at its time, and what is known of it afterwards."""

from collections.abc import Callable, Iterable, Sequence

import anyio

from orchestrator.environment.faults import STRIKES, NothingToStrike, Victims
from orchestrator.load.clock import after, now_ns, sleep_until
from orchestrator.records import FaultEvent, FaultPlan


class Faults:
    """``strike`` once, when the load begins; ``events`` at any time. ``on_change`` is called with
    the names of those that go on, whenever one strikes or is over."""

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

    async def strike(self, victims: Victims, start_ns: int) -> None:
        """All of them, ``at_s`` seconds after ``start_ns``; they may overlap.

        Raises `PoolFailed` or `BrokerUnavailable`, in an exception group, when what was ended does
        not start again."""
        async with anyio.create_task_group() as tasks:
            for number in self._events:
                tasks.start_soon(self._strike_one, number, victims, start_ns)

    async def _strike_one(self, number: int, victims: Victims, start_ns: int) -> None:
        plan = self._events[number].plan
        await sleep_until(after(start_ns, plan.at_s))
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
