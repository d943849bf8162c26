"""Every key is described, with the unit of every number."""

from typing import Any

from orchestrator.report.summary_models import RunSummary

Schema = dict[str, Any]
UNITS = {"_per_s": "per second", "_ms": "millisecond", "_s": "in seconds", "_bytes": "in bytes"}
"""What must be said of a key that ends so; the first that fits."""


def bare_keys(schema: Schema) -> list[str]:
    """The keys of a model's schema of which nothing, or not the unit, is said."""
    models = {"": schema, **schema["$defs"]}
    return [
        f"{name}.{key}"
        for name, model in models.items()
        for key, about in model.get("properties", {}).items()
        if not _is_said(key, _words(models, about))
    ]


def _words(models: dict[str, Schema], about: Schema) -> str:
    name = about.get("$ref", "").rpartition("/")[2]
    return str(about.get("description") or models.get(name, {}).get("description", ""))


def _is_said(key: str, words: str) -> bool:
    unit = next((unit for ending, unit in UNITS.items() if key.endswith(ending)), "")
    return bool(words) and unit in words.lower()


def test_every_key_of_a_run_is_described_with_its_unit() -> None:
    assert bare_keys(RunSummary.model_json_schema()) == []


def test_a_key_without_its_unit_would_be_found() -> None:
    schema: Schema = {
        "$defs": {},
        "properties": {
            "a_ms": {"description": "How long."},
            "b_s": {"description": "How long, in seconds."},
            "c": {},
        },
    }
    assert bare_keys(schema) == [".a_ms", ".c"]
