"""What each fault did to the tasks that were in flight."""

from collections import Counter
from collections.abc import Iterable, Sequence

from orchestrator.records import FaultEvent, FaultReport, Outcome, PoolPlan, Verdict

NS_PER_S = 1_000_000_000


class Aftermath:
    """`add` every task; ``reports`` then has one for each event, in their order. The load began at
    ``load_start_ns``; a fault of a pool concerns the tasks of the queues that it consumes."""

    def __init__(
        self, events: Sequence[FaultEvent], pools: Iterable[PoolPlan], load_start_ns: int
    ) -> None:
        self._start_ns = load_start_ns
        queues = {pool.name: frozenset(pool.queues) for pool in pools}
        self._all = [_OfOne(event, queues.get(event.plan.pool or "")) for event in events]
        self._struck = sorted(
            (one for one in self._all if one.event.struck_ns is not None),
            key=lambda one: one.event.struck_ns or 0,
        )

    def add(self, outcome: Outcome, verdict: Verdict) -> None:
        claimed = False
        for one in self._struck:
            claimed |= one.add(outcome, verdict, claimed=claimed)

    def reports(self) -> tuple[FaultReport, ...]:
        return tuple(one.report(self._start_ns) for one in self._all)


class _OfOne:
    """What came of one fault; ``queues`` None: all are concerned."""

    def __init__(self, event: FaultEvent, queues: frozenset[str] | None) -> None:
        self.event = event
        self._queues = queues
        self._verdicts: Counter[Verdict] = Counter()
        self._cut_off = 0
        self._served_ns: int | None = None
        self._last_ns: int | None = None

    def add(self, outcome: Outcome, verdict: Verdict, *, claimed: bool) -> bool:
        """Whether the task was in flight. One that an earlier fault has ``claimed``, and that never
        had a result, was lost by that one already."""
        event, struck_ns = self.event, self.event.struck_ns
        if struck_ns is None or (self._queues is not None and outcome.queue not in self._queues):
            return False
        seen_ns = outcome.finished_ns if outcome.ignored else outcome.seen_ns
        if seen_ns is not None and min(seen_ns, outcome.started_ns or 0) >= struck_ns:
            self._served_ns = min(seen_ns, self._served_ns or seen_ns)
        began_ns = outcome.intended_ns or outcome.published_ns
        if began_ns is None or began_ns > (event.ended_ns or struck_ns):
            return False
        if seen_ns < struck_ns if seen_ns is not None else claimed:
            return False
        self._verdicts[verdict] += 1
        self._cut_off += outcome.cut_off > 0 and not claimed
        if seen_ns is not None:
            self._last_ns = max(seen_ns, self._last_ns or seen_ns)
        return True

    def report(self, start_ns: int) -> FaultReport:
        event = self.event
        return FaultReport(
            plan=event.plan,
            struck_s=_between(start_ns, event.struck_ns),
            ended_s=_between(start_ns, event.ended_ns),
            tasks=self._verdicts.total(),
            cut_off=self._cut_off,
            verdicts=dict(self._verdicts),
            down_s=_between(event.struck_ns, self._served_ns),
            recovered_s=_between(event.struck_ns, self._last_ns),
            note=event.note,
        )


def _between(from_ns: int | None, to_ns: int | None) -> float | None:
    return None if from_ns is None or to_ns is None else (to_ns - from_ns) / NS_PER_S
