"""The report kind ``md``: ``summary.md``, for a pull request or the summary of a CI job.

What must hold stands first, as on the console, with the same figures; and nothing in it is obeyed
that others have named."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.judge.metrics import UNVERIFIED
from orchestrator.records import VERDICTS, Drain
from orchestrator.report import figures
from orchestrator.report.atomic import atomic_write_text
from orchestrator.report.console import LATENCY_ORDER
from orchestrator.report.ending import run_meaning
from orchestrator.report.fault_table import HEADINGS, RIGHT, fault_row
from orchestrator.report.kinds import ReportKind
from orchestrator.report.markdown_experiments import capacity_lines, experiment_lines
from orchestrator.report.markdown_text import BAD, GOOD, SEE_SUMMARY, code, plain, table
from orchestrator.report.stored import Subject, subject_of

FILE_NAME = "summary.md"
IDS_SHOWN = 5
"""Of each verdict that is not ok."""
POINTS = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


class Markdown:
    """``summary.md``."""

    subjects: frozenset[Subject] = frozenset({"run", "experiment", "capacity"})
    needs_data = False

    def write(self, directory: Path, summary: Mapping[str, Any]) -> Sequence[Path]:
        make = _LINES[subject_of(summary)]
        path = directory / FILE_NAME
        atomic_write_text(path, "\n".join(make(summary)).rstrip("\n") + "\n")
        return [path]


def run_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """The document of one run; ``summary`` is its ``summary.json``."""
    yield from _head(summary)
    yield from _thresholds(summary["thresholds"])
    yield from _verdicts(summary)
    yield from _faults(summary.get("faults") or ())
    yield from _workloads(summary["workloads"])
    yield from _latency(summary["metrics"])
    yield from _workers(summary)
    yield _environment(summary["environment"])


_LINES = {"run": run_lines, "experiment": experiment_lines, "capacity": capacity_lines}
KIND: ReportKind = Markdown()


def _head(summary: Mapping[str, Any]) -> Iterator[str]:
    run, thresholds = summary["run"], summary["thresholds"]
    code_, passed = run["exit_code"], [each["passed"] for each in thresholds]
    meaning = run_meaning(code_, summary["verdicts"], passed, None)
    yield f"## {BAD if code_ else GOOD} {code(run['name'])} {'failed' if code_ else 'passed'}"
    yield ""
    stopped = run["stopped_by"]
    by = "" if stopped is None else f", stopped by {code(stopped, 120)}"
    partial = "; the run ended early, its figures are partial" if run["partial"] else ""
    yield f"In {figures.seconds(run['duration_s'])}: {meaning}{by} (exit code {code_}){partial}."
    yield f"Run {code(run['id'])}, begun {code(run['started_at'])}."
    yield ""
    if description := summary["scenario"].get("description"):
        yield from (plain(str(description), 300), "")
    if reason := summary["orchestrator"]["bottleneck_reason"]:
        yield from (f"> The orchestrator was the bottleneck, not the workers: {plain(reason)}", "")


def _thresholds(thresholds: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not thresholds:
        return
    yield from ("### Thresholds", "")
    yield from table(
        ("", "metric", "must hold", "observed"),
        (
            (
                GOOD if each["passed"] else BAD,
                code(each["metric"]),
                code(each["expression"]),
                figures.observed(each["metric"], each["expression"], each["observed"]),
            )
            # Those that failed are among the first fifty, whatever their number.
            for each in sorted(thresholds, key=lambda each: bool(each["passed"]))
        ),
        right=[3],
        left_out=SEE_SUMMARY,
    )


def _verdicts(summary: Mapping[str, Any]) -> Iterator[str]:
    verdicts = summary["verdicts"]
    yield from ("### Verdicts", "")
    words = ("sent", *(figures.VERDICT_WORDS[verdict] for verdict in VERDICTS))
    counts = (f"{verdicts[name]:,}" for name in ("sent", *VERDICTS))
    yield from table(words, [tuple(counts)], right=range(len(words)))
    if unverified := summary["counters"].get(UNVERIFIED, 0):
        yield f"{unverified:,} of the ok were not checked: no reference and no expect"
        yield ""
    yield from _not_ok(verdicts)


def _not_ok(verdicts: Mapping[str, Any]) -> Iterator[str]:
    names, reasons = verdicts.get("tasks", {}), verdicts["reasons"]
    shown = [
        (verdict, task_id)
        for verdict in VERDICTS[1:]
        for task_id in verdicts["ids"][verdict][:IDS_SHOWN]
    ]
    if not shown:
        return
    rows = (
        (
            figures.VERDICT_WORDS[verdict],
            code(names.get(task_id, "")),
            code(task_id),
            code(reasons.get(task_id, ""), 200),
        )
        for verdict, task_id in shown
    )
    yield from table(("verdict", "task", "id", "reason"), rows)
    more = sum(verdicts[verdict] for verdict in VERDICTS[1:]) - len(shown)
    if more:
        yield from (f"and {more:,} more{SEE_SUMMARY} and `tasks.csv.gz`", "")


def _faults(faults: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not faults:
        return
    yield from ("### Faults", "")
    rows = ([plain(cell, 200) for cell in fault_row(fault)] for fault in faults)
    yield from table(HEADINGS, rows, right=RIGHT, left_out=SEE_SUMMARY)


def _workloads(workloads: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not workloads:
        return
    yield from ("### Workloads", "")
    rows = (
        (
            code(name),
            f"{each['iterations']:,}",
            f"{each['dropped_iterations']:,}",
            figures.decimal(each["throughput_per_s"]),
            figures.decimal(each["offered_rate_per_s"]),
            _value(each),
        )
        for name, each in workloads.items()
    )
    headings = ("workload", "iterations", "dropped", "tasks/s", "offered/s", "value")
    yield from table(headings, rows, right=range(1, 5), left_out=SEE_SUMMARY)
    for name, each in workloads.items():
        if drain := each.get("drain"):
            drained = Drain(drain["iterations"], drain["fill_s"], drain["drain_s"])
            yield from (plain(figures.drain(name, drained), 200), "")


def _value(workload: Mapping[str, Any]) -> str:
    if workload["aggregate"] is None:
        return ""
    value = workload["value"]
    shown = "no value" if value is None else code(figures.aggregate(value), 120)
    return f"{plain(workload['aggregate'], 40)} {shown}"


def _latency(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    known = [(name, metrics[name]) for name in LATENCY_ORDER if name in metrics]
    rows = [
        (name, f"{trend['count']:,}", *(figures.milliseconds(trend[point]) for point in POINTS))
        for name, trend in known
        if trend["count"]
    ]
    if rows:
        yield from ("### Latency, ms", "")
        yield from table(("", "count", "p50", "p95", "p99", "max"), rows, right=range(1, 6))


def _workers(summary: Mapping[str, Any]) -> Iterator[str]:
    if not summary["workers"]:
        return
    yield from ("### Workers", "")
    rows = [
        (
            code(name),
            f"{plain(each['pool'])} x {each['concurrency']}",
            f"{each['tasks']:,}",
            figures.seconds(each["cpu_s"]),
            figures.size(each["rss_max_bytes"]),
            figures.UNKNOWN if each["restarts"] is None else f"{each['restarts']:,}",
        )
        for name, each in summary["workers"].items()
    ]
    own = summary["orchestrator"]
    use = (figures.seconds(own["cpu_s"]), figures.size(own["rss_max_bytes"]))
    rows.append(("orchestrator", "", "", *use, ""))
    headings = ("worker", "pool", "tasks", "cpu", "max rss", "restarts")
    yield from table(headings, rows, right=range(2, 6), left_out=SEE_SUMMARY)


def _environment(environment: Mapping[str, Any]) -> str:
    broker, host = environment["broker"], environment["host"]
    parts = [f"{name} {environment[name]}" for name in ("celery", "kombu", "python")]
    parts.append(f"{broker['kind']} {broker['version']}".strip())
    parts.append(f"{host['cpus']} CPUs, {figures.size(host['memory_bytes'])}")
    parts.append(f"celery-orchestrator {environment['orchestrator']}")
    return plain(" · ".join(parts), 300)
