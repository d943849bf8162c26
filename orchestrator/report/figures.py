"""Figures as a person reads them: units, thousands, never more digits than mean something."""

from collections.abc import Mapping
from typing import Any

from orchestrator.judge.metrics import COUNTERS, TRENDS
from orchestrator.judge.wording import brief, integer
from orchestrator.records import Drain, Interval, Verdict

UNKNOWN = "-"
VERDICT_WORDS: Mapping[Verdict, str] = {
    "ok": "ok",
    "wrong": "wrong",
    "failed": "failed",
    "lost_task": "lost task",
    "lost_result": "lost result",
    "duplicate": "duplicate",
    "late": "late",
}
KIB = 1024


def milliseconds(value: float | None) -> str:
    """Two decimals, so that a column of them lines up: ``0.42``, ``12,345.00``."""
    return UNKNOWN if value is None else f"{value:,.2f}"


def decimal(value: float) -> str:
    """A number with about three significant digits, and all digits of its whole part."""
    if value == 0:
        return "0"
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2
    if round(size, 2) == 0:
        return f"{value:.1e}"
    return f"{value:,.{places}f}"


def seconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{decimal(value)} s"


def size(count: float | None) -> str:
    """Bytes as KiB, MiB or GiB."""
    if count is None:
        return UNKNOWN
    if count < KIB:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB"):
        count /= KIB
        if count < KIB:
            return f"{decimal(count)} {unit}"
    return f"{decimal(count / KIB)} GiB"


def observed(metric: str, expression: str, value: float | None) -> str:
    """What a threshold saw, in the unit of its metric (named with its tags)."""
    if value is None:
        return "nothing measured"
    name = metric.partition("{")[0]
    if name in TRENDS:
        counts = expression.lstrip().startswith("count")
        return f"{value:,.0f}" if counts else f"{decimal(value)} ms"
    if name in ("throughput", "offered_rate", "drain_rate"):
        return f"{decimal(value)}/s"
    if name in ("verified", "errors"):
        return ratio(value)
    if name in COUNTERS and expression.lstrip().startswith("rate"):
        return f"{decimal(value)}/s"
    if name == "worker_rss_bytes":
        return size(value)
    return f"{value:,.0f}" if float(value).is_integer() else decimal(value)


def ratio(value: float) -> str:
    """A percentage that never rounds up to 100 % or down to 0 % what is not."""
    percent = value * 100
    if percent in (0.0, 100.0):
        return f"{percent:.0f} %"
    return f"{min(max(percent, 0.001), 99.999):.3f}".rstrip("0").rstrip(".") + " %"


def aggregate(value: Any) -> str:
    """A workload's value: exact while it is short, abbreviated when it is not."""
    if isinstance(value, int) and not isinstance(value, bool):
        text = integer(value)
        return f"{value:,}" if "…" not in text else text
    if isinstance(value, str):
        return value
    return brief(value, 200)


def drain(workload: str, drained: Drain) -> str:
    """How the backlog of a workload went."""
    return (
        f"{workload}: {drained.iterations:,} iterations drained in {decimal(drained.drain_s)} s "
        f"({decimal(drained.rate_per_s)}/s), filled in {decimal(drained.fill_s)} s"
    )


def counted(verdict: Verdict, count: int) -> str:
    """``1 lost task``, ``6 lost tasks``."""
    word = VERDICT_WORDS[verdict]
    plural = "s" if count != 1 and verdict in ("lost_task", "lost_result", "duplicate") else ""
    return f"{count:,} {word}{plural}"


def change(ratio: float | None) -> str:
    """``+20.3 %``, with its sign."""
    return UNKNOWN if ratio is None else f"{_percent(ratio)} %"


def span(interval: Interval | None) -> str:
    """From where to where a change may be: ``-4.1 to +12.9 %``."""
    if interval is None:
        return UNKNOWN
    return f"{_percent(interval.low)} to {_percent(interval.high)} %"


def _percent(ratio: float) -> str:
    percent = ratio * 100
    return f"{percent:+,.0f}" if abs(percent) >= 100 else f"{percent:+.1f}"
