import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.judge.wording import brief, clip, digit_count, integer


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10, "10"),
        (-7, "-7"),
        (True, "True"),
        ("a\nb", "'a\\nb'"),
        (1.5, "1.5"),
        ([1, 2], "[1, 2]"),
        (np.float64(1.5), "1.5"),
        (np.array([1, 2]), "array([1, 2])"),
        (np.zeros((20, 30)), "array of float64, shape (20, 30)"),
    ],
)
def test_brief(value: object, text: str) -> None:
    assert brief(value) == text


def test_brief_of_a_huge_integer_names_its_digits() -> None:
    text = brief(math.factorial(20_000))
    assert text == "1819206320…0000000000 (77,338 digits)"
    assert brief([math.factorial(20_000)]) == f"[{text}]"


def test_a_huge_integer_takes_no_time() -> None:
    began = time.perf_counter()
    integer(1 << 4_000_000)
    assert time.perf_counter() - began < 5


@given(st.integers())
def test_short_integers_are_exact(value: int) -> None:
    assert integer(value) == str(value) or "digits" in integer(value)
    assert digit_count(value) == len(str(abs(value)))


@pytest.mark.parametrize("power", [1, 15, 16, 22, 23, 100, 308, 309, 4000])
def test_digits_around_powers_of_ten(power: int) -> None:
    assert digit_count(10**power) == power + 1
    assert digit_count(10**power - 1) == power
    assert digit_count(-(10**power)) == power + 1


def test_negative_integers_keep_their_sign() -> None:
    assert integer(-(10**50)) == "-1000000000…0000000000 (51 digits)"


@given(st.text(), st.integers(10, 50))
def test_clipped_text_is_short_and_harmless(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert len(clipped) <= limit
    assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in clipped)
    clipped.encode()


def test_control_characters_are_spelled_out() -> None:
    assert clip("\x1b[31mred\x07\u202e", 80) == "\\x1b[31mred\\x07\\u202e"


def test_the_middle_of_a_long_text_is_left_out() -> None:
    clipped = clip("a" * 10_000_000 + "end", 20)
    assert clipped == "a" * 12 + "…" + "aaaaend"[-7:]


def test_a_value_whose_repr_raises_has_words_too() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert "Broken" in brief(Broken())
