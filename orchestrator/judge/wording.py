"""Values in words: short, on one line, and safe for integers and arrays of any size."""

import math
import reprlib
import sys
from typing import Any

DIGITS_SHOWN = 40
"""Integers with more digits are abbreviated to their first and last ones."""
EDGE_DIGITS = 10
CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
HIDDEN_DIRECTION = {
    code: f"\\u{code:04x}"
    for code in (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
}
_UNSAFE = {**CONTROL, **HIDDEN_DIRECTION}


def brief(value: object, limit: int = 120) -> str:
    """``value`` as a person would want to read it in a message: one line of at most ``limit``
    characters."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        value = value.item()
    return clip(_Brief(limit).repr(value), limit)


def clip(text: str, limit: int) -> str:
    """``text`` on one line, its control characters spelled out, its middle left out beyond
    ``limit``."""
    if len(text) > 4 * limit:  # keep the work small for a text of megabytes
        text = f"{text[: 2 * limit]}{text[-2 * limit :]}"
    text = text.translate(_UNSAFE).encode("utf-8", "backslashreplace").decode()
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def integer(value: int) -> str:
    """All digits of a short integer, the first and last ten and the number of digits of a long one.

    Never goes through the decimal form of a long integer, which CPython limits to 4300 digits and
    which takes quadratic time.
    """
    sign, size = ("-" if value < 0 else ""), abs(value)
    digits = digit_count(size)
    if digits <= DIGITS_SHOWN:
        return str(value)
    first = size // 10 ** (digits - EDGE_DIGITS)
    last = size % 10**EDGE_DIGITS
    return f"{sign}{first}…{last:0{EDGE_DIGITS}} ({digits:,} digits)"


def digit_count(size: int) -> int:
    """How many decimal digits ``abs(size)`` has; 1 for 0."""
    size = abs(size)
    if size == 0:
        return 1
    # log10 of the leading bits is good to one digit; a comparison settles which.
    estimate = int((size.bit_length() - 1) * math.log10(2)) + 1
    while 10**estimate <= size:
        estimate += 1
    while estimate > 1 and 10 ** (estimate - 1) > size:
        estimate -= 1
    return estimate


class _Brief(reprlib.Repr):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self.maxstring = self.maxother = limit
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = 6

    def repr_int(self, x: int, level: int) -> str:
        return integer(x)

    def repr_ndarray(self, x: Any, level: int) -> str:
        if x.size <= 16:
            return f"array({self.repr1(x.tolist(), level)})"
        return f"array of {x.dtype}, shape {x.shape}"
