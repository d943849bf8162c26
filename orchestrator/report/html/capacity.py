"""All that the report draws of the search for a capacity, from its summary."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.records import Step
from orchestrator.report.capacity import held, reservation, stored_capacity
from orchestrator.scenario.metrics import Metric
from orchestrator.scenario.thresholds import Expression, parse_expression, parse_key


def capacity_data(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the report of a capacity: its summary, the answer in words, and of each
    objective what its values are measured in and where its limit is."""
    capacity = stored_capacity(summary)
    return {
        "kind": "capacity",
        "name": capacity.name,
        "answer": held(capacity),
        "reservation": reservation(capacity),
        "objectives": [
            {"text": text, **_scale(capacity.steps, index)}
            for index, text in enumerate(capacity.objectives)
        ],
        "summary": summary,
    }


def _scale(steps: Sequence[Step], index: int) -> dict[str, Any]:
    """The unit and the limit of an objective; None for one that this version does not know, which
    is drawn without them."""
    try:
        objective = steps[0].objectives[index]
        metric, _ = parse_key(objective.metric)
        expression = parse_expression(metric, objective.expression)
    except (ValueError, IndexError):
        return {"unit": None, "limit": None}
    return {"unit": _unit(metric, expression), "limit": expression.limit}


def _unit(metric: Metric, expression: Expression) -> str:
    if metric.kind == "counter" and expression.aggregation == "rate":
        return "per second"
    return metric.unit
