import celery.exceptions
import pytest

from orchestrator.client.failures import EmptyCanvas, ResultsDisabled, ResultTimeout, Unroutable
from orchestrator.errors import ClientError, NotSupported


def test_timeout_is_caught_by_everyone_who_expects_one() -> None:
    for kind in (TimeoutError, celery.exceptions.TimeoutError, ClientError):
        with pytest.raises(kind, match="late"):
            raise ResultTimeout("late")
    assert "was not stopped" in str(ResultTimeout())


def test_the_rest_belong_to_our_tree_and_to_the_builtins() -> None:
    assert issubclass(ResultsDisabled, NotSupported)
    assert issubclass(ResultsDisabled, NotImplementedError)
    assert issubclass(EmptyCanvas, ValueError)
    assert issubclass(Unroutable, ClientError)
