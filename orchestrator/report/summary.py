"""The summary of a run, as plain data: ``summary.json``; docs/metrics.md says what is in it.

The keys are a promise (design, version 1): a key that leaves, or changes its meaning, raises
`VERSION`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from orchestrator.environment.masking import mask_text, mask_url
from orchestrator.judge.wording import clip
from orchestrator.records import (
    VERDICTS,
    Drain,
    Judgement,
    PoolReport,
    RunResult,
    ThresholdResult,
    Trend,
    WorkloadResult,
)
from orchestrator.report.fault_table import fault_data
from orchestrator.report.json_values import json_safe as json_safe
from orchestrator.report.masking import masked

VERSION = 1
RATE_KEYS: Mapping[str, str] = {
    "throughput": "throughput_per_s",
    "offered_rate": "offered_rate_per_s",
    "verified": "verified_ratio",
    "errors": "errors_ratio",
}
REASON_LIMIT = 1000


def summary(result: RunResult) -> dict[str, Any]:
    """The summary as data that ``json.dumps`` takes as it is. Holds no secret."""
    judgement = result.judgement
    document = {
        "version": VERSION,
        "run": _run(result),
        "environment": _environment(result),
        "scenario": masked(result.plan.source),
        "verdicts": _verdicts(judgement, result.tracebacks),
        "workloads": {each.name: _workload(each) for each in judgement.workloads},
        "metrics": _trends(judgement.metrics),
        "counters": dict(judgement.counters),
        "rates": {RATE_KEYS.get(name, name): rate for name, rate in judgement.rates.items()},
        "by_task": {name: _trends(trends) for name, trends in judgement.by_task.items()},
        "by_queue": {name: _trends(trends) for name, trends in judgement.by_queue.items()},
        "by_pool": {name: _trends(trends) for name, trends in judgement.by_pool.items()},
        "workers": {pool.name: _worker(pool) for pool in result.pools},
        "faults": [fault_data(each) for each in judgement.faults],
        "thresholds": [_threshold(each) for each in judgement.thresholds],
        "orchestrator": {
            "cpu_s": result.orchestrator_cpu_s,
            "cpu_max_ratio": max(
                (sample.orchestrator_cpu_ratio for sample in result.samples), default=0.0
            ),
            "rss_max_bytes": result.orchestrator_rss_max_bytes,
            "probe_lost_events_count": result.probe_lost_events,
            "bottleneck": result.bottleneck is not None,
            "bottleneck_reason": result.bottleneck,
        },
    }
    safe: dict[str, Any] = json_safe(document)
    return safe


def _run(result: RunResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "name": result.plan.name,
        "started_at": result.started_at,
        "duration_s": result.duration_s,
        "startup_s": result.startup_s,
        "exit_code": int(result.exit_code),
        "stopped_by": None if result.stopped_by is None else mask_text(result.stopped_by),
        "partial": result.partial,
    }


def _environment(result: RunResult) -> dict[str, Any]:
    broker = result.broker
    return {
        **{
            name: result.versions.get(name)
            for name in ("orchestrator", "celery", "kombu", "python")
        },
        **result.versions,
        "broker": {
            "kind": broker.kind,
            "version": broker.version,
            "path": broker.path,
            "url": mask_url(broker.url),
            "results_url": mask_url(broker.results_url),
        },
        "points_from": result.points_from,
        "clocks": [asdict(clock) for clock in result.clocks],
        "results": {"url": mask_url(broker.results_url), "why": broker.results_why},
        "host": {name: result.host.get(name) for name in ("cpus", "memory_bytes")}
        | {**result.host},
    }


def _verdicts(judgement: Judgement, tracebacks: Mapping[str, str]) -> dict[str, Any]:
    return {
        "sent": judgement.sent,
        **{verdict: judgement.counts.get(verdict, 0) for verdict in VERDICTS},
        "ids": {
            verdict: list(judgement.ids.get(verdict, ())) for verdict in VERDICTS if verdict != "ok"
        },
        "ids_capped": judgement.ids_capped,
        "tasks": dict(judgement.tasks),
        "reasons": {
            task_id: clip(mask_text(reason), REASON_LIMIT)
            for task_id, reason in judgement.reasons.items()
        },
        "tracebacks": {
            task_id: mask_text(text)
            for task_id, text in tracebacks.items()
            if task_id in judgement.reasons
        },
    }


def _workload(workload: WorkloadResult) -> dict[str, Any]:
    return {
        "executor": workload.executor,
        "iterations": workload.iterations,
        "dropped_iterations": workload.dropped_iterations,
        "offered_rate_per_s": workload.offered_rate_per_s,
        "throughput_per_s": workload.throughput_per_s,
        "aggregate": workload.aggregate,
        "value": workload.value,
        "metrics": _trends(workload.metrics),
        **({} if workload.drain is None else {"drain": _drain(workload.drain)}),
    }


def _drain(drain: Drain) -> dict[str, Any]:
    return {**asdict(drain), "rate_per_s": drain.rate_per_s}


def _worker(pool: PoolReport) -> dict[str, Any]:
    about = asdict(pool)
    del about["name"]
    return about


def _threshold(threshold: ThresholdResult) -> dict[str, Any]:
    return {
        "metric": threshold.metric,
        "expression": threshold.expression,
        "observed": threshold.observed,
        "passed": threshold.passed,
    }


def _trends(trends: Mapping[str, Trend]) -> dict[str, dict[str, Any]]:
    return {name: asdict(trend) for name, trend in trends.items()}
