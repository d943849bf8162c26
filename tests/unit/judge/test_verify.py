import math
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.judge.verify import Checker, Finding, NotRun
from orchestrator.records import Expectation, TaskResult
from tests.unit.judge.outcome_factory import expecting, failure, make_expectation, success


def add(x: int, y: int) -> int:
    return x + y


def total(values: list[int]) -> int:
    return sum(values)


def checker(*expectations: Expectation) -> Checker:
    fresh = Checker()
    for expectation in expectations:
        fresh.expect(expectation)
    return fresh


def chain() -> list[Expectation]:
    """add(1, 2) | add(10) | add(100)"""
    return [
        make_expectation("a", 1, 2, reference=add),
        make_expectation("b", 10, inputs="a", after="a", reference=add),
        make_expectation("c", 100, inputs="b", after="b", reference=add),
    ]


def chord(size: int) -> list[Expectation]:
    header = [make_expectation(f"h{n}", n, n, reference=add) for n in range(size)]
    ids = tuple(each.id for each in header)
    return [*header, make_expectation("body", inputs=ids, reference=total)]


def test_one_result() -> None:
    fresh = checker(make_expectation("a", 4, 6, reference=add))
    assert fresh.result(success("a", 10)) == [Finding("a", True)]


def test_a_chain_in_order() -> None:
    fresh = checker(*chain())
    assert fresh.result(success("a", 3)) == [Finding("a", True)]
    assert fresh.result(success("b", 13)) == [Finding("b", True)]
    assert fresh.result(success("c", 113)) == [Finding("c", True)]
    assert fresh.values_held == 0


def test_a_later_link_waits_for_the_earlier_one() -> None:
    fresh = checker(*chain())
    assert fresh.result(success("c", 114)) == []
    assert fresh.result(success("a", 3)) == [Finding("a", True)]
    assert fresh.result(success("b", 13)) == [
        Finding("b", True),
        Finding("c", False, "expected 113, got 114"),
    ]
    assert fresh.values_held == 0


def test_a_link_is_held_against_the_value_that_it_was_really_given() -> None:
    fresh = checker(*chain())
    assert fresh.result(success("a", 4))[0].matched is False
    assert fresh.result(success("b", 14)) == [Finding("b", True)]


def test_a_chord_body_gets_the_list_of_its_headers_values() -> None:
    fresh = checker(*chord(3))
    assert fresh.result(success("body", 6)) == []
    findings = [*fresh.result(success("h2", 4)), *fresh.result(success("h0", 0))]
    assert [each.id for each in findings] == ["h2", "h0"]
    assert fresh.result(success("h1", 2)) == [Finding("h1", True), Finding("body", True)]
    assert fresh.values_held == 0


def test_nested_inputs_become_nested_lists() -> None:
    def flat(values: list[Any]) -> list[Any]:
        return values

    body = make_expectation("body", inputs=("a", ("b", "c")), reference=flat)
    fresh = checker(*(make_expectation(each) for each in "abc"), body)
    for each in "abc":
        fresh.result(success(each, each.upper()))
    assert fresh.result(success("body", ["A", ["B", "C"]])) == [Finding("body", True)]


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_any_order_gives_the_same_findings_and_holds_nothing(rng: random.Random, size: int) -> None:
    results = [
        *(success(f"h{n}", 2 * n) for n in range(size)),
        success("body", size * (size - 1)),
        success("a", 3),
        success("b", 13),
        success("c", 999),
    ]
    rng.shuffle(results)
    fresh = checker(*chord(size), *chain())
    findings = {each.id: each.matched for result in results for each in fresh.result(result)}
    assert len(findings) == len(results)
    assert [task_id for task_id, matched in findings.items() if not matched] == ["c"]
    assert fresh.values_held == 0
    assert fresh.not_run() == {}


def test_values_are_let_go_as_soon_as_nobody_needs_them() -> None:
    fresh = Checker()
    most = 0
    for number in range(1000):
        first, second = f"a{number}", f"b{number}"
        fresh.expect(make_expectation(first, 1, 2, reference=add))
        fresh.expect(make_expectation(second, 10, inputs=first, reference=add))
        fresh.result(success(first, 3))
        most = max(most, fresh.values_held)
        fresh.result(success(second, 13))
    assert (most, fresh.values_held) == (1, 0)


def test_an_expect_that_needs_no_inputs_does_not_wait() -> None:
    second = make_expectation("b", inputs="a", expect=expecting("type", "int"), reference=add)
    fresh = checker(make_expectation("a"), second)
    assert fresh.result(success("b", 5)) == [Finding("b", True)]


def test_unknown_repeated_and_unfinished_results_are_passed_over() -> None:
    fresh = checker(make_expectation("a", 4, 6, reference=add))
    assert fresh.result(success("nobody", 1)) == []
    assert fresh.result(TaskResult("a", "RETRY", None, ValueError(), 0)) == []
    assert fresh.result(TaskResult("a", "STARTED", None, None, 0)) == []
    assert len(fresh.result(success("a", 10))) == 1
    assert fresh.result(success("a", 11)) == []


