"""Folds: the canvases' final values, as they arrive in any order, become the workload's one value.

Memory is bounded whatever the number of canvases. Except for ``module:function``, which is given
the values as they arrive, the outcome does not depend on the order.
"""

import heapq
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.judge.canonical import encode
from orchestrator.judge.wording import brief

COLLECT_CAP = 1000
"""How many values `collect` keeps: those of the lowest iterations."""
Number = int | float | Decimal | Fraction
Function = Callable[[Any, Any], Any]


class Fold(ABC):
    """The accumulator of one workload's final values."""

    _value: Any = None

    @staticmethod
    def named(aggregate: str, load_function: Callable[[str], Function]) -> "Fold":
        """A new accumulator: one of `FOLDS`, or for ``module:function`` what ``load_function``
        gives, a function that is called with the accumulated value (None at first) and the next
        one, and gives the new accumulated value."""
        if aggregate in FOLDS:
            return FOLDS[aggregate]()
        return FunctionFold(aggregate, load_function(aggregate))

    @abstractmethod
    def add(self, iteration: int, value: Any) -> None:
        """Take the final value of one canvas. Raises `UsageError` for one that it cannot take."""

    @property
    def value(self) -> Any:
        """What all values so far come to; None before the first (0 for `count`)."""
        return self._value


class SumFold(Fold):
    """The sum of all numbers in all values: exact for integers, rounded once for floats."""

    name = "sum"

    def __init__(self) -> None:
        self.count = 0
        self._integers = 0
        self._floats = ExactFloats()
        self._others: Fraction | None = None

    def add(self, iteration: int, value: Any) -> None:
        for number in numbers(value, self.name, iteration):
            self.count += 1
            if isinstance(number, int):
                self._integers += number
            elif isinstance(number, float):
                self._floats.add(number)
            elif isinstance(number, Decimal) and not number.is_finite():
                self._floats.add(float(number))
            else:
                self._others = (self._others or Fraction()) + Fraction(number)

    @property
    def value(self) -> Any:
        if not self.count:
            return None
        if not self._floats.used and self._others is None:
            return self._integers
        return self._floats.total((self._others or Fraction()) + self._integers)


class MeanFold(Fold):
    """The mean of all numbers in all values. A mean of integers beyond the range of a float is
    rounded down to an integer."""

    def __init__(self) -> None:
        self._sum = SumFold()
        self._sum.name = "mean"

    def add(self, iteration: int, value: Any) -> None:
        self._sum.add(iteration, value)

    @property
    def value(self) -> Any:
        total = self._sum.value
        if total is None:
            return None
        try:
            return total / self._sum.count
        except OverflowError:
            return total // self._sum.count


class _Extreme(Fold):
    """The least or the greatest of all numbers; NaN when there is one among them."""

    name = ""

    def add(self, iteration: int, value: Any) -> None:
        if self._value != self._value:
            return
        for number in numbers(value, self.name, iteration):
            if self._value is None or number != number or self.beats(number, self._value):
                self._value = number
            if number != number:
                return

    @abstractmethod
    def beats(self, number: Any, best: Any) -> bool:
        """Whether ``number`` takes the place of ``best``."""


class MinFold(_Extreme):
    name = "min"

    def beats(self, number: Any, best: Any) -> bool:
        return bool(number < best)


class MaxFold(_Extreme):
    name = "max"

    def beats(self, number: Any, best: Any) -> bool:
        return bool(number > best)


class CountFold(Fold):
    """How many values there are: a group gives one for each of its tasks, an array one for each of
    its elements."""

    _value = 0

    def add(self, iteration: int, value: Any) -> None:
        self._value += sum(1 for _ in leaves(value))


class LastFold(Fold):
    """The value of the highest iteration."""

    def __init__(self) -> None:
        self._iteration: int | None = None

    def add(self, iteration: int, value: Any) -> None:
        if self._iteration is None or iteration >= self._iteration:
            self._iteration, self._value = iteration, value


