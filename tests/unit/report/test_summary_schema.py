"""The stored schema, and summaries against it: as it is, and closed, so that a key that nobody has
described is found."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from orchestrator.report.capacity import capacity_summary
from orchestrator.report.experiment import experiment_summary
from orchestrator.report.summary import summary
from orchestrator.report.summary_schema import summary_schema
from tests.unit.report.html.stored_run import HOSTILE, failing_tasks
from tests.unit.report.result_factory import make_pool, make_result, make_task
from tests.unit.report.test_capacity import FOUND
from tests.unit.report.test_experiment import FOUR, experiment

FILE = Path(__file__).parents[3] / "schema" / "summary.schema.json"
Summary = dict[str, Any]


def closed(schema: Any) -> Any:
    """The schema without the permission to have more keys than it names."""
    if isinstance(schema, list):
        return [closed(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if "properties" in made and made.get("type") == "object":
        made["additionalProperties"] = False
    return made


OPEN = jsonschema.Draft202012Validator(summary_schema())
CLOSED = jsonschema.Draft202012Validator(closed(summary_schema()))
RUNS: list[Summary] = [
    summary(make_result()),
    summary(make_result(failing_tasks(), tracebacks={make_task(20).id: "Traceback"})),
    summary(make_result([], samples=[], pools=())),
    summary(make_result(stopped_by="SIGINT", partial=True, exit_code=130, bottleneck="it was")),
    summary(make_result([make_task(0, task=HOSTILE, matched=False)])),
    summary(make_result(pools=(make_pool("a", "solo", 1),))),
    experiment_summary(experiment(*FOUR)),
    experiment_summary(experiment(planned=4, exit_code=130)),
    capacity_summary(FOUND),
]


def test_the_stored_schema_is_current() -> None:
    """`make schema` writes it again."""
    assert FILE.read_text() == json.dumps(summary_schema(), indent=2, sort_keys=True) + "\n"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(summary_schema())


@pytest.mark.parametrize("document", RUNS)
def test_every_summary_is_valid_and_has_no_key_that_is_not_described(document: Summary) -> None:
    stored = json.loads(json.dumps(document))
    OPEN.validate(stored)
    CLOSED.validate(stored)


def test_a_later_version_1_may_have_more_keys() -> None:
    document = json.loads(json.dumps(RUNS[0]))
    document["run"]["new_s"] = 1.0
    OPEN.validate(document)
    assert not CLOSED.is_valid(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("run", "exit_code"), "0"),
        (("run", "duration_s"), None),
        (("verdicts", "ok"), -1),
        (("verdicts", "ids"), []),
        (("metrics", "run", "p95_ms"), "40"),
        (("workloads", "sums", "executor"), "constant"),
        (("thresholds",), {}),
        (("environment", "points_from"), "guess"),
    ],
)
def test_what_is_not_as_described_is_refused(path: tuple[str, ...], value: object) -> None:
    document = deepcopy(json.loads(json.dumps(RUNS[0])))
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    assert not OPEN.is_valid(document)
    del part[path[-1]]
    assert not OPEN.is_valid(document)
