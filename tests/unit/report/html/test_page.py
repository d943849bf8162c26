import base64
import hashlib
import json
import re

import pytest

from orchestrator.report.html.page import embedded, page
from tests.unit.report.html.stored_run import HOSTILE

BUDGET = 200_000


def test_a_page_without_data_is_within_its_budget() -> None:
    assert len(page("x", {}).encode()) < BUDGET


def test_the_policy_allows_what_is_in_the_page_and_nothing_else() -> None:
    text = page("x", {})
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    parts = re.findall(r"<script>(.*?)</script>|<style>(.*?)</style>", text, re.DOTALL)
    assert len(parts) == 3
    for script, style in parts:
        digest = hashlib.sha256((script or style).encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy[1]
    assert not re.search(r"unsafe|https?:|\*", policy[1])


def test_nothing_in_the_page_asks_for_anything_from_elsewhere() -> None:
    text = page("x", {})
    assert not re.search(r"""(?:src|href)=["']""", text)
    assert not re.search(
        r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import)\(", text
    )
    assert not re.search(
        r"innerHTML|insertAdjacentHTML|document\.write|eval\(", text.partition("uPlot=")[0]
    )


def test_hostile_text_stays_data() -> None:
    data = {"name": HOSTILE, HOSTILE: ["<!--", "]]>", "&"]}
    text = page(HOSTILE, data)
    assert text.count("</script>") == 3
    assert "<img" not in text
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert block is not None
    assert json.loads(block[1]) == data


def test_what_json_has_no_form_for_is_an_error() -> None:
    with pytest.raises(ValueError, match="JSON"):
        embedded({"x": float("nan")})


def test_the_notice_of_the_vendored_library_is_in_the_page() -> None:
    assert "Permission is hereby granted" in page("x", {})
