import math
from typing import Any

import numpy as np
import pytest

from orchestrator.judge.expectations import Found, check, describe_failure
from orchestrator.records import TaskResult
from tests.unit.judge.outcome_factory import expecting, failure, make_expectation, success


class CustomError(ValueError):
    pass


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def against(expect: Any, result: TaskResult, **changes: Any) -> Found:
    return check(make_expectation("a", 4, 6, expect=expect, **changes), (), result)


@pytest.mark.parametrize(
    ("kind", "wanted", "value", "matched"),
    [
        ("value", 10, 10, True),
        ("value", 10, 11, False),
        ("value", [1, 2], (1, 2), True),
        ("approx", 1.5, 1.5 + 1e-12, True),
        ("approx", 2, 2.0, True),
        ("approx", 1.5, 1.6, False),
        ("type", "int", 10, True),
        ("type", "int", True, False),
        ("type", "bool", True, True),
        ("type", "int", 1.0, False),
        ("type", "float", np.float64(1.0), True),
        ("type", "numpy.float64", np.float64(1.0), True),
        ("type", "int", np.int64(1), True),
        ("type", "ndarray", np.zeros(2), True),
        ("type", "numpy.ndarray", np.zeros(2), True),
        ("type", "tuple", [1], True),
        ("type", "list", (1,), True),
        ("type", "None", None, True),
        ("type", "NoneType", None, True),
        ("type", "dict", [], False),
    ],
)
def test_expect_of_the_scenario(kind: str, wanted: Any, value: Any, matched: bool) -> None:
    found = against(expecting(kind, wanted), success("a", value))
    assert found.matched is matched
    assert (found.reason is None) is matched


def test_reasons_name_both_sides() -> None:
    assert against(expecting("value", 10), success("a", 11)).reason == "expected 10, got 11"
    found = against(expecting("type", "int"), success("a", "x"))
    assert found.reason == "expected type int, got str 'x'"


def test_rel_of_approx() -> None:
    assert against(expecting("approx", 100.0, 0.1), success("a", 105.0)).matched
    assert not against(expecting("approx", 100.0, 0.01), success("a", 105.0)).matched


@pytest.mark.parametrize(
    "wanted", ["CustomError", "ValueError", "Exception", "builtins.ValueError"]
)
def test_raises_goes_by_the_names_of_the_class_and_its_bases(wanted: str) -> None:
    assert against(expecting("raises", wanted), failure("a", CustomError("no"))).matched is True


def test_a_class_made_anew_from_its_name_matches() -> None:
    remote = type("SoftTimeLimitExceeded", (Exception,), {})
    assert against(expecting("raises", "SoftTimeLimitExceeded"), failure("a", remote())).matched


def test_an_exception_that_could_not_be_pickled_answers_to_its_own_name() -> None:
    wrapped = Exception("x")
    wrapped.exc_cls_name = "Odd"  # type: ignore[attr-defined]
    assert against(expecting("raises", "Odd"), failure("a", wrapped)).matched


def test_raises_not_met() -> None:
    other = against(expecting("raises", "KeyError"), failure("a", ValueError("no")))
    assert other == Found(False, "expected KeyError, raised ValueError: no")
    none = against(expecting("raises", "KeyError"), success("a", 5))
    assert none == Found(False, "expected KeyError to be raised, got 5")
    silent = against(expecting("raises", "KeyError"), failure("a", None, "REVOKED"))
    assert silent == Found(False, "expected KeyError to be raised, ended as REVOKED")


def test_a_failure_where_a_value_was_expected() -> None:
    found = against(expecting("value", 10), failure("a", ValueError("boom")))
    assert found == Found(False, "raised ValueError: boom")


def test_nothing_to_hold_it_against() -> None:
    assert against(None, success("a", 5)) == Found(None)
    assert against(None, failure("a", ValueError("boom"))).matched is False
    assert against(None, failure("a", None, "REVOKED")).reason == "ended as REVOKED"


