"""The live view of a run: what a terminal shows while the load goes on."""

from collections.abc import Iterable, Mapping

from rich.text import Text

from orchestrator.judge.wording import clip
from orchestrator.records import Live, LiveThreshold
from orchestrator.report.figures import UNKNOWN, decimal, observed

LABEL_WIDTH = 11
THRESHOLDS_SHOWN = 8
NAME_LIMIT = 40
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
GOOD, BAD, QUIET, HEAD = "green", "bold red", "dim", "bold"
Cell = tuple[str, str]
"""Text and its style."""


def picture(name: str, phase: str, elapsed_s: float, live: Live | None, width: int) -> Text:
    """The whole view, no line longer than ``width``; ``elapsed_s`` is since the command began."""
    lines = [_title(name, phase, elapsed_s, live)]
    if live is not None:
        lines += _figures(live, width)
        lines += _thresholds(live.thresholds)
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Text("\n", no_wrap=True, overflow="crop").join(lines)


def _title(name: str, phase: str, elapsed_s: float, live: Live | None) -> Text:
    title = Text(f"{SPINNER[int(elapsed_s * 8) % len(SPINNER)]} ", style="cyan")
    title.append(f"{clip(name, NAME_LIMIT)}  " if name else "", style=HEAD)
    title.append(f"{phase}  ")
    if live is None:
        return title.append(f"{elapsed_s:.0f} s", style=QUIET)
    title.append(f"{live.elapsed_s:.0f} s")
    if live.time_left_s is not None:
        left = f", {live.time_left_s:.0f} s left" if live.time_left_s >= 0.5 else ", ending"
        title.append(left, style=QUIET)
    return title


def _figures(live: Live, width: int) -> list[Text]:
    rate = [(f"{decimal(live.tasks_per_s)} tasks/s", HEAD), (_iterations(live), "")]
    tasks = [
        (f"{live.ok:,} ok", GOOD if live.ok else QUIET),
        *_if_any(live.failed, "failed"),
        *_if_any(live.wrong, "wrong"),
        *_if_any(live.timed_out, "timed out"),
        *_if_any(live.dropped, "dropped"),
        (f"of {live.sent:,} sent", QUIET),
    ]
    percentiles = (("p50", live.p50_ms), ("p95", live.p95_ms), ("p99", live.p99_ms))
    latency = [(f"{name} {_ms(value)}", "") for name, value in percentiles]
    cpu = {**live.cpu, "orchestrator": live.own_cpu_ratio}
    rows = [
        *_row("rate", [*rate, (f"{live.in_flight:,} in flight", "")], width),
        *_row("tasks", tasks, width),
        *_row("latency", latency, width),
    ]
    if live.backlog:
        rows += _row("backlog", _named(live.backlog, "{:,}"), width)
    return rows + _row("cpu cores", _named(cpu, "{:.2f}"), width)


def _iterations(live: Live) -> str:
    target = "" if live.target_per_s is None else f" ({decimal(live.target_per_s)}/s scheduled)"
    return f"{decimal(live.iterations_per_s)} iterations/s{target}"


def _if_any(count: int, word: str) -> list[Cell]:
    return [(f"{count:,} {word}", BAD)] if count else []


def _ms(value: float | None) -> str:
    return UNKNOWN if value is None else f"{decimal(value)} ms"


def _named(values: Mapping[str, float], shape: str) -> list[Cell]:
    return [
        (f"{clip(name, NAME_LIMIT)} {shape.format(value)}", "")
        for name, value in sorted(values.items())
    ]


def _row(label: str, cells: Iterable[Cell], width: int) -> list[Text]:
    """The cells behind their label, on as many lines as they take."""
    lines = [Text(label.ljust(LABEL_WIDTH), style=QUIET)]
    for text, style in cells:
        if lines[-1].cell_len > LABEL_WIDTH and lines[-1].cell_len + len(text) > width:
            lines.append(Text(" " * LABEL_WIDTH))
        lines[-1].append(f"{text}  ", style=style or "default not dim")
    return lines


def _thresholds(thresholds: Iterable[LiveThreshold]) -> list[Text]:
    """Those that fail first, then the others in their order."""
    ordered = sorted(thresholds, key=lambda threshold: threshold.passing is not False)
    lines = []
    for threshold in ordered[:THRESHOLDS_SHOWN]:
        mark, style = {True: ("✓", GOOD), False: ("✗", BAD), None: ("·", QUIET)}[threshold.passing]
        line = Text(f"{mark} ", style=style)
        line.append(f"{clip(threshold.metric, NAME_LIMIT)} {threshold.expression}  ", "default")
        line.append(_present(threshold), style=style)
        lines.append(line)
    if len(ordered) > THRESHOLDS_SHOWN:
        lines.append(Text(f"  and {len(ordered) - THRESHOLDS_SHOWN} more", style=QUIET))
    return lines


def _present(threshold: LiveThreshold) -> str:
    if threshold.observed is None:
        return "not yet known"
    return observed(threshold.metric, threshold.expression, threshold.observed)


def load_line(live: Live) -> str:
    """How the load stands, on one line: totals so far, the rate, what waits, how long it takes."""
    backlog = sum(depth for queue, depth in live.backlog.items() if queue != "unacked")
    parts = [
        f"{live.elapsed_s:.0f} s",
        f"{decimal(live.tasks_per_s)} tasks/s",
        *(() if live.target_per_s is None else (_iterations(live),)),
        f"done {live.completed:,}/{live.sent:,}",
        f"failed {live.failed + live.wrong + live.timed_out:,}",
        f"in flight {live.in_flight:,}",
        f"backlog {backlog:,}",
        f"p95 {_ms(live.p95_ms)}",
    ]
    return "  ".join(parts)
