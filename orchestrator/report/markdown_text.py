"""Text of others in Markdown, as GitHub and its like read it: shown as it is, never obeyed.

A name goes into a code span, where nothing means anything but a backtick (and, in a table, ``|``
and ``\\``). One that has such a character is written in character references inside ``<code>``:
those are decoded after the structure has been found, and so never are structure."""

import re
from collections.abc import Iterable, Sequence

from orchestrator.judge.wording import clip

NAME_LIMIT = 80
ROWS_SHOWN = 50
GOOD, BAD = "✅", "❌"
SEE_SUMMARY = ": see `summary.json`"
_SPECIAL = frozenset("`|\\")
_HARMLESS = frozenset(" ,;/%()'.?+=-±·…")
"""Punctuation that means nothing but at the beginning of a line."""
_CALLS = {"@": "<code>&#64;</code>", "#": "<code>&#35;</code>"}
"""What makes mentions, addresses and references to issues: GitHub looks for them in the finished
text, but not in code."""
_HARMLESS_HERE = re.compile(r"(?<=[^\W_])_(?=[^\W_])|:(?= )")
"""Neither emphasis, nor the beginning of an emoji, nor of an address."""
_RISKY = re.compile(r"^\W|^\d+[.)](?!\S)|www\.", re.IGNORECASE)
"""What makes a list, a rule or a link; its last character is the one to hide."""


def code(text: str, limit: int = NAME_LIMIT) -> str:
    """``text`` on one line of at most ``limit`` characters, in a code span; empty for nothing."""
    text = clip(text, limit)
    if not text.strip():
        return ""
    if _SPECIAL.isdisjoint(text) and text == text.strip():
        return f"`{text}`"
    return f"<code>{''.join(map(_reference, text))}</code>"


def _reference(character: str) -> str:
    return character if character.isalnum() or character == " " else f"&#{ord(character)};"


def plain(text: str, limit: int = NAME_LIMIT) -> str:
    """``text`` on one line of at most ``limit`` characters, as running text: no mark-up in it, no
    link, no mention."""
    text = clip(text, limit)
    risky = {match.end() - 1 for match in _RISKY.finditer(text)}
    harmless = {match.start() for match in _HARMLESS_HERE.finditer(text)}
    return "".join(
        character
        if at not in risky and (character.isalnum() or character in _HARMLESS or at in harmless)
        else _CALLS.get(character) or f"&#{ord(character)};"
        for at, character in enumerate(text)
    )


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Iterable[int] = (),
    left_out: str = "",
) -> list[str]:
    """The lines of a table whose cells are Markdown already; the columns in ``right`` hold figures.

    Of more than `ROWS_SHOWN` rows the first are shown, and how many more there are: ``left_out``
    says where."""
    figures_in = set(right)
    marks = ("--:" if index in figures_in else "---" for index in range(len(headings)))
    made = list(rows)
    lines = [_row(headings), _row(list(marks)), *map(_row, made[:ROWS_SHOWN])]
    if len(made) > ROWS_SHOWN:
        lines += ["", f"and {len(made) - ROWS_SHOWN:,} more{left_out}"]
    return [*lines, ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
