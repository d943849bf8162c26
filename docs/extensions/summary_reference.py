"""The reference of `summary.json`, made of its JSON Schema when the site is built.

`<!-- summary -->` in a page (`references.py`) becomes a section for each kind of summary, and one
for each object in them: its keys, what they hold, what they mean."""

from collections.abc import Iterator, Mapping
from typing import Any

from command_reference import plain

from orchestrator.report.summary_schema import summary_schema

OF_A_LINK = "#/$defs/"


def summary() -> str:
    """A section for each object of the schema, in the order in which one meets them."""
    schema = summary_schema()
    objects = {name: each for name, each in schema["$defs"].items() if "properties" in each}
    names = [_target(kind) for kind in schema["anyOf"]]
    for name in names:  # grows while it is gone through
        for key in objects[name]["properties"].values():
            names += [each for each in _links(key) if each in objects and each not in names]
    return "\n".join(line for name in names for line in _section(name, objects[name]))


def _section(name: str, described: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {name}\n"
    if text := described.get("description"):
        yield _prose(text) + "\n"
    yield "| key | value | meaning |\n|---|---|---|"
    for key, value in described["properties"].items():
        yield f"| `{key}` | {_value(value)} | {_prose(value.get('description', ''))} |"
    yield ""


def _prose(text: str) -> str:
    return plain(text.replace("``", "`"))


def _value(schema: Mapping[str, Any]) -> str:
    """In words, with a link to each object."""
    if "$ref" in schema:
        name = _target(schema)
        return f"[{name}](#{name.lower()})"
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return " or ".join(_value(each) for each in schema[keyword])
    if schema.get("type") == "array":
        items = schema.get("items")
        return f"array of {_value(items)}" if items else "array"
    if isinstance(inner := schema.get("additionalProperties"), dict) and inner:
        return f"object of {_value(inner)}"
    return str(schema.get("type", "anything"))


def _links(schema: Any) -> Iterator[str]:
    """The names of the objects that it refers to, however deep."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield _target(schema)
        for value in schema.values():
            yield from _links(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _links(value)


def _target(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).removeprefix(OF_A_LINK)
