import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report.masking import masked

SECRET = "hunter2"


@pytest.mark.parametrize(
    "source",
    [
        {"target": {"broker": f"redis://:{SECRET}@localhost:6379/0"}},
        {"target": {"broker": f"amqp://user:{SECRET}@host//"}},
        {"target": {"broker": f"redis://:a@b{SECRET}@host/0"}},
        {"target": {"settings": {"redis_password": SECRET}}},
        {"target": {"settings": {"broker_transport_options": {"password": SECRET}}}},
        {"target": {"settings": {"security_key": SECRET}}},
        {"workers": {"add": {"env": {"AWS_SECRET_ACCESS_KEY": SECRET}}}},
        {"workers": {"add": {"env": {"AWS_ACCESS_KEY_ID": SECRET}}}},
        {"workers": {"add": {"env": {"apiToken": SECRET}}}},
        {"workers": {"add": {"env": {"DB_PASS": SECRET}}}},
        {"workers": {"add": {"options": [f"--broker=redis://:{SECRET}@h/0"]}}},
        {"workloads": {"w": {"canvas": {"task": "t", "kwargs": {"password": SECRET}}}}},
        {"workloads": {"w": {"canvas": {"task": "t", "args": [f"http://u:{SECRET}@h"]}}}},
        {"target": {"settings": {"redis_password": [SECRET]}}},
        {"env": {"PIN_TOKEN": {"a": SECRET}}},
    ],
)
def test_secrets_are_gone(source: dict[str, Any]) -> None:
    assert SECRET not in json.dumps(masked(source))


@pytest.mark.parametrize(
    "source",
    [
        {"seed": 7, "args": [1, 2.5, None, True, "text"]},
        {"target": {"settings": {"task_default_routing_key": "add", "global_keyprefix": "x"}}},
        {"workloads": {"w": {"canvas": {"task": "t", "kwargs": {"key": 5, "monkey": "x"}}}}},
        {"target": {"broker": "redis://localhost:6379/0"}},
        {"workers": {"add": {"env": {"OMP_NUM_THREADS": "1", "USE_TOKEN": True, "SECRET": ""}}}},
    ],
)
def test_what_is_no_secret_stays(source: dict[str, Any]) -> None:
    assert masked(source) == source


def test_tuples_become_lists_and_the_source_is_not_touched() -> None:
    source = {"args": (1, {"token": SECRET})}
    assert masked(source) == {"args": [1, {"token": "***"}]}
    assert source == {"args": (1, {"token": SECRET})}


@given(st.recursive(st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_never_raises_and_is_stable(value: Any) -> None:
    once = masked(value)
    assert masked(once) == once