def test_a_repeated_result_of_a_held_task_does_not_replace_the_first() -> None:
    fresh = checker(*chain()[:2])
    fresh.result(success("b", 13))
    fresh.result(success("b", 99))
    assert fresh.result(success("a", 3)) == [Finding("a", True), Finding("b", True)]


# ---- failures ----


def test_the_failure_that_celery_hands_on_is_as_expected_as_its_cause() -> None:
    error = ValueError("no")
    first = make_expectation("a", expect=expecting("raises", "ValueError"))
    fresh = checker(first, *chain()[1:])
    assert fresh.result(failure("c", error)) == []
    assert fresh.result(failure("a", error)) == [Finding("a", True)]
    assert fresh.result(failure("b", error)) == [
        Finding("b", True, "not run, as expected: a failed"),
        Finding("c", True, "not run, as expected: b failed"),
    ]
    assert fresh.values_held == 0


def test_the_failure_that_nobody_expected_is_handed_on_as_such() -> None:
    fresh = checker(*chain())
    fresh.result(failure("a", ValueError("no")))
    assert fresh.result(failure("b", ValueError("no"))) == [
        Finding("b", False, "not run: a failed")
    ]


def test_a_chord_error_of_the_body_is_its_headers_failure() -> None:
    class ChordError(Exception):
        pass

    header = make_expectation("h", expect=expecting("raises", "ValueError"))
    body = make_expectation("body", inputs=("h", "lost"), reference=total)
    fresh = checker(header, make_expectation("lost"), body)
    fresh.result(failure("h", ValueError("no")))
    assert fresh.result(failure("body", ChordError("h raised"))) == [
        Finding("body", True, "not run, as expected: h failed")
    ]


def test_a_body_that_is_expected_to_raise_chord_error_matches() -> None:
    class ChordError(Exception):
        pass

    body = make_expectation("body", inputs=("h",), expect=expecting("raises", "ChordError"))
    fresh = checker(make_expectation("h"), body)
    fresh.result(failure("h", ValueError("no")))
    assert fresh.result(failure("body", ChordError())) == [Finding("body", True)]


def test_an_immutable_link_after_a_failed_one_was_not_run() -> None:
    second = make_expectation("b", 1, 1, after="a", reference=add)
    fresh = checker(make_expectation("a", expect=expecting("raises", "OSError")), second)
    fresh.result(failure("a", OSError("gone")))
    assert fresh.result(failure("b", OSError("gone"))) == [
        Finding("b", True, "not run, as expected: a failed")
    ]


def test_a_success_after_a_failed_input_is_not_checked() -> None:
    fresh = checker(*chain()[:2])
    fresh.result(failure("a", ValueError("no")))
    finding = fresh.result(success("b", 13))
    assert finding == [Finding("b", None, "not checked: its input a failed")]


# ---- the end ----


def test_what_is_held_at_the_end_is_let_go_unchecked() -> None:
    fresh = checker(*chain())
    fresh.result(success("c", 113))
    fresh.result(success("a", 3))
    assert fresh.finish() == [Finding("c", None, "not checked: the result of b never came")]
    assert fresh.finish() == []
    assert fresh.not_run() == {}


def test_tasks_after_a_failure_were_not_run() -> None:
    unexpected = checker(*chain())
    unexpected.result(failure("a", ValueError("no")))
    assert unexpected.not_run() == {"b": NotRun("a", "failed"), "c": NotRun("a", "failed")}

    first = make_expectation("a", expect=expecting("raises", "ValueError"))
    expected = checker(first, *chain()[1:])
    expected.result(failure("a", ValueError("no")))
    assert expected.not_run()["c"] == NotRun("a", "failed as expected")


def test_tasks_after_a_lost_one_name_it() -> None:
    fresh = checker(*chain())
    assert fresh.not_run() == {"b": NotRun("a", "no result"), "c": NotRun("a", "no result")}


def test_an_ignored_task_stops_nobody() -> None:
    second = make_expectation("b", after="a")
    assert checker(make_expectation("a", ignored=True), second).not_run() == {}


def test_a_long_chain_needs_no_recursion() -> None:
    links = [make_expectation("0")]
    links += [make_expectation(str(n), inputs=str(n - 1), reference=abs) for n in range(1, 5000)]
    fresh = checker(*reversed(links))
    assert len(fresh.not_run()) == 4999
    fresh.result(failure("0", ValueError("no")))
    assert fresh.not_run()["4999"] == NotRun("0", "failed")


def test_a_wrong_reference_is_found() -> None:
    fresh = checker(make_expectation("a", 5, reference=math.factorial))
    assert fresh.result(success("a", 121)) == [Finding("a", False, "expected 120, got 121")]
