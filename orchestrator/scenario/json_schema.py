"""The JSON Schema of the scenario file, for editors: `schema/scenario.schema.json`."""

from typing import Any

from orchestrator.scenario.fault_models import FAULTS
from orchestrator.scenario.models import Scenario
from orchestrator.scenario.workload_models import MODELS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {
    "type": "string",
    "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}",
    "description": "A value from the environment: ${NAME} or ${NAME:-default}.",
}
# What holds values and not schemas.
_VALUES = ("default", "examples", "required", "enum", "const")


def json_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12. It refuses what the loader refuses, where JSON Schema can say
    so; what ${VAR} will be is left to the loader."""
    schema: dict[str, Any] = _with_variables(release_schema())
    schema["$defs"]["Variable"] = _VARIABLE
    return {"$schema": DIALECT, **schema, "title": "celery-orchestrator scenario, version 1"}


def release_schema() -> dict[str, Any]:
    """The schema of the models, with values as a file writes them."""
    schema: dict[str, Any] = _as_written(Scenario.model_json_schema())
    _name_kinds(schema)
    _drop_unused(schema)
    return schema


def _as_written(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_as_written(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {
        key: value if key in _VALUES else _as_written(value) for key, value in schema.items()
    }
    if "ms)" in schema.get("pattern", "") and isinstance(schema.get("default"), float):
        changed["default"] = f"{schema['default']:g}s"
    if "patternProperties" in schema:
        changed["additionalProperties"] = False
        changed.pop("propertyNames", None)
    return changed


def _name_kinds(schema: dict[str, Any]) -> None:
    properties, definitions = schema["properties"], schema["$defs"]
    available = [{"$ref": f"#/$defs/{MODELS[name].__name__}"} for name in MODELS]
    named = properties["workloads"]["patternProperties"]
    properties["workloads"]["patternProperties"] = {key: {"oneOf": available} for key in named}
    for name in MODELS:
        model = MODELS[name]
        executor = definitions[model.__name__]["properties"]["executor"]
        executor["description"] = f"When iterations start: {model.__doc__}"
    for name, fault in FAULTS.items():
        kind = definitions[fault.__name__]["properties"]["kind"]
        kind["description"] = f"{name}: {' '.join((fault.__doc__ or '').split())}"


def _with_variables(schema: Any) -> Any:
    """Let `${VAR}` stand wherever one scalar stands; an editor cannot know its value."""
    if isinstance(schema, list):
        return [_with_variables(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {
        key: value if key in _VALUES else _with_variables(value) for key, value in schema.items()
    }
    if not _is_scalar(schema):
        return changed
    outside = ("description", "title", "default", "examples", "deprecated")
    kept = {key: value for key, value in changed.items() if key in outside}
    inside = {key: value for key, value in changed.items() if key not in outside}
    return {"anyOf": [inside, {"$ref": "#/$defs/Variable"}], **kept}


def _is_scalar(schema: dict[str, Any]) -> bool:
    if schema.get("type") in ("integer", "number", "boolean"):
        return "const" not in schema
    return schema.get("type") == "string" and ("pattern" in schema or "enum" in schema)


def _drop_unused(schema: dict[str, Any]) -> None:
    definitions = schema["$defs"]
    used: set[str] = set()
    found = _references({key: value for key, value in schema.items() if key != "$defs"})
    while found:
        used |= found
        found = {name for key in found for name in _references(definitions[key])} - used
    schema["$defs"] = {name: definitions[name] for name in definitions if name in used}


def _references(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for member in schema for name in _references(member)}
    if not isinstance(schema, dict):
        return set()
    own = {schema["$ref"].rpartition("/")[2]} if isinstance(schema.get("$ref"), str) else set()
    return own | {name for member in schema.values() for name in _references(member)}
