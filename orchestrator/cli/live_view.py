"""The live view of a run: what a terminal shows while the load goes on.

It is drawn while the load is on, by a thread that competes with it: the lines are made of rich's
segments, which is all that rich writes out, so that it has next to nothing left to do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from orchestrator.judge.wording import clip
from orchestrator.records import Live, LiveThreshold
from orchestrator.report.figures import UNKNOWN, decimal, observed

LABEL_WIDTH = 11
THRESHOLDS_SHOWN = 8
NAME_LIMIT = 40
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
GOOD, BAD, QUIET = Style(color="green"), Style(color="red", bold=True), Style(dim=True)
HEAD, TURNING = Style(bold=True), Style(color="cyan")
GAP = "  "
Line = list[Segment]


@dataclass(frozen=True, slots=True)
class Picture:
    """Lines for rich to print, none wider than the terminal."""

    lines: Sequence[Line]

    def __rich_console__(self, *_: object) -> Iterable[Segment]:
        for line in self.lines:
            yield from line
            yield Segment.line()

    @property
    def plain(self) -> str:
        return "\n".join("".join(segment.text for segment in line) for line in self.lines)


def picture(name: str, phase: str, elapsed_s: float, live: Live | None, width: int) -> Picture:
    """The whole view, no line longer than ``width``; ``elapsed_s`` is since the command began."""
    lines = [_title(name, phase, elapsed_s, live)]
    if live is not None:
        lines += _figures(live, width)
        lines += _thresholds(live.thresholds)
    return Picture([_cut(line, width) for line in lines])


def _cut(line: Line, width: int) -> Line:
    if sum(cell_len(segment.text) for segment in line) <= width:
        return line
    kept: Line = []
    room = width - 1
    for text, style, _ in line:
        kept.append(Segment(set_cell_size(text, min(room, cell_len(text))), style))
        room -= cell_len(text)
        if room <= 0:
            break
    return [*kept, Segment("…")]


def _title(name: str, phase: str, elapsed_s: float, live: Live | None) -> Line:
    title = [Segment(f"{SPINNER[int(elapsed_s * 8) % len(SPINNER)]} ", TURNING)]
    if name:
        title.append(Segment(clip(name, NAME_LIMIT) + GAP, HEAD))
    title.append(Segment(phase + GAP))
    if live is None:
        return [*title, Segment(f"{elapsed_s:.0f} s", QUIET)]
    title.append(Segment(f"{live.elapsed_s:.0f} s"))
    if live.time_left_s is not None:
        left = f", {live.time_left_s:.0f} s left" if live.time_left_s >= 0.5 else ", ending"
        title.append(Segment(left, QUIET))
    return title


def _figures(live: Live, width: int) -> list[Line]:
    rate = [Segment(f"{decimal(live.tasks_per_s)} tasks/s", HEAD), Segment(_iterations(live))]
    tasks = [
        Segment(f"{live.ok:,} ok", GOOD if live.ok else QUIET),
        *_if_any(live.failed, "failed"),
        *_if_any(live.wrong, "wrong"),
        *_if_any(live.timed_out, "timed out"),
        *_if_any(live.dropped, "dropped"),
        Segment(f"of {live.sent:,} sent", QUIET),
    ]
    percentiles = (("p50", live.p50_ms), ("p95", live.p95_ms), ("p99", live.p99_ms))
    latency = [Segment(f"{name} {_ms(value)}") for name, value in percentiles]
    cpu = {**live.cpu, "orchestrator": live.own_cpu_ratio}
    rows = [
        *_row("rate", [*rate, Segment(f"{live.in_flight:,} in flight")], width),
        *_row("tasks", tasks, width),
        *_row("latency", latency, width),
    ]
    if live.backlog:
        rows += _row("backlog", _named(live.backlog, "{:,}"), width)
    return rows + _row("cpu cores", _named(cpu, "{:.2f}"), width)


def _iterations(live: Live) -> str:
    target = "" if live.target_per_s is None else f" ({decimal(live.target_per_s)}/s scheduled)"
    return f"{decimal(live.iterations_per_s)} iterations/s{target}"


def _if_any(count: int, word: str) -> list[Segment]:
    return [Segment(f"{count:,} {word}", BAD)] if count else []


def _ms(value: float | None) -> str:
    return UNKNOWN if value is None else f"{decimal(value)} ms"


def _named(values: Mapping[str, float], shape: str) -> list[Segment]:
    return [
        Segment(f"{clip(name, NAME_LIMIT)} {shape.format(value)}")
        for name, value in sorted(values.items())
    ]


def _row(label: str, cells: Iterable[Segment], width: int) -> list[Line]:
    """The cells behind their label, on as many lines as they take."""
    lines = [[Segment(label.ljust(LABEL_WIDTH), QUIET)]]
    column = LABEL_WIDTH
    for text, style, _ in cells:
        size = cell_len(text)
        if column > LABEL_WIDTH and column + len(GAP) + size > width:
            lines.append([Segment(" " * LABEL_WIDTH)])
            column = LABEL_WIDTH
        gap = GAP if column > LABEL_WIDTH else ""
        lines[-1].append(Segment(gap + text, style))
        column += len(gap) + size
    return lines


def _thresholds(thresholds: Iterable[LiveThreshold]) -> list[Line]:
    """Those that fail first, then the others in their order."""
    ordered = sorted(thresholds, key=lambda threshold: threshold.passing is not False)
    lines = []
    for threshold in ordered[:THRESHOLDS_SHOWN]:
        mark, style = {True: ("✓", GOOD), False: ("✗", BAD), None: ("·", QUIET)}[threshold.passing]
        wanted = f"{clip(threshold.metric, NAME_LIMIT)} {threshold.expression}"
        lines.append(
            [
                Segment(f"{mark} ", style),
                Segment(wanted + GAP),
                Segment(_present(threshold), style),
            ]
        )
    if len(ordered) > THRESHOLDS_SHOWN:
        lines.append([Segment(f"  and {len(ordered) - THRESHOLDS_SHOWN} more", QUIET)])
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
