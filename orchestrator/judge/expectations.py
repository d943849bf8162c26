"""One result against one expectation: what it must give, whether it did, and in which words it did
not."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.judge.equality import close, equal
from orchestrator.judge.wording import brief, clip
from orchestrator.records import Expect, Expectation, TaskResult

REASON_LIMIT = 300
SUPERTYPES_OF_JSON: Mapping[str, str] = {"tuple": "list", "None": "NoneType", "null": "NoneType"}
"""What a type's name in a scenario is called after the result went through JSON."""


@dataclass(frozen=True, slots=True)
class Found:
    """``matched`` is None when there was nothing to hold the result against."""

    matched: bool | None
    reason: str | None = None


UNVERIFIED = Found(None)
MATCHED = Found(True)


def check(expectation: Expectation, lead: tuple[Any, ...], result: TaskResult) -> Found:
    """Hold ``result`` against ``expectation``; ``lead`` is the inputs' value, or empty.

    The scenario's ``expect`` wins over the task's own reference. A failure that nobody expected
    does not match; a success that nobody expected anything of is unverified.
    """
    expect = expectation.expect
    if expect is not None and expect.kind != "call":
        found = _against_expect(expectation, expect, result)
    elif expectation.reference is not None:
        found = _against_reference(expectation, expectation.reference, lead, result)
    elif result.state == "SUCCESS":
        found = UNVERIFIED
    else:
        found = Found(False, describe_failure(result))
    return Found(found.matched, found.reason and clip(found.reason, REASON_LIMIT))


def describe_failure(result: TaskResult) -> str:
    """``raised ValueError: message``, or the state when there is no exception."""
    if result.error is None:
        return f"ended as {result.state}"
    try:
        message = str(result.error)
    except Exception:  # a foreign __str__ may raise anything
        message = ""
    name = _error_names(result.error)[0]
    return f"raised {name}: {message}" if message else f"raised {name}"


# ---- expect: in the scenario ----


def _against_expect(expectation: Expectation, expect: Expect, result: TaskResult) -> Found:
    if expect.kind == "raises":
        return _raises((str(expect.value),), result)
    if result.state != "SUCCESS":
        return Found(False, describe_failure(result))
    matches = EXPECTED[expect.kind]
    if expectation.mapped is None:
        return _matches(matches, expect, result.value, "")
    items = len(expectation.args)
    if not isinstance(result.value, list | tuple) or len(result.value) != items:
        return Found(False, f"expected a list of {items}, got {brief(result.value)}")
    for index, value in enumerate(result.value):
        found = _matches(matches, expect, value, f"item {index}: ")
        if not found.matched:
            return found
    return MATCHED


def _matches(
    matches: Callable[[Expect, Any], bool], expect: Expect, value: Any, where: str
) -> Found:
    if matches(expect, value):
        return MATCHED
    wanted = f"type {expect.value}" if expect.kind == "type" else brief(expect.value)
    got = f"{type(value).__name__} {brief(value)}" if expect.kind == "type" else brief(value)
    return Found(False, f"{where}expected {wanted}, got {got}")


def _has_type(expect: Expect, value: Any) -> bool:
    wanted = str(expect.value)
    wanted = SUPERTYPES_OF_JSON.get(wanted, wanted)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        value = value.item() if "." not in wanted else value
    kinds = (bool,) if isinstance(value, bool) else type(value).__mro__
    names = {name for kind in kinds for name in (kind.__name__, _dotted(kind))}
    return wanted in names or (wanted == "list" and isinstance(value, tuple))


EXPECTED: Mapping[str, Callable[[Expect, Any], bool]] = {
    "value": lambda expect, value: equal(expect.value, value, expect.rel),
    "approx": lambda expect, value: close(expect.value, value, expect.rel),
    "type": _has_type,
}


# ---- the reference ----


def _against_reference(
    expectation: Expectation,
    reference: Callable[..., Any],
    lead: tuple[Any, ...],
    result: TaskResult,
) -> Found:
    try:
        expected = _expected(expectation, reference, lead)
    except Exception as error:  # what the reference raises is what the task must raise
        found = _raises(_class_names(type(error))[:1], result)
        if found.matched:
            return found
        return Found(False, f"{found.reason} (the reference said: {brief(str(error), 80)})")
    if result.state != "SUCCESS":
        return Found(False, describe_failure(result))
    if equal(expected, result.value):
        return MATCHED
    return Found(False, _difference(expected, result.value))


def _expected(
    expectation: Expectation, reference: Callable[..., Any], lead: tuple[Any, ...]
) -> Any:
    if expectation.mapped is None:
        return reference(*lead, *expectation.args, **expectation.kwargs)
    if expectation.mapped == "map":
        return [reference(item) for item in expectation.args]
    return [reference(*item) for item in expectation.args]


def _difference(expected: Any, actual: Any) -> str:
    """Both values; for lists of one length, the first item that differs."""
    if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        if len(expected) != len(actual):
            return f"expected {len(expected)} items, got {len(actual)}: {brief(actual)}"
        for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
            if not equal(left, right):
                return f"item {index}: expected {brief(left)}, got {brief(right)}"
    if type(expected) is not type(actual) and brief(expected) == brief(actual):
        return (
            f"expected {type(expected).__name__} {brief(expected)}, "
            f"got {type(actual).__name__} {brief(actual)}"
        )
    return f"expected {brief(expected)}, got {brief(actual)}"


# ---- exceptions, by name: a remote one may be a class made anew ----


def _raises(wanted: tuple[str, ...], result: TaskResult) -> Found:
    if result.state == "SUCCESS":
        return Found(False, f"expected {wanted[0]} to be raised, got {brief(result.value)}")
    if result.error is None:
        return Found(False, f"expected {wanted[0]} to be raised, ended as {result.state}")
    if set(wanted) & set(_error_names(result.error)):
        return MATCHED
    return Found(False, f"expected {wanted[0]}, {describe_failure(result)}")


def _error_names(error: BaseException) -> tuple[str, ...]:
    """The names that ``error`` answers to, its own first: bare and dotted, of its class and its
    bases."""
    # Celery wraps what cannot be pickled and keeps the name (celery/utils/serialization.py).
    wrapped = getattr(error, "exc_cls_name", None)
    own = (str(wrapped),) if wrapped else ()
    return own + _class_names(type(error))


def _class_names(kind: type) -> tuple[str, ...]:
    bases = [base for base in kind.__mro__ if base is not object]
    return tuple(name for base in bases for name in (base.__name__, _dotted(base)))


def _dotted(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
