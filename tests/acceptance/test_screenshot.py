"""scripts/screenshot makes the pictures of the documentation."""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.report.html.report import write_html
from tests.acceptance.browser import NAMES
from tests.acceptance.command import ROOT
from tests.unit.report.html.stored_run import store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("run")
    store(directory)
    write_html(directory)
    return directory


def screenshot(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, str(ROOT / "scripts" / "screenshot"), *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def size(png: Path) -> tuple[int, int]:
    """Width and height, from its header."""
    data = png.read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="no browser is on the PATH")
@pytest.mark.parametrize("options", [(), ("--panel", "timeline"), ("--scheme", "dark")])
def test_a_picture_is_made(run: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    picture = tmp_path / "report.png"
    done = screenshot(run, picture, "--width", "800", *options)
    assert done.returncode == 0, done.stderr
    width, height = size(picture)
    assert 600 < width <= 800
    assert height > 200


def test_the_stored_pictures_are_small_enough() -> None:
    for picture in (ROOT / "docs" / "images").glob("*.png"):
        assert picture.stat().st_size < 250_000, picture
