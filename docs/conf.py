"""Sphinx's configuration of this site: `make docs`. Nothing is fetched, neither by the build nor by
a reader's browser."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import orchestrator

project = "celery-orchestrator"
author = "the celery-orchestrator maintainers"
project_copyright = author
version = release = orchestrator.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "references"]
exclude_patterns = ["examples", "extensions"]
nitpicky = True
nitpick_ignore_regex = [
    # Other people's names, whose documentation is not fetched.
    (r"py:.*", r"(Celery|(celery|collections|types|typing)\..*)"),
    # `code` in a docstring: a link where it names something of ours.
    (r"py:obj", r".*"),
]

myst_heading_anchors = 3
smartquotes = False  # `--set` in a sentence is two hyphens, not a dash
default_role = "py:obj"
autodoc_member_order = "bysource"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_title = f"celery-orchestrator {release}"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}


def wherever_it_is(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.Element
) -> Any:
    """`BrokerUnavailable` in a docstring of the client means the one of `orchestrator.errors`."""
    if node["refdomain"] != "py" or node.get("refspecific"):
        return None
    node["refspecific"] = True
    python = env.domains["py"]
    return python.resolve_xref(
        env, node["refdoc"], app.builder, node["reftype"], node["reftarget"], node, text
    )


def setup(app: Sphinx) -> None:
    """Sphinx's entry."""
    app.connect("missing-reference", wherever_it_is)
