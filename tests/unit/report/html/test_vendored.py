"""The vendored files are as they were published; `scripts/check_vendored` asks the registry."""

import base64
import hashlib
import json
from pathlib import Path

import orchestrator.report.html as html

VENDOR = Path(html.__file__).parent / "assets" / "vendor"


def test_each_vendored_file_has_the_integrity_that_is_written_down() -> None:
    about = json.loads((VENDOR / "vendor.json").read_text())
    assert set(about["files"]) == {path.name for path in VENDOR.iterdir()} - {"vendor.json"}
    for name, file in about["files"].items():
        digest = hashlib.sha512((VENDOR / name).read_bytes()).digest()
        assert file["integrity"] == f"sha512-{base64.b64encode(digest).decode()}", name
    assert about["version"] in (VENDOR / "uPlot.iife.min.js").read_text()[:200]
