from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.scenario.generators import (
    Bytes,
    FloatRange,
    IntRange,
    Stream,
    Text,
    stream_key,
)


@given(st.integers(), st.integers(), st.integers(0, 2**40))
def test_whole_numbers_stay_in_their_range(one: int, other: int, iteration: int) -> None:
    lo, hi = min(one, other), max(one, other)
    assert lo <= IntRange(lo, hi).draw(Stream(5, iteration)) <= hi


def test_both_ends_are_drawn_and_every_value_about_as_often() -> None:
    drawn = Counter(IntRange(3, 7).draw(Stream(stream_key(1, "a"), n)) for n in range(5000))
    assert set(drawn) == {3, 4, 5, 6, 7}
    assert all(850 < count < 1150 for count in drawn.values())


def test_numbers_far_above_64_bits_use_all_their_bits() -> None:
    drawn = [IntRange(0, 2**300).draw(Stream(1, n)) for n in range(200)]
    assert max(drawn) > 2**298
    assert len({number & 0xFFFF for number in drawn}) > 150


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_floats_stay_in_their_range(one: float, other: float) -> None:
    lo, hi = min(one, other), max(one, other)
    assert lo <= FloatRange(lo, hi).draw(Stream(5, 1)) <= hi


def test_text_and_bytes_have_their_length() -> None:
    text = Text(100).draw(Stream(1, 1))
    assert len(text) == 100
    assert text.isascii()
    assert len(Bytes(4096).draw(Stream(1, 1))) == 4096
    assert Bytes(0).draw(Stream(1, 1)) == b""


def test_the_stream_is_the_same_on_every_machine() -> None:
    """The numbers are a promise: a stored run can be repeated with a later release."""
    stream = Stream(stream_key(7, "sums"), 17)
    assert [stream.below(1000) for _ in range(4)] == [524, 14, 409, 225]


def test_neighbouring_iterations_share_no_numbers() -> None:
    key = stream_key(7, "sums")
    drawn = [bits for n in range(100) for bits in _first(Stream(key, n), 10)]
    assert len(set(drawn)) == 1000


def _first(stream: Stream, count: int) -> list[int]:
    return [stream.bits() for _ in range(count)]
