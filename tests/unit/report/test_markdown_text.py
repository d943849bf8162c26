"""Held against a reader of CommonMark with GitHub's tables: what is shown is what was given, and
nothing of it became structure."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrator.judge.wording import clip
from orchestrator.report.markdown_text import code, plain, table

READER = MarkdownIt("commonmark").enable("table")
STRUCTURE = {"text", "code_inline", "html_inline", "text_special", "inline"}
HOSTILE = [
    "a|b", "a\\|b", "a\\\\|b", "`", "``` x ```", "`a|b`", " ` ", "<script>alert(1)</script>",
    "<!-- -->", "<b>x", "</code><b>", "[a](http://x)", "![a](b)", "**x**", "_x_", "~~x~~",
    "http://example.org", "www.example.org", "a@b.c", "@someone", "#12", ":tada:", "- x", "# x",
    "1. x", "> x", "---", "\n\n# x", "a\r\nb", "&amp;", "&#60;b&#62;", "\u202egnp", "\x00",
    "\x1b[1m", "| --- |", "$x$", "\ud800", "x" * 10_000, "", " ", "task_duration{task:add}",
    "p(95)<500ms",
]  # fmt: skip


def inline(text: str) -> list[Token]:
    """The tokens of the one line of a paragraph."""
    tokens = [token for token in READER.parse(f"x {text} y") if token.type == "inline"]
    assert len(tokens) == 1
    return tokens[0].children or []


def structure(document: str) -> set[str]:
    """The HTML that a document has in it, and its links and images, by their type."""
    found = set()
    for block in READER.parse(document):
        for token in (block, *(block.children or ())):
            if token.type in ("html_inline", "html_block"):
                found.add(token.content)
            if token.type in ("image", "link_open", "fence"):
                found.add(token.type)
    return found


def shown(tokens: list[Token]) -> str:
    """What a reader sees of them."""
    return "".join(token.content for token in tokens if token.type != "html_inline")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_in_code_is_shown_as_it_is(text: str) -> None:
    tokens = inline(code(text))
    assert {token.type for token in tokens} <= STRUCTURE
    html = [token.content for token in tokens if token.type == "html_inline"]
    assert html in ([], ["<code>", "</code>"])
    assert shown(tokens).split() == f"x {clip(text, 80)} y".split()


@pytest.mark.parametrize("text", HOSTILE)
def test_running_text_is_shown_as_it_is(text: str) -> None:
    tokens = inline(plain(text))
    assert {token.type for token in tokens} <= STRUCTURE - {"code_inline"}
    html = {token.content for token in tokens if token.type == "html_inline"}
    assert html <= {"<code>", "</code>"}
    assert shown(tokens).split() == f"x {clip(text, 80)} y".split()
    alone = READER.parse(plain(text))
    assert {token.type for token in alone} <= {"paragraph_open", "inline", "paragraph_close"}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_address_mention_or_emoji_is_left_in_running_text(text: str) -> None:
    """What GitHub makes links of beyond CommonMark, it finds in the source, or in text that is not
    in code."""
    written = plain(text)
    outside = unescape(re.sub("<code>.*?</code>", " ", written))
    assert "@" not in outside
    assert "#" not in outside
    assert "://" not in written
    assert "www." not in written.lower()
    assert ":tada" not in written


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_row_has_as_many_cells_as_were_given_whatever_stands_in_them(a: str, b: str) -> None:
    lines = table(("one", "two", "three"), [(code(a), plain(b), "end")])
    tokens = READER.parse("\n".join(lines))
    cells = [
        shown(tokens[index + 1].children or [])
        for index, token in enumerate(tokens)
        if token.type == "td_open"
    ]
    assert [cell.split() for cell in cells] == [clip(a, 80).split(), clip(b, 80).split(), ["end"]]
    assert sum(token.type == "tr_open" for token in tokens) == 2


def test_ordinary_names_stay_readable_in_the_source() -> None:
    assert code("add_module.tasks.add") == "`add_module.tasks.add`"
    assert code("p(95)<500ms") == "`p(95)<500ms`"
    assert plain("late in sending sums: schedule_lag p(99) 447 ms") == (
        "late in sending sums: schedule_lag p(99) 447 ms"
    )
    assert code("") == plain("") == ""


def test_a_long_table_says_how_much_of_it_is_left_out() -> None:
    lines = table(("n",), [(str(number),) for number in range(60)], left_out=": see there")
    assert "| 49 |" in lines
    assert "| 50 |" not in lines
    assert "and 10 more: see there" in lines
    assert table(("n",), [("1",)])[-1] == ""
