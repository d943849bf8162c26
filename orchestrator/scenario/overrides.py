"""`--set`, `--target` and `--broker`: what the command line puts over the file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.errors import Problem, ScenarioError
from orchestrator.scenario.tree import Entry, ListTree, MapTree, Mark, Path, Scalar, Tree, dotted
from orchestrator.scenario.yaml_source import MAX_DEPTH, read_yaml

SET = "--set"
BROKER = "--broker"
TARGET = "--target"

_PART = re.compile(r'"([^"]*)"|([^."=]*)')
_POSITION = re.compile(r"0|[1-9][0-9]{0,5}")


def apply_sets(
    root: Tree, overrides: Sequence[str], environ: Mapping[str, str]
) -> tuple[Tree, list[Problem]]:
    """The tree with every `dotted.key=value` put into it, in order, and what is wrong with them."""
    problems: list[Problem] = []
    for text in overrides:
        try:
            root, found = _apply(root, text, environ)
            problems += found
        except ScenarioError as exc:
            problems += exc.problems
    return root, problems


def with_value(root: Tree, path: Sequence[str], value: Scalar) -> Tree:
    """The tree with the value put at the path, as if it stood there."""
    return put(root, [(part, value.mark) for part in path], value)


def with_broker(root: Tree, broker: str, file: str = BROKER) -> Tree:
    """The tree with `target.broker` replaced."""
    return with_value(root, ("target", "broker"), Scalar(Mark(file), broker))


def with_target(root: Tree, target: Tree) -> Tree:
    """The tree with the whole of `target` replaced."""
    return put(root, (("target", target.mark),), target)


def _apply(root: Tree, text: str, environ: Mapping[str, str]) -> tuple[Tree, list[Problem]]:
    steps, at = parse_path(text)
    value, problems = _parse_value(text[at:], at + 1, environ)
    return put(root, steps, value), problems


def parse_path(text: str) -> tuple[tuple[tuple[str, Mark], ...], int]:
    """The parts of a dotted key before the `=` with their places, and where the value starts.
    Raises ScenarioError."""
    steps: list[tuple[str, Mark]] = []
    at = 0
    while True:
        match = _PART.match(text, at)
        part = "" if match is None else (match[1] if match[1] is not None else match[2])
        end = at if match is None else match.end()
        if not part or end >= len(text) or text[end] not in ".=":
            raise ScenarioError(
                [
                    Mark(SET, 1, end + 1).problem(
                        (), f"{text[:60]!r} is not dotted.key=value (quote a key that holds dots)"
                    )
                ]
            )
        steps.append((part, Mark(SET, 1, at + 1)))
        at = end + 1
        if text[end] == "=":
            return tuple(steps), at
        if len(steps) >= MAX_DEPTH:
            raise ScenarioError(
                [Mark(SET, 1, at).problem((), f"nested too deeply: at most {MAX_DEPTH}")]
            )


def _parse_value(text: str, column: int, environ: Mapping[str, str]) -> tuple[Tree, list[Problem]]:
    if not text.strip():
        return Scalar(Mark(SET, 1, column), None), []
    return read_yaml(text, SET, environ, column=column)


def put(root: Tree, steps: Sequence[tuple[str, Mark]], value: Tree) -> Tree:
    """A copy of the tree with `value` at the end of `steps`. Aliases share branches of a tree, so
    no branch is ever changed in place."""
    return _put_below(root, steps, value, ())


def _put_below(tree: Tree, steps: Sequence[tuple[str, Mark]], value: Tree, done: Path) -> Tree:
    if not steps:
        return value
    (part, mark), rest = steps[0], steps[1:]
    if isinstance(tree, ListTree):
        position = _position(tree, part, mark, done)
        member = _put_below(tree.members[position], rest, value, (*done, position))
        members = (*tree.members[:position], member, *tree.members[position + 1 :])
        return replace(tree, members=members)
    # An override may open up what was a scalar: `workers=attach` in the file, `workers.a.pool=`
    # over it.
    entries = dict(tree.entries) if isinstance(tree, MapTree) else {}
    old = entries.get(part)
    below = old.value if old else MapTree(mark, {})
    entries[part] = Entry(mark if not rest else (old.key_mark if old else mark), value)
    entries[part] = replace(entries[part], value=_put_below(below, rest, value, (*done, part)))
    return MapTree(tree.mark if isinstance(tree, MapTree) else mark, entries)


def _position(tree: ListTree, part: str, mark: Mark, done: Path) -> int:
    if _POSITION.fullmatch(part) and int(part) < len(tree.members):
        return int(part)
    size = len(tree.members)
    known = f"its members are 0 to {size - 1}" if size else "it has none"
    message = f"{dotted(done)} is a list of {size}: {known}"
    raise ScenarioError([mark.problem((*done, part), message)])
