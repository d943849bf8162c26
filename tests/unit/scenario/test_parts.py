from typing import Any

from orchestrator.scenario.models import Scenario
from orchestrator.scenario.parts import parts_of, valid_parts

GOOD = {"executor": "shared-iterations", "canvas": {"task": "add"}}
DATA: dict[str, Any] = {
    "version": 1,
    "name": "x",
    "app": "a",
    "workers": {"w": {"queues": ["add"]}},
    "workloads": {"a": GOOD},
    "thresholds": {"verified": ["rate==1", {"threshold": "rate>0"}]},
}


def test_the_parts_of_a_valid_scenario() -> None:
    parts = parts_of(Scenario.model_validate(DATA), DATA)
    assert parts.all_pools
    assert parts.all_workloads
    assert parts.thresholds["verified"] == (
        (("thresholds", "verified", 0), "rate==1"),
        (("thresholds", "verified", 1, "threshold"), "rate>0"),
    )


def test_what_is_wrong_is_left_out_and_known_to_be_missing() -> None:
    data = {
        **DATA,
        "workers": {"w": {"queues": ["add"]}, "bad": {}},
        "workloads": {"a": GOOD, "bad": 5},
        "target": {"broker": 5},
        "thresholds": {"verified": 5, "errors": [5, {"x": 1}, "rate==0"]},
    }
    parts = valid_parts(data)
    assert (list(parts.pools), parts.pool_names, parts.all_pools) == (["w"], ("w", "bad"), False)
    assert (list(parts.workloads), parts.all_workloads) == (["a"], False)
    assert list(parts.canvases) == ["a"]
    assert parts.target.broker == "embedded"
    assert parts.thresholds == {
        "verified": (),
        "errors": ((("thresholds", "errors", 2), "rate==0"),),
    }


def test_nothing_at_all_has_no_parts() -> None:
    parts = valid_parts({"workers": 5})
    assert not parts.all_pools
    assert not parts.all_workloads
