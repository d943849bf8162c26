"""The text that a run ends with, on stdout: what must hold first, what it came to last.

Everything that others have named (tasks, workers, errors) is put in as plain text, on one line and
without control characters: it can neither colour nor move anything.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.environment.masking import mask_text, mask_url
from orchestrator.errors import ExitCode
from orchestrator.judge.metrics import UNVERIFIED
from orchestrator.judge.wording import clip
from orchestrator.records import VERDICTS, HostClock, Judgement, RunResult, Trend, Verdict
from orchestrator.report import figures
from orchestrator.report.ending import run_meaning
from orchestrator.report.fault_table import HEADINGS, RIGHT, fault_data, fault_row
from orchestrator.report.terminal import BAD, GOOD, HEAD, QUIET, console_for, grid

PLAIN_WIDTH = 80
NAME_LIMIT = 28
IDS_SHOWN = 3
"""How many tasks of each verdict that is not ok are named; the summary names more."""
LATENCY_ORDER = (
    "canvas_duration",
    "task_duration",
    "schedule_lag",
    "publish",
    "queue_wait",
    "prefetch_wait",
    "run",
    "result_lag",
    "chord_join",
)


def print_summary(
    result: RunResult, file: TextIO, directory: Path | None = None, *, width: int | None = None
) -> None:
    """Print the whole summary to ``file``. In colour only on a terminal without NO_COLOR; ``width``
    is the terminal's, or 80 columns where there is none."""
    console = console_for(file, width)
    with console.capture() as captured:
        _Summary(result, console).print(directory)
    lines = (line.rstrip() for line in captured.get().split("\n"))
    file.write(_encodable("\n".join(lines), console.encoding))


