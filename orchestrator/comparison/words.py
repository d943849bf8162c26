"""A comparison in sentences: what differs, how that was told, and what it does not say."""

from collections.abc import Iterator, Sequence

from orchestrator.comparison.sides import Side
from orchestrator.records import FigureChange, Meaning, NoiseKind, SideSummary, Verdict
from orchestrator.report import figures

MUCH_TAKEN = 0.1
"""Of the machine, by others: worth a word."""
MUCH = 0.5
"""A change, as a ratio, that nobody would want to miss."""
TOLD_BY: dict[NoiseKind, str] = {
    "repeats": "What is noise is told by the scatter of the runs of each side (Welch's t).",
    "one side's repeats": "What is noise is told by the scatter of the side that has three runs or "
    "more; the other is taken to scatter alike (Student's t).",
    "blocks": "With fewer than three runs a side nobody has measured how far two equal runs lie "
    "apart: it is taken to be twice what blocks of time within each run say, and at least 2 %. "
    "Repeats would tell.",
    "unknown": "What is noise cannot be told: that takes run directories of some seconds each, or "
    "three runs a side.",
}


def verdict(headline: Sequence[FigureChange], base: SideSummary, head: SideSummary) -> str:
    """The one or two sentences that matter."""
    return " ".join([*_not_ok(base, head), _of_figures(headline)])


def _of_figures(headline: Sequence[FigureChange]) -> str:
    by_meaning: dict[Meaning, list[str]] = {}
    for each in headline:
        by_meaning.setdefault(each.meaning, []).append(_told(each))
    worse, better = (by_meaning.get(name, []) for name in ("worse", "better"))
    if worse and better:
        return f"HEAD is worse in {_and(worse)}; better in {_and(better)}."
    if worse or better:
        return f"HEAD is {'worse' if worse else 'better'}: {_and(worse or better)}."
    if "noise" not in by_meaning and "small" not in by_meaning:
        return "Whether there is a difference cannot be told."
    if small := by_meaning.get("small"):
        return f"No difference that counts: {_and(small)}."
    return f"No difference beyond noise. What may hide in it: {_and(by_meaning['noise'])}."


def _told(figure: FigureChange) -> str:
    if figure.interval is None:
        return str(figure.key)
    if figure.meaning == "noise":
        return f"{figure.key} {figures.span(figure.interval)}"
    changed = figures.change(figure.interval.change)
    return f"{figure.key} {changed} ({figures.span(figure.interval)})"


def _and(parts: Sequence[str]) -> str:
    return ", ".join(parts)


def _not_ok(base: SideSummary, head: SideSummary) -> Iterator[str]:
    before, after = (_bad(side) for side in (base, head))
    if before != after:
        yield f"HEAD has {_counted(after)}, BASE {_counted(before)}."


def _bad(side: SideSummary) -> dict[Verdict, int]:
    return {name: count for name, count in side.verdicts.items() if count and name != "ok"}


def _counted(bad: dict[Verdict, int]) -> str:
    return _and([figures.counted(*each) for each in bad.items()]) or "none that is not ok"


def notes(
    base: Side,
    head: Side,
    headline: Sequence[FigureChange],
    summaries: tuple[SideSummary, SideSummary],
    noise: NoiseKind,
    *,
    turns: bool,
) -> tuple[str, ...]:
    """How it was told, and what should be known of it."""
    return (
        f"{_runs(base)} of BASE, {_runs(head)} of HEAD. {TOLD_BY[noise]}",
        *_order(base, head, turns=turns),
        *_busy(base, head, summaries, turns=turns),
        *_too_noisy(headline),
        *_bottlenecks(base, head),
        *_unsound(summaries),
    )


def _runs(side: Side) -> str:
    return f"{len(side.runs)} run{'s' if len(side.runs) != 1 else ''}"


def _order(base: Side, head: Side, *, turns: bool) -> Iterator[str]:
    if max(len(base.runs), len(head.runs)) > 1 and not turns:
        yield (
            "The runs of one side were all made before those of the other: what changed on the "
            "machine in between looks like a difference. Runs in turns would tell."
        )


def _busy(
    base: Side, head: Side, summaries: tuple[SideSummary, SideSummary], *, turns: bool
) -> Iterator[str]:
    shares = []
    for side, summary in zip((base, head), summaries, strict=True):
        used = [run.others_cpu_ratio for run in summary.runs]
        cpus = side.runs[0].summary["environment"]["host"].get("cpus")
        if None in used or not cpus:
            yield (
                "How much of the machine other processes took is not known for all runs: the "
                "intervals leave it out."
            )
            return
        shares.append(sum(each for each in used if each is not None) / len(used) / cpus)
    if max(shares) > MUCH_TAKEN:
        effect = "it fell on both sides in turns" if turns else "the intervals are wider for it"
        yield (
            f"Other processes took {shares[0] * 100:.0f} % of the machine in BASE, "
            f"{shares[1] * 100:.0f} % in HEAD: {effect}."
        )


def _too_noisy(headline: Sequence[FigureChange]) -> Iterator[str]:
    """Half as much again is a lot to miss in the two figures that are asked for first."""
    spans = [each.interval for each in headline[:2] if each.meaning == "noise"]
    if any(each and (each.high > MUCH or each.low < 1 / (1 + MUCH) - 1) for each in spans):
        yield (
            "This is too noisy to tell much: run longer, more often, the sides in turns, on a "
            "machine that does nothing else."
        )


def _bottlenecks(base: Side, head: Side) -> Iterator[str]:
    for name, side in (("BASE", base), ("HEAD", head)):
        limited = [run for run in side.runs if run.summary["orchestrator"].get("bottleneck")]
        if limited:
            yield (
                f"In {len(limited)} of {_runs(side)} of {name} the orchestrator itself was the "
                "bottleneck: its figures say more of this machine than of the workers."
            )


def _unsound(summaries: tuple[SideSummary, SideSummary]) -> Iterator[str]:
    for name, side in zip(("BASE", "HEAD"), summaries, strict=True):
        if _bad(side):
            yield f"Not all tasks of {name} are ok: times of tasks that fail say little of speed."
