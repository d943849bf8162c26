"""``matrix``: one scenario for each combination of the values of some of its keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from orchestrator.errors import Problem, ScenarioError
from orchestrator.scenario.overrides import parse_path, put
from orchestrator.scenario.tree import Entry, ListTree, MapTree, Mark, Tree, plain
from orchestrator.scenario.yaml_source import read_yaml

MATRIX = "matrix"
REPEATS = "repeats"
VARY = "--vary"
MAX_RUNS = 1_000


@dataclass(frozen=True, slots=True)
class Combination:
    """A scenario without ``matrix`` and ``repeats``, and the values that were put into it."""

    tree: MapTree
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Axis:
    """One key of the matrix."""

    key: str
    steps: tuple[tuple[str, Mark], ...]
    values: tuple[Tree, ...]


def with_vary(
    root: Tree, varied: Sequence[str], environ: Mapping[str, str]
) -> tuple[Tree, list[Problem]]:
    """The tree with each ``KEY=A,B,C`` put into its matrix, and what is wrong with the values."""
    problems: list[Problem] = []
    for text in varied:
        key, separator, values = text.partition("=")
        mark = Mark(VARY)
        if not separator or not key or not values.strip():
            message = f"{text[:60]!r} is not KEY=A,B,C"
            raise ScenarioError([mark.problem((), message)])
        tree, found = read_yaml(f"[{values}]", VARY, environ, column=len(key) + 1)
        problems += found
        root = put(root, ((MATRIX, mark), (key, mark)), tree)
    return root, problems


def expand(root: MapTree, *, attach: bool = False) -> Iterator[Combination]:
    """One for each combination of the values of the matrix, the last key changing fastest; just one
    without a matrix.

    Raises ScenarioError for a matrix that is none, for keys that lead nowhere, and for pools to be
    varied where the workers are there already (``attach``)."""
    axes = list(_axes(root, attach=attach))
    _check_size(root, axes)
    bare = MapTree(
        root.mark, {key: e for key, e in root.entries.items() if key not in (MATRIX, REPEATS)}
    )
    for values in product(*(axis.values for axis in axes)):
        tree: Tree = bare
        for axis, value in zip(axes, values, strict=True):
            tree = put(tree, axis.steps, value)
        assert isinstance(tree, MapTree)
        settings = {axis.key: plain(value) for axis, value in zip(axes, values, strict=True)}
        yield Combination(tree, settings)


def _axes(root: MapTree, *, attach: bool) -> Iterator[_Axis]:
    entry = root.entries.get(MATRIX)
    if entry is None or plain(entry.value) is None:
        return
    if not isinstance(entry.value, MapTree) or not entry.value.entries:
        raise _refused(entry.value.mark, "a matrix is a mapping: write dotted.key: [A, B]", MATRIX)
    for key, below in entry.value.entries.items():
        if not isinstance(below.value, ListTree) or not below.value.members:
            message = "the values of a key are a list: write [A, B]"
            raise _refused(below.value.mark, message, MATRIX, key)
        yield _Axis(key, _steps(key, below, attach=attach), tuple(below.value.members))


def _steps(key: str, entry: Entry, *, attach: bool) -> tuple[tuple[str, Mark], ...]:
    try:
        parts, _ = parse_path(f"{key}=")
    except ScenarioError as exc:
        message = f"{key!r} is not a dotted key (quote a part that holds dots)"
        raise _refused(entry.key_mark, message, MATRIX, key) from exc
    first = parts[0][0]
    if first in (MATRIX, REPEATS, "version"):
        raise _refused(entry.key_mark, f"{first} cannot be varied", MATRIX, key)
    if attach and first == "workers":
        message = "the workers are there already (attach): their pools cannot be varied"
        raise _refused(entry.key_mark, message, MATRIX, key)
    return tuple((part, entry.key_mark) for part, _ in parts)


def _check_size(root: MapTree, axes: Sequence[_Axis]) -> None:
    repeats = plain(root.entries[REPEATS].value) if REPEATS in root.entries else 1
    count = prod(len(axis.values) for axis in axes)
    runs = count * repeats if isinstance(repeats, int) else count
    if runs > MAX_RUNS:
        message = f"these are {runs:,} runs: at most {MAX_RUNS:,}"
        raise _refused(root.entries[MATRIX if axes else REPEATS].value.mark, message, MATRIX)


def _refused(mark: Mark, message: str, *path: str) -> ScenarioError:
    return ScenarioError([mark.problem(path, message)])
