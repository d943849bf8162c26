import json
from typing import Any

import pytest
from celery import Celery
from celery.backends.redis import RedisBackend
from celery.exceptions import TaskRevokedError
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.client.decoding import UNUSUAL, ResultDecoder, raise_error
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(10**30), 10**30)
    | st.floats() | st.text() | st.binary(max_size=4) | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
KEPT, BACKEND = decoder()


@given(JSON)
def test_quick_values_are_those_of_the_backend(value: Any) -> None:
    payload = BACKEND.encode({"status": "SUCCESS", "result": value, "traceback": None})
    stock = BACKEND.decode_result(payload)["result"]
    quick = KEPT.value(payload.encode())
    # By their text: a nan is not itself, and 1 is not 1.0.
    assert quick is UNUSUAL or repr(quick) == repr(stock)
    result = KEPT.decode("id", payload.encode(), 0)
    assert result is not None
    assert repr(result.value) == repr(stock)


@pytest.mark.parametrize(
    "value", [0, -(2**63), 2**64 - 1, True, None, "ü", 0.5, [1, "x"], {"a": 1}]
)
def test_ordinary_values_are_quick(value: Any) -> None:
    assert KEPT.value(meta("SUCCESS", value)) == value


@pytest.mark.parametrize(
    "payload",
    [
        meta("STARTED", None),
        meta("FAILURE", {}),
        meta("SUCCESS", 2**64),
        meta("SUCCESS", [2**64]),
        meta("SUCCESS", {"__type__": "bytes", "__value__": "x"}),
        meta("SUCCESS", 1, traceback="odd"),
        b"[]",
        b"7",
        b"",
        b'{"status": "SUCCESS"}',
    ],
)
def test_unusual_messages_are_for_the_backend(payload: bytes) -> None:
    assert KEPT.value(payload) is UNUSUAL


def test_backends_that_read_in_their_own_way() -> None:
    class Own(RedisBackend):
        def decode(self, payload: Any) -> Any:
            return super().decode(payload)

    app = Celery("x", backend="redis://localhost/0", set_as_current=False)
    assert ResultDecoder(Own(app=app)).value(meta("SUCCESS", 1)) is UNUSUAL
    for settings in ({"result_serializer": "pickle"}, {"result_accept_content": ["yaml"]}):
        assert decoder(**settings)[0].value(meta("SUCCESS", 1)) is UNUSUAL
