"""``matrix`` and ``repeats``: which runs they make of a scenario, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.errors import ScenarioError
from orchestrator.scenario import Variant, load, load_variants
from tests.unit.scenario.conftest import SMALL


@pytest.fixture
def variants(tmp_path: Path) -> Callable[..., tuple[list[Variant], int]]:
    def loads(*, options: dict[str, Any] | None = None, **over: Any) -> tuple[list[Variant], int]:
        path = tmp_path / "s.yaml"
        path.write_text(yaml.safe_dump({**SMALL, **over}, sort_keys=False))
        return load_variants(path, environ={}, **(options or {}))

    return loads


Load = Callable[..., tuple[list[Variant], int]]


def test_without_a_matrix_there_is_one(variants: Load) -> None:
    (variant,), repeats = variants()
    assert (variant.settings, repeats, variant.plan.name) == ({}, 1, "small")


def test_every_combination_in_the_order_of_the_file(variants: Load) -> None:
    matrix = {"workers.w.pool": ["prefork", "threads"], "seed": [1, 2]}
    found, repeats = variants(matrix=matrix, repeats=3)
    assert repeats == 3
    assert [(v.plan.pools[0].pool, v.plan.seed) for v in found] == [
        ("prefork", 1),
        ("prefork", 2),
        ("threads", 1),
        ("threads", 2),
    ]
    assert found[1].settings == {"workers.w.pool": "prefork", "seed": 2}
    # What is written beside the run can be run again, alone.
    assert not {"matrix", "repeats"} & found[1].plan.source.keys()


def test_a_value_may_be_a_mapping(variants: Load) -> None:
    pools = [{"queues": ["add"], "pool": "solo"}, {"queues": ["add"], "concurrency": 4}]
    found, _ = variants(matrix={"workers.w": pools})
    assert [v.plan.pools[0].concurrency for v in found] == [1, 4]


def test_vary_is_a_matrix_from_the_command_line(variants: Load) -> None:
    options = {"vary": ["workers.w.concurrency=1, 2", "workers.w.pool=threads"]}
    found, _ = variants(options=options, matrix={"workers.w.concurrency": [8]})
    assert [v.settings for v in found] == [
        {"workers.w.concurrency": 1, "workers.w.pool": "threads"},
        {"workers.w.concurrency": 2, "workers.w.pool": "threads"},
    ]


def test_load_leaves_the_matrix_out(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump({**SMALL, "matrix": {"seed": [1, 2]}}))
    assert load(path, environ={}).seed == 0


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ({"matrix": []}, "matrix: a matrix is a mapping: write dotted.key: [A, B]"),
        ({"matrix": {}}, "matrix: a matrix is a mapping: write dotted.key: [A, B]"),
        ({"matrix": {"seed": 1}}, "matrix.seed: the values of a key are a list: write [A, B]"),
        ({"matrix": {"seed": []}}, "matrix.seed: the values of a key are a list: write [A, B]"),
        ({"matrix": {"a..b": [1]}}, "'a..b' is not a dotted key"),
        ({"matrix": {"repeats": [1]}}, "matrix.repeats: repeats cannot be varied"),
        ({"matrix": {"seed": [1, "x"]}}, "seed: a whole number is needed, not 'x'"),
        ({"matrix": {"workers.w.pol": ["solo"]}}, "workers.w.pol: "),
        ({"matrix": {"seed": list(range(600))}, "repeats": 2}, "these are 1,200 runs: at most"),
        ({"repeats": 0}, "repeats: 0 is not a number of runs: 1 to 1,000"),
        ({"repeats": "2"}, "repeats: '2' is not a number of runs"),
    ],
)
def test_refused(variants: Load, over: dict[str, Any], problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        variants(**over)
    (only,) = caught.value.problems
    assert problem in str(only)
    assert only.line > 1, "the place in the file, not on the command line"


@pytest.mark.parametrize("text", ["workers.w.pool", "=1", "seed=", "seed= "])
def test_vary_must_be_a_key_and_values(variants: Load, text: str) -> None:
    with pytest.raises(ScenarioError, match="is not KEY=A,B,C"):
        variants(options={"vary": [text]})


def test_pools_that_are_there_cannot_be_varied(variants: Load) -> None:
    options = {"target": "attach"}
    with pytest.raises(ScenarioError, match="their pools cannot be varied"):
        variants(options=options, matrix={"workers.w.pool": ["solo"]})
