import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from orchestrator.scenario import json_schema

ROOT = Path(__file__).parents[3]
FILE = ROOT / "schema" / "scenario.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json_schema())
SMALL: dict[str, Any] = {
    "version": 1,
    "name": "x",
    "app": "a",
    "workers": {"w": {"queues": ["q"]}},
    "workloads": {"a": {"executor": "shared-iterations", "canvas": {"task": "add"}}},
}


def _workload(**over: Any) -> dict[str, Any]:
    return {"workloads": {"a": {**SMALL["workloads"]["a"], **over}}}


def test_the_stored_schema_is_current() -> None:
    """`make schema` writes it again."""
    assert FILE.read_text() == json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_scenarios_are_valid(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=../schema/scenario.schema.json\n")
    VALIDATOR.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "over",
    [
        {"version": 2},
        {"zzz": 1},
        {"name": "A B"},
        {"warmup": 5},
        {"warmup": "5"},
        {"repeats": 0},
        {"faults": [{"kind": "worker-kill", "worker": "w"}]},
        {"faults": [{"at": "1s", "kind": "worker-stop", "worker": "w"}]},
        {"faults": [{"at": "1s", "kind": "broker-pause"}]},
        {"faults": {"at": "1s"}},
        {"matrix": []},
        {"matrix": {"seed": 1}},
        {"workers": "atach"},
        {"workers": {"w": {"queues": ["q"], "pool": "process"}}},
        {"workers": {"w": {"queues": []}}},
        {"target": {"broker": "rabbit"}},
        {"target": {"broker": "rpc://"}},
        {"target": {"results": "rabbitmq"}},
        {"thresholds": {"verified": "rate==1"}},
        _workload(executor="ramping-vus", stages=[{"duration": "5s", "target": "1"}]),
        {"workers": {"a/b": {"queues": ["q"]}}},
        _workload(duration="5s"),
        _workload(timeout=5),
        _workload(aggregate="summ"),
        _workload(canvas={"task": "add", "group": []}),
        _workload(canvas={"task": "add", "args": [{"a": 1}]}),
        _workload(canvas={"task": "add", "args": [{"int": [1]}]}),
        _workload(canvas={"task": "add", "options": {"countdown": 5}}),
        _workload(canvas={"task": "add", "expect": {"value": 1, "type": "int"}}),
    ],
)
def test_it_refuses_what_the_loader_refuses(over: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid({**SMALL, **over})


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"seed": "${SEED:-7}"},
        {"workers": {"w": {"queues": ["q"], "pool": "${POOL}", "concurrency": "${N}"}}},
        {"target": {"broker": "${BROKER:-redis://h}"}},
        _workload(timeout="${T:-5s}", iterations="${I}"),
        _workload(canvas={"task": "add", "args": [{"int": [1, 2]}, [None, 1.5], {"literal": {}}]}),
    ],
)
def test_it_takes_what_the_loader_takes(over: dict[str, Any]) -> None:
    VALIDATOR.validate({**SMALL, **over})


def test_defaults_are_written_as_a_file_writes_them() -> None:
    properties = json_schema()["$defs"]["SharedIterations"]["properties"]
    assert properties["max_duration"]["default"] == "600s"
    assert properties["vus"]["default"] == 1


def test_every_key_is_described_for_the_editor() -> None:
    schema = json_schema()
    mappings = {"": schema, **schema["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, mapping in mappings.items()
        for key, value in mapping.get("properties", {}).items()
        if not ("description" in value or "$ref" in value or value.get("items"))
    ]
    assert bare == []