def _encodable(text: str, encoding: str) -> str:
    """``text`` in what ``file`` can write: a pipe in the C locale takes ASCII alone."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("…", "...").encode(encoding, "backslashreplace").decode(encoding)
    return text


class _Summary:
    def __init__(self, result: RunResult, console: Console) -> None:
        self._result = result
        self._console = console
        encoding = (console.encoding or "utf-8").lower()
        self._unicode = encoding.startswith("utf")
        self._pass, self._fail = ("✓", "✗") if self._unicode else ("ok", "FAIL")

    def print(self, directory: Path | None) -> None:
        self._title()
        self._thresholds()
        self._verdicts()
        self._not_ok()
        self._faults()
        self._workloads()
        self._latency()
        self._workers()
        self._places(directory)
        self._conclusion()

    # ---- the parts ----

    def _title(self) -> None:
        result = self._result
        self._line()
        title = Text(_name(result.plan.name, 60), style=HEAD)
        if result.plan.description:
            title.append(f"  {_name(result.plan.description, 200)}", style=QUIET)
        self._indented(title)

    def _thresholds(self) -> None:
        thresholds = self._result.judgement.thresholds
        if not thresholds:
            return
        self._heading("thresholds")
        table = grid(4)
        for each in thresholds:
            table.add_row(
                Text(self._pass if each.passed else self._fail, style=GOOD if each.passed else BAD),
                _name(each.metric, 40),
                Text(_name(each.expression, 40), style=QUIET),
                Text(
                    figures.observed(each.metric, each.expression, each.observed),
                    style="" if each.passed else BAD,
                ),
            )
        self._table(table)

    def _verdicts(self) -> None:
        judgement = self._result.judgement
        self._heading("verdicts")
        headers = ("sent", *(figures.VERDICT_WORDS[verdict] for verdict in VERDICTS))
        table = grid(len(headers), *headers, right=range(len(headers)))
        counts = [(verdict, judgement.counts.get(verdict, 0)) for verdict in VERDICTS]
        cells = [Text(f"{count:,}", _verdict_style(verdict, count)) for verdict, count in counts]
        table.add_row(f"{judgement.sent:,}", *cells)
        self._table(table)
        unverified = judgement.counters.get(UNVERIFIED, 0)
        if unverified:
            note = f"{unverified:,} of the ok were not checked: no reference and no expect"
            self._indented(Text(note, style="yellow"))

    def _not_ok(self) -> None:
        judgement = self._result.judgement
        shown = {
            verdict: judgement.ids.get(verdict, ())[:IDS_SHOWN]
            for verdict in VERDICTS
            if judgement.ids.get(verdict)
        }
        if not shown:
            return
        self._line()
        table = grid(2)
        for verdict, ids in shown.items():
            word = Text(figures.VERDICT_WORDS[verdict], style=BAD)
            for task_id in ids:
                about = Text(f"{_name(judgement.tasks.get(task_id, ''), 60)}  {_name(task_id, 60)}")
                if task_id in judgement.reasons:
                    reason = clip(mask_text(judgement.reasons[task_id]), 300)
                    about.append(f"\n{reason}", style=QUIET)
                table.add_row(word, about)
                word = Text()
        self._table(table)
        self._left_out(judgement)

    def _left_out(self, judgement: Judgement) -> None:
        more = sum(
            count - min(IDS_SHOWN, len(judgement.ids.get(verdict, ())))
            for verdict, count in judgement.counts.items()
            if verdict != "ok"
        )
        if more:
            self._indented(
                Text(f"and {more:,} more: see summary.json and tasks.csv.gz", style=QUIET)
            )

    def _faults(self) -> None:
        if not self._result.judgement.faults:
            return
        self._heading("faults")
        table = grid(len(HEADINGS), "", *HEADINGS[1:], right=RIGHT, whole=[0])
        for each in self._result.judgement.faults:
            table.add_row(*(_name(cell, 80) for cell in fault_row(fault_data(each))))
        self._table(table)

    def _workloads(self) -> None:
        workloads = self._result.judgement.workloads
        if not workloads:
            return
        self._heading("workloads")
        table = grid(5, "", "iterations", "dropped", "tasks/s", "offered/s", right=(1, 2, 3, 4))
        for each in workloads:
            table.add_row(
                _name(each.name),
                f"{each.iterations:,}",
                Text(
                    f"{each.dropped_iterations:,}",
                    style="yellow" if each.dropped_iterations else "",
                ),
                figures.decimal(each.throughput_per_s),
                figures.decimal(each.offered_rate_per_s),
            )
        self._table(table)
        for each in workloads:
            if each.drain is not None:
                self._indented(Text(figures.drain(each.name, each.drain), style=QUIET))
        folded = [each for each in workloads if each.aggregate is not None]
        if not folded:
            return
        self._heading("values")
        values = grid(3)
        for each in folded:
            shown = UNSEEN if each.value is None else figures.aggregate(each.value)
            values.add_row(
                _name(each.name),
                Text(_name(each.aggregate or "", 40), style=QUIET),
                Text(clip(shown, 400), style=HEAD),
            )
        self._table(values)

    def _latency(self) -> None:
        metrics = self._result.judgement.metrics
        rows = [(name, metrics[name]) for name in LATENCY_ORDER if name in metrics]
        rows = [(name, trend) for name, trend in rows if trend.count]
        if not rows:
            return
        self._heading("latency", "ms")
        table = grid(6, "", "count", "p50", "p95", "p99", "max", right=(1, 2, 3, 4, 5))
        for name, trend in rows:
            table.add_row(name, *_trend_cells(trend))
        self._table(table)

    def _workers(self) -> None:
        pools = self._result.pools
        if not pools:
            return
        self._heading("workers")
        headers = ("", "pool", "tasks", "cpu", "max rss", "restarts")
        table = grid(6, *headers, right=(2, 3, 4, 5))
        for each in pools:
            table.add_row(
                _name(each.name),
                f"{each.pool} x {each.concurrency}",
                f"{each.tasks:,}",
                figures.seconds(each.cpu_s),
                figures.size(each.rss_max_bytes),
                _restarts(each.restarts),
            )
        own = self._result
        table.add_row(
            Text("orchestrator", style=QUIET),
            "",
            "",
            Text(figures.seconds(own.orchestrator_cpu_s), style=QUIET),
            Text(figures.size(own.orchestrator_rss_max_bytes), style=QUIET),
            "",
        )
        self._table(table)

    def _places(self, directory: Path | None) -> None:
        broker = self._result.broker
        self._line()
        where = broker.path or mask_url(broker.url)
        self._place("broker", f"{broker.kind} {broker.version}".strip() + f", {where}")
        if directory is not None:
            self._place("report", str(directory))
        self._attached()
        if self._result.probe_lost_events:
            lost = f"{self._result.probe_lost_events:,} events lost: executions may be undercounted"
            self._place("probe", lost)

    def _place(self, what: str, words: str) -> None:
        """One line, never folded: what stands in it is there to be copied."""
        line = Text(f"  {what:8}", style=QUIET).append(_name(words, 400), style="")
        self._console.print(line, soft_wrap=True)

    def _conclusion(self) -> None:
        result = self._result
        passed = result.exit_code == ExitCode.PASSED
        line = Text("PASSED" if passed else "FAILED", style="bold green" if passed else BAD)
        line.append(f" in {figures.seconds(result.duration_s)}", style="")
        line.append(f": {self._meaning()} (exit code {int(result.exit_code)})", style="")
        if result.partial:
            line.append("; the run ended early, its figures are partial")
        self._line()
        self._indented(line)
        if result.bottleneck is not None:
            warning = f"The orchestrator was the bottleneck, not the workers: {result.bottleneck}"
            self._indented(Text(warning, style="yellow"))
        self._line()

    def _meaning(self) -> str:
        result = self._result
        passed = [each.passed for each in result.judgement.thresholds]
        return run_meaning(result.exit_code, result.judgement.counts, passed, result.stopped_by)

    # ---- the pen ----

    def _heading(self, title: str, unit: str = "") -> None:
        self._line()
        heading = Text(f"  {title.upper()}", style=HEAD)
        heading.append(f" {unit}" if unit else "", style=QUIET)
        self._console.print(heading)

    def _table(self, table: Table) -> None:
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def _indented(self, text: Text) -> None:
        text.overflow = "fold"
        self._console.print(Padding(text, (0, 0, 0, 2)))

    def _attached(self) -> None:
        """How much is known of workers that are not ours."""
        result = self._result
        if result.points_from != "probe":
            self._place("times", TOLD_BY[result.points_from])
        for clock in result.clocks:
            if not clock.same:
                self._place("clock", _clock(clock))
        sent, seen = result.judgement.sent, result.judgement.metrics["task_duration"].count
        if result.plan.attach and sent and not seen:
            where = mask_url(result.broker.results_url)
            self._place("results", f"none came: do these workers keep theirs at {where}?")

    def _line(self) -> None:
        self._console.print()


TOLD_BY = {
    "events": "the workers' own, from Celery events",
    "results": "only those of the results: the workers send no events (celery worker -E)",
}
UNSEEN = "no value: no canvas ended well"


def _trend_cells(trend: Trend) -> Sequence[str]:
    points = (trend.p50_ms, trend.p95_ms, trend.p99_ms, trend.max_ms)
    return [f"{trend.count:,}", *map(figures.milliseconds, points)]


def _restarts(count: int | None) -> Text:
    if count is None:
        return Text(figures.UNKNOWN)
    return Text(str(count), style=BAD if count else "")


def _clock(clock: HostClock) -> str:
    if clock.ahead_ms is None or clock.uncertainty_ms is None:
        return f"{clock.host}: cannot be compared with ours; what its workers told is left out"
    return (
        f"{clock.host}: {clock.ahead_ms:+,.1f} ms to ours, estimated to within "
        f"{clock.uncertainty_ms:,.1f} ms"
    )


def _verdict_style(verdict: Verdict, count: int) -> str:
    if not count:
        return QUIET
    return GOOD if verdict == "ok" else BAD


def _name(text: str, limit: int = NAME_LIMIT) -> str:
    return clip(text, limit)