class CollectFold(Fold):
    """All values in the order of their iterations, as a list. Beyond `COLLECT_CAP` of them, a
    mapping: ``first`` (those of the lowest iterations), ``cap`` and ``count`` (of all)."""

    def __init__(self, cap: int = COLLECT_CAP) -> None:
        self._cap = cap
        self._count = 0
        self._kept: list[tuple[int, int, Any]] = []

    def add(self, iteration: int, value: Any) -> None:
        self._count += 1
        # The count settles ties, so that values are never compared.
        item = (-iteration, self._count, value)
        if len(self._kept) < self._cap:
            heapq.heappush(self._kept, item)
        else:
            heapq.heappushpop(self._kept, item)

    @property
    def value(self) -> Any:
        if not self._count:
            return None
        ordered = sorted(self._kept, key=lambda item: (-item[0], item[1]))
        values = [value for _, _, value in ordered]
        if self._count <= self._cap:
            return values
        return {"first": values, "cap": self._cap, "count": self._count}


class DigestFold(Fold):
    """A SHA-256 over all pairs of iteration and value: equal runs with equal seeds have equal
    digests.

    The pairs' hashes are added up, so that the order of arrival does not count.
    """

    def __init__(self) -> None:
        self._count = 0
        self._sum = 0

    def add(self, iteration: int, value: Any) -> None:
        self._count += 1
        self._sum += int.from_bytes(sha256(encode((iteration, value))).digest(), "big")

    @property
    def value(self) -> str | None:
        if not self._count:
            return None
        return sha256(f"{self._count}:{self._sum:x}".encode()).hexdigest()


class FunctionFold(Fold):
    """The user's own: ``function(accumulated, value)``, in the order in which canvases end."""

    def __init__(self, name: str, function: Function) -> None:
        self._name = name
        self._function = function

    def add(self, iteration: int, value: Any) -> None:
        try:
            self._value = self._function(self._value, value)
        except Exception as exc:  # it is the user's code: say where it stopped
            raise UsageError(
                f"aggregate: {self._name} raised {type(exc).__name__}: {exc}"
                f" at iteration {iteration}, for {brief(value)};"
                " it is called with (accumulated or None, value)"
            ) from exc


FOLDS: Mapping[str, Callable[[], Fold]] = {
    "sum": SumFold,
    "mean": MeanFold,
    "min": MinFold,
    "max": MaxFold,
    "count": CountFold,
    "last": LastFold,
    "collect": CollectFold,
    "digest": DigestFold,
}


# ---- what is in a value ----


def leaves(value: Any) -> Iterator[Any]:
    """The values in nested lists (a group's value is one) and in arrays, one by one."""
    numpy = sys.modules.get("numpy")
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif numpy is not None and isinstance(value, numpy.ndarray):
        yield from value.ravel().tolist()
    elif numpy is not None and isinstance(value, numpy.generic):
        yield value.item()
    else:
        yield value


def numbers(
    value: Any, aggregate: str, iteration: int
) -> Iterator[int | float | Decimal | Fraction]:
    """The leaves of ``value``. Raises `UsageError` for one that is not a real number."""
    for leaf in leaves(value):
        if not isinstance(leaf, int | float | Decimal | Fraction):
            raise UsageError(
                f"aggregate: {aggregate} takes numbers, iteration {iteration} gave {brief(leaf)};"
                " use count, last, collect, digest or module:function"
            )
        yield leaf


class ExactFloats:
    """A running sum of floats without rounding: every float is a multiple of 2**-1074."""

    SCALE_BITS = 1074

    def __init__(self) -> None:
        self.used = False
        self._scaled = 0
        self._special = 0.0
        """The sum of what is infinite or NaN."""

    def add(self, number: float) -> None:
        self.used = True
        if not math.isfinite(number):
            self._special += number
            return
        numerator, denominator = number.as_integer_ratio()
        self._scaled += numerator << (self.SCALE_BITS + 1 - denominator.bit_length())

    def total(self, exact: Fraction) -> float:
        """The sum with ``exact`` added, rounded once; infinite beyond the range of a float."""
        if self._special:
            return self._special
        total = exact + Fraction(self._scaled, 1 << self.SCALE_BITS)
        try:
            return float(total)
        except OverflowError:
            return math.inf if total > 0 else -math.inf
