"""Files and options -> a Plan, or every problem at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.errors import Problem, ScenarioError
from orchestrator.records import Plan
from orchestrator.scenario.attaching import ATTACH, attach
from orchestrator.scenario.checks import Finding, attached, attached_backlog, combinations
from orchestrator.scenario.matrix import MATRIX, MAX_RUNS, REPEATS, expand, with_vary
from orchestrator.scenario.models import Scenario
from orchestrator.scenario.overrides import TARGET, apply_sets, with_broker, with_target
from orchestrator.scenario.parts import parts_of, valid_parts
from orchestrator.scenario.plan import plan_of
from orchestrator.scenario.quantities import shown
from orchestrator.scenario.strict_model import MAX_PROBLEMS, TAG, UNKNOWN_KEY
from orchestrator.scenario.threshold_checks import thresholds
from orchestrator.scenario.tree import ListTree, MapTree, Mark, Marks, Path, Scalar, Tree, plain
from orchestrator.scenario.yaml_source import MAX_CHARACTERS, MAX_DEPTH, read_yaml


@dataclass(frozen=True, slots=True)
class Variant:
    """One scenario to run: its plan, the places in its file for later problems (`Marks.problem`),
    and the values of the matrix that are in it."""

    plan: Plan
    marks: Marks
    settings: Mapping[str, Any]


def load(
    path: FilePath,
    *,
    overrides: Sequence[str] = (),
    target: str | None = None,
    broker: str | None = None,
    environ: Mapping[str, str],
) -> Plan:
    """Read, check and plan a scenario file, without its matrix.

    `overrides` are `dotted.key=value`; `target` is a file with what stands under `target:`, a
    broker's URL, or the word `attach`; `broker` wins over everything. `environ` fills in `${VAR}`.
    Raises ScenarioError with all problems."""
    plan, _ = load_with_marks(
        path, overrides=overrides, target=target, broker=broker, environ=environ
    )
    return plan


def load_with_marks(path: FilePath, **options: Any) -> tuple[Plan, Marks]:
    """As `load`; the marks find the place in the file for a later problem (`Marks.problem`)."""
    root, problems, found_in = _read(path, **options)
    without = {key: entry for key, entry in root.entries.items() if key != MATRIX}
    return _planned(MapTree(root.mark, without), problems, found_in)


def load_variants(
    path: FilePath, *, vary: Sequence[str] = (), **options: Any
) -> tuple[list[Variant], int]:
    """All combinations of a scenario's matrix (one without a matrix), and how often each is to be
    run. The options are those of `load`, and `vary`: `dotted.key=A,B,C`.

    Raises ScenarioError with all problems of all of them."""
    root, problems, found_in = _read(path, vary=vary, **options)
    known = set(problems)
    variants = []
    for combination in expand(root, attach=options.get("target") == ATTACH):
        try:
            plan, marks = _planned(combination.tree, [], found_in)
            variants.append(Variant(plan, marks, combination.settings))
        except ScenarioError as exc:
            known.update(exc.problems)
    repeats, found = _repeats(root)
    known.update(found)
    if known:
        raise _error(known)
    return variants, repeats


def _repeats(root: MapTree) -> tuple[int, list[Problem]]:
    entry = root.entries.get(REPEATS)
    value = 1 if entry is None else plain(entry.value)
    if type(value) is int and 1 <= value <= MAX_RUNS:
        return value, []
    message = f"{shown(value)} is not a number of runs: 1 to {MAX_RUNS:,}"
    return 1, [(entry.value.mark if entry else root.mark).problem((REPEATS,), message)]


def _read(
    path: FilePath,
    *,
    overrides: Sequence[str] = (),
    target: str | None = None,
    broker: str | None = None,
    vary: Sequence[str] = (),
    environ: Mapping[str, str],
) -> tuple[MapTree, list[Problem], str]:
    """The tree of the file with everything put over it; and where its broker was found, when
    nobody named one."""
    root, problems = _read_file(path, str(path), environ)
    if target is not None and target != ATTACH:
        root, found = _targeted(root, target, environ)
        problems += found
    for put_over, texts in ((apply_sets, overrides), (with_vary, vary)):
        root, found = put_over(root, texts, environ)
        problems += found
    if broker is not None:
        root = with_broker(root, broker)
    found_in = ""
    if target == ATTACH:
        root, found_in = attach(root, environ)
    if not isinstance(root, MapTree):
        problems.append(root.mark.problem((), "a scenario is a mapping: write key: value lines"))
        raise _error(problems)
    _check_depth(root, problems)
    return root, problems, found_in


def _planned(root: MapTree, problems: list[Problem], found_in: str) -> tuple[Plan, Marks]:
    data, marks = plain(root), Marks(root)
    scenario, findings = _validated(data)
    # What is wrong with a value already (a variable that is not set) is not said twice.
    known = {(problem.file, problem.line, problem.column) for problem in problems}
    for finding in findings:
        problem = marks.problem(finding.path, finding.message, at_key=finding.at_key)
        if (problem.file, problem.line, problem.column) not in known:
            problems.append(problem)
    if problems or scenario is None:
        raise _error(problems)
    return plan_of(scenario, data, found_in), marks


def _validated(data: dict[str, Any]) -> tuple[Scenario | None, list[Finding]]:
    findings = list(attached_backlog(data))
    scenario: Scenario | None = None
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as exc:
        findings += map(_finding, exc.errors(include_url=False, include_input=False))
        parts = valid_parts(data)
    else:
        parts = parts_of(scenario, data)
        findings += attached(scenario)
    findings += combinations(parts)
    findings += thresholds(parts)
    return scenario, findings


def _finding(error: ErrorDetails) -> Finding:
    """The path of a pydantic error: its `loc` without the tags of unions."""
    loc = error["loc"]
    names_key = bool(loc) and loc[-1] == "[key]"
    path: Path = tuple(
        part
        for part in (loc[:-1] if names_key else loc)
        if not (isinstance(part, str) and part.startswith(TAG))
    )
    return Finding(path, error["msg"], at_key=names_key or error["type"] == UNKNOWN_KEY)


def _error(problems: Iterable[Problem]) -> ScenarioError:
    found = sorted(set(problems))
    if len(found) > MAX_PROBLEMS:
        last = found[MAX_PROBLEMS]
        more = Mark(last.file, last.line, last.column).problem(
            (), f"and more: only the first {MAX_PROBLEMS} problems are shown"
        )
        found = [*found[:MAX_PROBLEMS], more]
    return ScenarioError(found)


def _targeted(root: Tree, target: str, environ: Mapping[str, str]) -> tuple[Tree, list[Problem]]:
    if "://" in target:
        return with_broker(root, target, TARGET), []
    tree, problems = _read_file(FilePath(target), target, environ)
    if not isinstance(tree, MapTree):
        message = "a target file holds what stands under target: (broker, results, settings)"
        raise ScenarioError([*problems, tree.mark.problem((), message)])
    return with_target(root, tree), problems


def _read_file(path: FilePath, name: str, environ: Mapping[str, str]) -> tuple[Tree, list[Problem]]:
    return read_yaml(_text(path, name), name, environ)


def _text(path: FilePath, name: str) -> str:
    try:
        with path.open("rb") as file:
            # One more than is allowed, or a device file would be read for ever.
            raw = file.read(4 * MAX_CHARACTERS + 1)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise ScenarioError([Mark(name).problem((), f"cannot be read: {reason}")]) from exc
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = raw[: exc.start].decode("utf-8", "replace")
        mark = Mark(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ScenarioError([mark.problem((), "the file is not UTF-8 text")]) from exc


def _check_depth(root: Tree, problems: Iterable[Problem]) -> None:
    """Aliases and overrides can nest what is not too deep by itself."""
    level: list[Tree] = [root]
    for _ in range(MAX_DEPTH + 1):
        level = [below for tree in level for below in _below(tree)]
        if not level:
            return
    message = f"nested too deeply: at most {MAX_DEPTH} levels"
    raise _error([*problems, level[0].mark.problem((), message)])


def _below(tree: Tree) -> Iterable[Tree]:
    if isinstance(tree, Scalar):
        return ()
    if isinstance(tree, ListTree):
        return tree.members
    return [entry.value for entry in tree.entries.values()]
