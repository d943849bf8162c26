"""One tree: every class has a message of its own and an exit code."""

from collections.abc import Iterator

import pytest

from orchestrator import errors
from orchestrator.errors import (
    BrokerUnavailable,
    ExitCode,
    OrchestratorError,
    PoolFailed,
    Problem,
    PublishUncertain,
    ScenarioError,
    root_error,
)


def all_errors(
    kind: type[OrchestratorError] = OrchestratorError,
) -> Iterator[type[OrchestratorError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from all_errors(child)


@pytest.mark.parametrize("kind", sorted(set(all_errors()), key=str))
def test_every_error_explains_itself(kind: type[OrchestratorError]) -> None:
    error = ScenarioError([]) if kind is ScenarioError else kind()
    assert kind.__doc__
    assert isinstance(error.exit_code, ExitCode)
    if kind is not ScenarioError:
        assert len(str(error)) > 20
        assert "\n" not in str(error)


def test_problems_are_sorted_and_shown_with_their_place() -> None:
    late = Problem("a.yaml", 10, 2, "workers", "wrong")
    early = Problem("a.yaml", 2, 7, "", "also wrong")
    error = ScenarioError(sorted([late, early]))
    assert str(error) == "a.yaml:2:7: also wrong\na.yaml:10:2: workers: wrong"


def test_what_an_error_carries() -> None:
    assert PoolFailed("x", log_tail=["a", "b"]).log_tail == ("a", "b")
    assert PublishUncertain(task_ids=["1"]).task_ids == ("1",)


def test_the_root_of_a_group_is_the_cause_not_the_consequence() -> None:
    cause = PoolFailed("died")
    group = ExceptionGroup(
        "outer", [OSError("reset"), ExceptionGroup("inner", [BrokerUnavailable("gone"), cause])]
    )
    assert root_error(group) is cause
    assert root_error(cause) is cause
