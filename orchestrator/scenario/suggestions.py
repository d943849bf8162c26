""" "did you mean ...?" for a word that is not one of the words that are known."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, with the blank before it, or nothing when nothing is near."""
    words = {candidate.lower().replace("_", "-"): candidate for candidate in known}
    near = difflib.get_close_matches(
        word.lower().replace("_", "-")[:100], list(words), n=1, cutoff=0.6
    )
    return f" (did you mean '{words[near[0]]}'?)" if near else ""


def listed(words: Iterable[str]) -> str:
    """`a, b, c`, in the order given."""
    return ", ".join(words)
