"""Texts that come again and again, by number."""

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Names(Generic[T]):
    """Each different value once, numbered from 0 in the order in which they came."""

    def __init__(self, *known: T) -> None:
        self._values: list[T] = list(known)
        self._numbers: dict[T, int] = {value: number for number, value in enumerate(known)}

    def number(self, value: T) -> int:
        """Its number; a new value gets the next one."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._values)
            self._values.append(value)
        return number

    def __getitem__(self, number: int) -> T:
        return self._values[number]
