"""Which rate to try next: doubling until one does not hold, then closing in on the border."""

from dataclasses import dataclass, field

LEAST_PER_S = 0.01
"""Below this no rate is looked for."""

_BELOW, _ABOVE = 0.96, 1.04
"""Where the border is looked for first, around what the workers completed when they had too much
to do."""


@dataclass(slots=True)
class Search:
    """Rates are per second. ``tolerance`` is how close (as a ratio less 1) the highest rate that
    held and the lowest that did not must come to each other."""

    start_per_s: float
    max_per_s: float
    tolerance: float
    held_per_s: float | None = None
    failed_per_s: float | None = None
    _guesses: list[float] = field(default_factory=list)

    def next_rate(self) -> float | None:
        """The rate to try; None when the border is known."""
        held, failed = self.held_per_s, self.failed_per_s
        if failed is None:
            if held is None:
                return min(self.start_per_s, self.max_per_s)
            return min(2 * held, self.max_per_s) if held < self.max_per_s else None
        if held is not None and failed <= held * (1 + self.tolerance):
            return None
        while self._guesses:
            guess = self._guesses.pop(0)
            if guess < failed and (held is None or guess > held):
                return guess
        if held is None:
            return failed / 2 if failed / 2 >= LEAST_PER_S else None
        return (held + failed) / 2

    def tell(self, rate_per_s: float, *, held: bool, completed_per_s: float = 0.0) -> None:
        """What came of a rate; ``completed_per_s`` is what was completed of one that was too much,
        which is near the border.

        A rate that holds above one that did not says that the lower was judged too hard."""
        if held:
            self.held_per_s = max(rate_per_s, self.held_per_s or 0.0)
            if self.failed_per_s is not None and self.failed_per_s <= self.held_per_s:
                self.failed_per_s = None
            return
        first = self.failed_per_s is None
        self.failed_per_s = min(rate_per_s, self.failed_per_s or rate_per_s)
        if first and LEAST_PER_S < completed_per_s < rate_per_s:
            self._guesses = [completed_per_s * _BELOW, completed_per_s * _ABOVE]
