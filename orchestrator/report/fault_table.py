"""What the faults did, as plain data and as a table: the same on the console and in Markdown."""

from collections.abc import Mapping
from typing import Any

from orchestrator.records import VERDICTS, FaultReport
from orchestrator.report import figures

HEADINGS = ("fault", "at", "down", "recovered", "in flight", "of these")
RIGHT = range(1, 5)


def fault_data(report: FaultReport) -> dict[str, Any]:
    """One entry of ``faults`` in ``summary.json``."""
    plan = report.plan
    return {
        "kind": plan.kind,
        "worker": plan.worker,
        "at_s": plan.at_s,
        "struck_s": report.struck_s,
        "ended_s": report.ended_s,
        "down_s": report.down_s,
        "recovered_s": report.recovered_s,
        "tasks": report.tasks,
        "cut_off": report.cut_off,
        "verdicts": {verdict: report.verdicts.get(verdict, 0) for verdict in VERDICTS},
        "note": report.note,
    }


def fault_name(fault: Mapping[str, Any]) -> str:
    """``worker-kill add``."""
    return " ".join(word for word in (fault["kind"], fault["worker"]) if word)


def fault_row(fault: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells below `HEADINGS` of one entry of ``faults``."""
    if fault["struck_s"] is None:
        never = "did not strike"
        said = f"{never}: {fault['note']}" if fault["note"] else f"{never}: the load was over"
        return (fault_name(fault), figures.seconds(fault["at_s"]), *("",) * 3, said)
    became = [
        figures.counted(verdict, fault["verdicts"][verdict])
        for verdict in VERDICTS
        if fault["verdicts"][verdict]
    ]
    if fault["cut_off"]:
        became.append(f"{fault['cut_off']:,} cut off")
    times = (fault[key] for key in ("struck_s", "down_s", "recovered_s"))
    return (
        fault_name(fault),
        *map(figures.seconds, times),
        f"{fault['tasks']:,}",
        ", ".join(became) or figures.UNKNOWN,
    )
