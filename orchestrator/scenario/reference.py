"""`docs/scenario.md`: the reference of the scenario file, made of the models' own schema."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any

from orchestrator.scenario.fault_models import FAULTS
from orchestrator.scenario.json_schema import release_schema
from orchestrator.scenario.metrics import AGGREGATIONS, METRICS
from orchestrator.scenario.scalars import resolve
from orchestrator.scenario.workload_models import MODELS, Workload

_TEMPLATE = "reference.md"


def reference() -> str:
    """The Markdown text. The prose and the examples are in `reference.md` beside this module; each
    `<!-- table NAME -->` in it is replaced by the table of a model."""
    template = files("orchestrator.scenario").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    schema = release_schema()
    tables = {
        "Scenario": _table(schema["properties"], schema.get("required", ())),
        "Workload": _workload_table(schema["$defs"]),
        "executors": "\n\n".join(_executors(schema["$defs"])),
        "faults": "\n\n".join(_faults(schema["$defs"])),
        "metrics": "\n".join(_metrics()),
        "aggregations": "\n".join(_aggregations()),
    }
    for name, model in schema["$defs"].items():
        if "properties" in model:
            tables.setdefault(name, _table(model["properties"], model.get("required", ())))
    return "\n".join(_filled(template.splitlines(), tables)) + "\n"


def _filled(lines: Iterable[str], tables: Mapping[str, str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("<!-- table "):
            yield tables[line.removeprefix("<!-- table ").removesuffix(" -->")]
        else:
            yield line


def _table(properties: Mapping[str, Any], required: Iterable[str]) -> str:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    rows += [_row(name, value, name in required) for name, value in properties.items()]
    return "\n".join(rows)


def _row(name: str, value: Mapping[str, Any], required: bool) -> str:
    default = "required" if required else _default(value.get("default"))
    meaning = str(value.get("description", ""))
    examples = value.get("examples")
    if examples and _type(value) not in ("duration", "rate", "size"):
        meaning += f" For example `{_yaml(examples[0])}`."
    cells = (f"`{name}`", _type(value), default, meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(value: Any) -> str:
    return "" if value in (None, "", [], {}) or isinstance(value, dict) else f"`{_yaml(value)}`"


def _yaml(value: Any) -> str:
    """A value on one line, as one writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)}: {_yaml(member)}" for key, member in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, str):
        return value if resolve(value) == value else f'"{value}"'
    return str(value)


def _key(key: str) -> str:
    return f'"{key}"' if "{" in key else key


def _type(value: Mapping[str, Any]) -> str:
    for keyword in ("anyOf", "oneOf"):
        if keyword in value:
            parts = [_type(part) for part in value[keyword] if part.get("type") != "null"]
            return ", ".join(dict.fromkeys(parts))
    if "$ref" in value:
        return _referred(value["$ref"].rpartition("/")[2])
    if "const" in value:
        return f"`{_yaml(value['const'])}`"
    if "enum" in value:
        return ", ".join(f"`{member}`" for member in value["enum"])
    return _plain_type(value)


def _plain_type(value: Mapping[str, Any]) -> str:
    kind = value.get("type")
    if kind == "array":
        return f"list of {_type(value.get('items', {}))}"
    if kind == "object":
        patterns = list(value.get("patternProperties", {}).values())
        inside = patterns[0] if patterns else value.get("additionalProperties")
        return f"mapping to {_type(inside)}" if isinstance(inside, dict) else "mapping"
    if kind == "string":
        return _string_type(value)
    if kind in ("integer", "number"):
        return _bounded("whole number" if kind == "integer" else "number", value)
    return "`true`, `false`" if kind == "boolean" else "any value"


def _string_type(value: Mapping[str, Any]) -> str:
    examples = value.get("examples", [""])
    if "ms)" in value.get("pattern", ""):
        return "duration"
    if str(examples[0]).endswith("/s"):
        return "rate"
    return "size" if examples[0] == "10B" else "string"


def _bounded(kind: str, value: Mapping[str, Any]) -> str:
    lowest = value.get("minimum")
    return f"{kind} >= {lowest}" if lowest is not None and abs(lowest) < 2**60 else kind


def _referred(name: str) -> str:
    words = {
        "Argument": "[argument](#arguments)",
        "CanvasNode": "[canvas node](#canvases)",
        "Members": "list of [canvas nodes](#canvases), or `{each: node, count: N}`",
        "Links": "[task node](#task), or a list of them",
        "TaskNode": "[task node](#task)",
        "TaskOptions": "[options](#options)",
        "RetryPolicy": "[retry policy](#options)",
        "Target": "[target](#target)",
        "Pool": "[pool](#workers)",
        "ThresholdObject": "[threshold](#thresholds)",
        "ChordSpec": "[header and body](#chord)",
        **dict.fromkeys((model.__name__ for model in FAULTS.values()), "[fault](#faults)"),
    }
    if name.startswith("Expect"):
        return "[expectation](#expect)"
    return words.get(name) or "[workload](#workloads)"


def _workload_table(definitions: Mapping[str, Any]) -> str:
    model = definitions[next(iter(MODELS.values())).__name__]
    shared = Workload.model_fields
    properties = {key: value for key, value in model["properties"].items() if key in shared}
    names = ", ".join(f"`{name}`" for name in MODELS)
    row = f"| `executor` | {names} | required | When iterations start. |"
    rest = {key: value for key, value in properties.items() if key != "executor"}
    head, rule, *rows = _table(rest, ["canvas"]).splitlines()
    return "\n".join([head, rule, row, *rows])


def _executors(definitions: Mapping[str, Any]) -> Iterator[str]:
    for name in MODELS:
        model = MODELS[name]
        schema = definitions[model.__name__]
        own = {
            key: value
            for key, value in schema["properties"].items()
            if key not in Workload.model_fields
        }
        yield f"### `{name}`\n\n{model.__doc__}\n\n{_table(own, schema.get('required', ()))}"


def _faults(definitions: Mapping[str, Any]) -> Iterator[str]:
    for name, model in FAULTS.items():
        schema = definitions[model.__name__]
        about = " ".join((model.__doc__ or "").split())
        own = {key: value for key, value in schema["properties"].items() if key != "kind"}
        yield f"### `{name}`\n\n{about}\n\n{_table(own, schema.get('required', ()))}"


def _metrics() -> Iterator[str]:
    yield "| metric | kind | unit | tags | what it measures |"
    yield "|---|---|---|---|---|"
    for metric in METRICS.values():
        tags = ", ".join(metric.tags)
        yield f"| `{metric.name}` | {metric.kind} | {metric.unit} | {tags} | {metric.description} |"


def _aggregations() -> Iterator[str]:
    yield "| kind of metric | aggregations |"
    yield "|---|---|"
    for kind, names in AGGREGATIONS.items():
        words = ", ".join("`p(N)`" if name == "p" else f"`{name}`" for name in names)
        yield f"| {kind} | {words} |"
