"""One HTML page out of data, styles and scripts: everything inline, nothing else allowed.

The page's Content-Security-Policy names the hash of each script and style that we put in, and
forbids everything else, every request included. The data are JSON in a block that no browser runs;
the scripts put it into the page as text only."""

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template
from typing import Any

STYLES = ("vendor/uPlot.min.css", "report.css")
VENDORED_SCRIPT = "vendor/uPlot.iife.min.js"
SCRIPTS = (
    "dom.js",
    "words.js",
    "charts.js",
    "over_time.js",
    "lanes.js",
    "latency.js",
    "panels.js",
    "comparison.js",
    "compared.js",
    "capacity.js",
    "main.js",
)
"""In the order in which they need each other."""


def page(title: str, data: Mapping[str, Any]) -> str:
    """The whole page. ``data`` must be plain JSON data; NaN and infinity are errors."""
    style = "\n".join(_asset(name) for name in STYLES)
    vendored = _asset(VENDORED_SCRIPT)
    script = '"use strict";\n' + "\n".join(_asset(name) for name in SCRIPTS)
    return Template(_asset("template.html")).substitute(
        policy=_policy(style, vendored, script),
        title=escape(title),
        notice=_asset("vendor/LICENSE").strip(),
        style=style,
        vendored=vendored,
        script=script,
        data=embedded(data),
    )


def embedded(data: Mapping[str, Any]) -> str:
    """``data`` as JSON that can stand in a script block: no ``<`` begins or ends anything."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(style: str, *scripts: str) -> str:
    allowed = " ".join(_source(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    place: Traversable = files(__package__) / "assets"
    for part in name.split("/"):
        place = place / part
    return place.read_text(encoding="utf-8")
