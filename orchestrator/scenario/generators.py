"""Argument generators and the stream of random numbers that they draw from.

The stream of an iteration depends on (seed, workload, iteration) only, so that iteration 17 has
the same arguments on every machine and whatever the timing. It is SplitMix64 (Steele, Lea, Flood:
"Fast splittable pseudorandom number generators", OOPSLA 2014): a stream costs nothing to start,
where seeding a `random.Random` costs 6 us each.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

_MASK = (1 << 64) - 1
_ONE_DRAW = 1 << 32
_GOLDEN = 0x9E3779B97F4A7C15
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_TEXT = bytes(_ALPHABET[byte & 63] for byte in range(256))


def stream_key(seed: int, workload: str) -> int:
    """The 64 bits from which all iterations of a workload start."""
    digest = hashlib.blake2b(f"{seed}\0{workload}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


class Stream:
    """The random numbers of one iteration, and how often each `index` was drawn in it."""

    __slots__ = ("_state", "counts", "iteration")

    def __init__(self, key: int, iteration: int) -> None:
        self.iteration = iteration
        self.counts: dict[int, int] = {}
        # The iteration's number is mixed once, or the streams of neighbours would overlap.
        self._state = _mix((key + iteration * _GOLDEN) & _MASK)

    def bits(self) -> int:
        """The next 64 random bits."""
        self._state = state = (self._state + _GOLDEN) & _MASK
        return _mix(state)

    def below(self, bound: int) -> int:
        """A whole number in [0, bound), for a bound of any size; its bias is under 2**-32."""
        if bound <= _ONE_DRAW:
            return self.bits() * bound >> 64
        width = bound.bit_length() + 32
        bits = self.bits()
        drawn = 64
        while drawn < width:
            bits = bits << 64 | self.bits()
            drawn += 64
        return bits * bound >> drawn

    def octets(self, count: int) -> bytes:
        """`count` random bytes."""
        return hashlib.shake_128(self.bits().to_bytes(8, "big")).digest(count)


def _mix(state: int) -> int:
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


@dataclass(frozen=True, slots=True)
class IntRange:
    """A whole number from `lo` to `hi`, both included."""

    lo: int
    hi: int

    def draw(self, stream: Stream) -> int:
        return self.lo + stream.below(self.hi - self.lo + 1)


@dataclass(frozen=True, slots=True)
class FloatRange:
    """A number from `lo` to `hi`, both included."""

    lo: float
    hi: float

    def draw(self, stream: Stream) -> float:
        share = (stream.bits() >> 11) / ((1 << 53) - 1)
        # Weighted, not lo + share * width: the width of a range may be too large for a float.
        return min(max(self.lo * (1 - share) + self.hi * share, self.lo), self.hi)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `values`, each as likely; a value may be a generator itself."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """`start`, `start` + 1, ...: counts every time that it is drawn over the workload."""

    start: int


@dataclass(frozen=True, slots=True)
class Text:
    """`length` characters of A-Z, a-z, 0-9, `-` and `_`."""

    length: int

    def draw(self, stream: Stream) -> str:
        return stream.octets(self.length).translate(_TO_TEXT).decode("ascii")


@dataclass(frozen=True, slots=True)
class Bytes:
    """`size` random bytes."""

    size: int

    def draw(self, stream: Stream) -> bytes:
        return stream.octets(self.size)
