import json
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import TaskRevokedError

from orchestrator.client.decoding import ResultDecoder, raise_error
from orchestrator.records import TaskResult


def decoder(**settings: Any) -> tuple[ResultDecoder, Any]:
    app = Celery("x", backend="redis://localhost/0", set_as_current=False)
    app.conf.update(settings)
    return ResultDecoder(app.backend), app.backend


def meta(status: str, result: Any, **more: Any) -> bytes:
    return json.dumps({"status": status, "result": result, "traceback": None, **more}).encode()


def test_success() -> None:
    result = decoder()[0].decode("id", meta("SUCCESS", [1, 2]), 7)
    assert result == TaskResult("id", "SUCCESS", [1, 2], None, 7, None)


@pytest.mark.parametrize("state", ["STARTED", "RETRY", "PENDING", "MINE"])
def test_not_ended(state: str) -> None:
    assert decoder()[0].decode("id", meta(state, None), 0) is None


def test_failure() -> None:
    failure = {"exc_type": "ValueError", "exc_message": ["no"], "exc_module": "builtins"}
    result = decoder()[0].decode("id", meta("FAILURE", failure, traceback="Trace"), 0)
    assert result is not None
    assert (result.state, result.value, result.traceback) == ("FAILURE", None, "Trace")
    assert isinstance(result.error, ValueError)
    with pytest.raises(ValueError, match="no"):
        raise_error(result, Celery("x", set_as_current=False))


def test_revoked() -> None:
    revoked = {
        "exc_type": "TaskRevokedError",
        "exc_message": ["revoked"],
        "exc_module": "celery.exceptions",
    }
    result = decoder()[0].decode("id", meta("REVOKED", revoked), 0)
    assert result is not None
    assert isinstance(result.error, TaskRevokedError)


def test_failure_without_an_exception_still_has_one() -> None:
    result = decoder()[0].decode("id", meta("FAILURE", None), 0)
    assert result is not None
    assert "ended as FAILURE" in str(result.error)


@pytest.mark.parametrize(
    "payload",
    [b"not json", b"{}", b'{"status": "FAILURE", "result": {"exc_message": "x"}}', b"\xff\xfe"],
)
def test_what_cannot_be_decoded_is_a_failure(payload: bytes) -> None:
    result = decoder()[0].decode("id", payload, 0)
    assert result is not None
    assert result.state == "FAILURE"
    assert result.error is not None


def test_compressed_result_is_read_by_a_client_that_does_not_compress() -> None:
    _, compressing = decoder(result_compression="gzip")
    payload = compressing.encode({"status": "SUCCESS", "result": 3, "traceback": None})
    result = decoder()[0].decode("id", payload, 0)
    assert result is not None
    assert result.value == 3


def test_error_raised_twice_does_not_grow_its_traceback() -> None:
    result = TaskResult("id", "FAILURE", None, ValueError("no"), 0)
    app = Celery("x", set_as_current=False)
    depths = []
    for _ in range(3):
        with pytest.raises(ValueError, match="no") as error:
            raise_error(result, app)
        depths.append(len(error.traceback))
    assert len(set(depths)) == 1