def test_an_exception_without_words() -> None:
    assert describe_failure(failure("a", UnspeakableError())) == "raised UnspeakableError"
    assert describe_failure(failure("a", ValueError())) == "raised ValueError"


# ---- the reference ----


def add(x: int, y: int, *, twice: bool = False) -> int:
    return (x + y) * (2 if twice else 1)


def refuse(*args: Any) -> None:
    raise CustomError("bad arguments")


def test_the_reference_is_called_with_inputs_args_and_kwargs() -> None:
    expectation = make_expectation("a", 6, kwargs={"twice": True}, reference=add)
    assert check(expectation, (4,), success("a", 20)).matched is True
    assert check(expectation, (4,), success("a", 21)) == Found(False, "expected 20, got 21")


def test_expect_wins_over_the_reference_and_call_names_it() -> None:
    assert against(expecting("value", 7), success("a", 7), reference=add).matched is True
    call = expecting("call", "module:function")
    assert against(call, success("a", 10), reference=add).matched is True
    assert against(call, success("a", 7), reference=add).matched is False


def test_what_the_reference_raises_the_task_must_raise() -> None:
    assert against(None, failure("a", CustomError("x")), reference=refuse).matched is True
    got = against(None, success("a", 5), reference=refuse)
    assert got.matched is False
    assert got.reason == (
        "expected CustomError to be raised, got 5 (the reference said: 'bad arguments')"
    )
    # A plain ValueError is not the subclass that was asked for.
    assert against(None, failure("a", ValueError("x")), reference=refuse).matched is False


def test_a_failure_where_the_reference_gives_a_value() -> None:
    found = against(None, failure("a", OSError("gone")), reference=add)
    assert found == Found(False, "raised OSError: gone")


def test_huge_integers_in_reasons() -> None:
    expectation = make_expectation("a", 20_000, reference=math.factorial)
    found = check(expectation, (), success("a", math.factorial(20_000) + 1))
    assert found.matched is False
    assert found.reason is not None
    assert found.reason.count("(77,338 digits)") == 2


def test_values_that_look_alike_are_told_apart_by_type() -> None:
    def zero() -> Any:
        return np.zeros(3)

    found = check(make_expectation("a", reference=zero), (), success("a", np.zeros(4)))
    assert found.matched is False
    one = check(make_expectation("a", reference=lambda: True), (), success("a", 1))
    assert one.reason == "expected True, got 1"
    integral = check(make_expectation("a", reference=lambda: 10), (), success("a", 10.0))
    assert integral.reason == "expected 10, got 10.0"


def test_long_reasons_are_clipped() -> None:
    found = against(None, failure("a", ValueError("x" * 100_000)))
    assert found.reason is not None
    assert len(found.reason) == 300


# ---- map, starmap, chunks ----


def test_map_applies_the_reference_to_each_item() -> None:
    expectation = make_expectation("a", 3, 4, mapped="map", reference=math.factorial)
    assert check(expectation, (), success("a", [6, 24])).matched is True
    assert check(expectation, (), success("a", [6, 25])).reason == "item 1: expected 24, got 25"
    short = check(expectation, (), success("a", [6]))
    assert short.reason == "expected 2 items, got 1: [6]"


@pytest.mark.parametrize("kind", ["starmap", "chunks"])
def test_starmap_and_chunks_spread_each_item(kind: str) -> None:
    expectation = make_expectation("a", (1, 2), [3, 4], mapped=kind, reference=add)
    assert check(expectation, (), success("a", [3, 7])).matched is True


def test_expect_of_a_mapped_task_holds_for_each_item() -> None:
    expectation = make_expectation("a", 1, 2, mapped="map", expect=expecting("type", "int"))
    assert check(expectation, (), success("a", [5, 6])).matched is True
    assert check(expectation, (), success("a", [5, "x"])) == Found(
        False, "item 1: expected type int, got str 'x'"
    )
    assert check(expectation, (), success("a", 5)) == Found(False, "expected a list of 2, got 5")
