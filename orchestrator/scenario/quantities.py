"""Durations, rates and sizes as a scenario writes them: numbers that always carry their unit.

Each parser takes the text and gives a plain number in the unit that its name says, or raises
ValueError with a message that shows how to write it.
"""

import re

MAX_DURATION_S = 366 * 86_400
MAX_RATE_PER_S = 1_000_000

NUMBER = r"[0-9]+(?:\.[0-9]+)?"

# Largest unit first and each at most once: `1m30s`, never `30s1m` or `1s1s`, so that a slip is not
# a sum.
DURATION_PATTERN = (
    rf"^(?=[0-9])(?:({NUMBER})d)?(?:({NUMBER})h)?(?:({NUMBER})m)?(?:({NUMBER})s)?(?:({NUMBER})ms)?$"
)
RATE_PATTERN = rf"^({NUMBER})/(s|m|h)$"
SIZE_PATTERN = rf"^({NUMBER})(B|kB|MB|GB|KiB|MiB|GiB)$"

_DURATION = re.compile(DURATION_PATTERN.replace("$", r"\Z"))
_RATE = re.compile(RATE_PATTERN.replace("$", r"\Z"))
_SIZE = re.compile(SIZE_PATTERN.replace("$", r"\Z"))
_BARE = re.compile(NUMBER)

_SECONDS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_PER_SECOND = {"s": 1.0, "m": 1 / 60, "h": 1 / 3_600}
_BYTES = {
    "B": 1,
    "kB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}


def duration_s(text: str) -> float:
    """`250ms`, `10s`, `1m30s`, `2h`, `1d` -> seconds."""
    match = _DURATION.match(text)
    if match is None:
        if _BARE.fullmatch(text):
            raise ValueError(
                f"a duration needs a unit: write {text}s (or {text}ms, {text}m, {text}h)"
            )
        raise ValueError(
            f"{shown(text)} is not a duration: write for example 250ms, 10s, 1m30s or 2h"
        )
    parts = zip(match.groups(), _SECONDS, strict=True)
    # Rounded, because 0.001 is not exact in binary: 1s500ms is to be 1.5.
    seconds = round(sum(float(number) * unit for number, unit in parts if number), 9)
    if seconds > MAX_DURATION_S:
        raise ValueError(f"{shown(text)} is too long: at most 366d")
    return seconds


def rate_per_s(text: str) -> float:
    """`200/s`, `30/m`, `5/h` -> per second."""
    match = _RATE.match(text)
    if match is None:
        if _BARE.fullmatch(text):
            raise ValueError(f"a rate needs a unit: write {text}/s (or {text}/m, {text}/h)")
        raise ValueError(f"{shown(text)} is not a rate: write for example 200/s, 30/m or 5/h")
    rate = float(match[1]) * _PER_SECOND[match[2]]
    if rate > MAX_RATE_PER_S:
        raise ValueError(f"{shown(text)} is too fast: at most {MAX_RATE_PER_S}/s")
    return rate


def size_bytes(text: str) -> int:
    """`10B`, `1kB` (1000), `4KiB` (1024), ... -> bytes; a whole number of them."""
    match = _SIZE.match(text)
    if match is None:
        if _BARE.fullmatch(text):
            raise ValueError(
                f"a size needs a unit: write {text}B (or {text}kB, {text}KiB, {text}MiB)"
            )
        raise ValueError(f"{shown(text)} is not a size: write for example 10B, 1kB or 4KiB")
    if len(text) > 20:
        raise ValueError(f"{shown(text)} is too large")
    size = float(match[1]) * _BYTES[match[2]]
    if not size.is_integer():
        raise ValueError(f"{shown(text)} is not a whole number of bytes")
    return int(size)


def shown(value: object, limit: int = 60) -> str:
    """A value as a message shows it: on one line and not endless."""
    if isinstance(value, bool) or value is None:
        text = {True: "true", False: "false", None: "null"}[value]
    elif isinstance(value, dict):
        text = "a mapping"
    elif isinstance(value, list | tuple):
        text = "a list"
    elif isinstance(value, int) and abs(value) >= 10**limit:
        text = "a very large number"
    else:
        text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
