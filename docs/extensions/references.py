"""Puts the references that are made of the code into their pages, when the site is built."""

from command_reference import commands
from sphinx.application import Sphinx
from summary_reference import summary

MADE = {"<!-- commands -->": commands, "<!-- summary -->": summary}
"""What stands in a page, and what takes its place."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's entry."""
    app.connect("source-read", fill_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def fill_in(app: Sphinx, docname: str, content: list[str]) -> None:
    """Put each in its place, in the page that has one."""
    for place, made in MADE.items():
        if place in content[0]:
            content[0] = content[0].replace(place, made())
