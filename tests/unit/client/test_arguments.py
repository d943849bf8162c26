import json
import math
from typing import Any

import pytest
from celery.utils.saferepr import saferepr
from hypothesis import given
from hypothesis import strategies as st
from kombu.utils import json as kombu_json

from orchestrator.client.arguments import (
    ArgumentTexts,
    dump_with,
    json_of,
    numbers_json,
    numbers_text,
    quick_saferepr,
)

LIMIT = 60
kombu_dumps: Any = kombu_json.dumps  # kombu is typed only in part

NUMBERS = st.integers() | st.floats()
PLAIN = NUMBERS | st.booleans() | st.none() | st.text()
ANY = st.recursive(
    PLAIN | st.binary(max_size=5) | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(NUMBERS).map(tuple))
def test_text_of_numbers_is_celerys_and_json(args: tuple[Any, ...]) -> None:
    text = numbers_text(args, 1024)
    if text is None:
        assert len(repr(args)) >= 1024 or not all(map(math.isfinite, args))
        return
    assert text.decode() == saferepr(args, 1024)
    assert b"[" + numbers_json(text) + b"]" == kombu_dumps(args).encode()


@pytest.mark.parametrize("args", [(True,), (None,), ("1",), (1, [2]), (math.inf,), (1, math.nan)])
def test_what_is_no_tuple_of_finite_numbers(args: tuple[Any, ...]) -> None:
    assert numbers_text(args, 1024) is None


def test_long_numbers() -> None:
    assert numbers_text((1,), 3) is None
    with pytest.raises(ValueError, match="4300 digits"):
        numbers_text((10**5000,), 10_000)


@given(st.lists(ANY, max_size=4).map(tuple), st.dictionaries(st.text(), ANY, max_size=3))
def test_reprs_are_celerys(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    texts = ArgumentTexts(LIMIT, LIMIT, 2)
    argsrepr, kwargsrepr = texts.reprs(args, kwargs)
    assert json.loads(b'"%b"' % argsrepr) == saferepr(args, LIMIT, maxlevels=2)
    assert json.loads(b'"%b"' % kwargsrepr) == saferepr(kwargs, LIMIT, maxlevels=2)


@given(st.lists(ANY, max_size=4).map(tuple) | st.dictionaries(st.text(), ANY, max_size=3) | ANY)
def test_quick_saferepr_is_celerys(value: Any) -> None:
    assert quick_saferepr(value, LIMIT) == saferepr(value, LIMIT)
    assert quick_saferepr(value, LIMIT, maxlevels=1) == saferepr(value, LIMIT, maxlevels=1)


@given(st.lists(ANY, max_size=4).map(tuple))
def test_json_is_kombus(value: tuple[Any, ...]) -> None:
    assert json_of(value) == kombu_dumps(value).encode()


def test_other_serializers() -> None:
    embed = {"chord": None}
    assert isinstance(dump_with("pickle")((1,), {"x": b"y"}, embed), bytes)
    assert dump_with("json")((1,), {}, embed) == b'[[1], {}, {"chord": null}]'
