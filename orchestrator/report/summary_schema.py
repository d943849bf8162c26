"""The JSON Schema of ``summary.json``: `schema/summary.schema.json`."""

from typing import Any

from pydantic import TypeAdapter

from orchestrator.report.experiment_models import CapacitySummary, ExperimentSummary
from orchestrator.report.summary_models import RunSummary

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def summary_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of all three kinds of summary. It allows keys that it does not
    know: a later version 1 may have more."""
    kinds: TypeAdapter[Any] = TypeAdapter(RunSummary | ExperimentSummary | CapacitySummary)
    schema = _without_titles(kinds.json_schema())
    return {"$schema": DIALECT, "title": "celery-orchestrator summary, version 1", **schema}


def _without_titles(schema: Any) -> Any:
    """Pydantic's titles are the names once more."""
    if isinstance(schema, list):
        return [_without_titles(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(value)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)
    }
