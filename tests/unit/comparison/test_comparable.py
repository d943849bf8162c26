from pathlib import Path
from typing import Any

import pytest

from orchestrator.comparison.comparable import environment_changes, mismatches
from orchestrator.comparison.sides import Side, read_side
from tests.unit.comparison.stored_sides import SOURCE, experiment, stored
from tests.unit.report.result_factory import make_broker


def sides(tmp_path: Path, **changes: Any) -> tuple[Side, Side]:
    stored(tmp_path / "base", 1)
    stored(tmp_path / "head", 2, **changes)
    return read_side(str(tmp_path / "base")), read_side(str(tmp_path / "head"))


def test_the_same_scenario_on_the_same_machine_can_be_compared(tmp_path: Path) -> None:
    words = {"name": "other", "description": "x", "repeats": 3, "thresholds": {"verified": []}}
    assert mismatches(*sides(tmp_path, source={**SOURCE, **words})) == ()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({**SOURCE, "seed": 3}, "seed: nothing -> 3"),
        (
            {**SOURCE, "workers": {"add": {"queues": ["add"], "pool": "gevent"}}},
            "workers.add.pool: 'threads' -> 'gevent'",
        ),
        (
            {
                **SOURCE,
                "workloads": {
                    "sums": {"executor": "constant-vus", "canvas": {"task": "add", "args": [1]}}
                },
            },
            "workloads.sums.canvas.args.1: 2 -> nothing",
        ),
    ],
)
def test_another_scenario_is_another_one(tmp_path: Path, source: Any, said: str) -> None:
    (found,) = mismatches(*sides(tmp_path, source=source))
    assert found.kind == "scenario"
    assert said in found.words


def test_many_differences_are_not_all_listed(tmp_path: Path) -> None:
    source = {**SOURCE, **{f"key{number}": number for number in range(20)}}
    (found,) = mismatches(*sides(tmp_path, source=source))
    assert "key7" in found.words
    assert "key8" not in found.words
    assert found.words.endswith("and 12 more")


def test_what_an_experiment_varies_may_differ(tmp_path: Path) -> None:
    place = experiment(tmp_path, {"threads": range(1, 3), "solo": range(3, 5)})
    base, head = (read_side(f"{place}#pool={pool}") for pool in ("threads", "solo"))
    assert mismatches(base, head) == ()


def test_a_side_is_of_one_scenario(tmp_path: Path) -> None:
    stored(tmp_path / "base" / "1", 1)
    stored(tmp_path / "base" / "2", 2, source={**SOURCE, "seed": 3})
    stored(tmp_path / "head", 3)
    base, head = (read_side(str(tmp_path / name)) for name in ("base", "head"))
    (found,) = mismatches(base, head)
    assert found.words.startswith("the runs of BASE are not of one scenario")
    assert "seed: nothing -> 3" in found.words


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ({"cpus": 4, "memory_bytes": 8 * 2**30}, "2 processors -> 4"),
        ({"cpus": 2, "memory_bytes": 16 * 2**30}, "memory 8.0 GiB -> 16.0 GiB"),
    ],
)
def test_another_machine_is_said(tmp_path: Path, host: dict[str, int], said: str) -> None:
    (found,) = mismatches(*sides(tmp_path, host=host))
    assert (found.kind, said in found.words) == ("host", True)


def test_a_boot_takes_a_little_memory(tmp_path: Path) -> None:
    assert mismatches(*sides(tmp_path, host={"cpus": 2, "memory_bytes": 8 * 2**30 - 2**27})) == ()


def test_a_partial_run_is_said(tmp_path: Path) -> None:
    (found,) = mismatches(*sides(tmp_path, partial=True, stopped_by="SIGINT"))
    assert found.kind == "partial"
    assert "the run of HEAD is partial" in found.words
    assert found.words.endswith("SIGINT")


def test_versions_are_no_obstacle(tmp_path: Path) -> None:
    from dataclasses import replace

    versions = {"orchestrator": "0.1.0", "celery": "5.6.0", "kombu": "5.7.0", "python": "3.11"}
    base, head = sides(tmp_path, versions=versions, broker=replace(make_broker(), version="8.0"))
    assert mismatches(base, head) == ()
    found = {each.name: (each.base, each.head) for each in environment_changes(base, head)}
    assert found == {
        "celery": ("5.7.0", "5.6.0"),
        "broker": ("embedded Redis 7.0.15", "embedded Redis 8.0"),
    }
    assert environment_changes(base, base) == ()
