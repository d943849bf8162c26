"""The documentation as a site: it builds without a warning, and asks nobody for anything."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest

from orchestrator.cli import COMMANDS, cli
from orchestrator.report.summary_schema import summary_schema
from tests.acceptance.command import ROOT

BUILD_S = 120
LOADED = {"img": "src", "link": "href", "script": "src", "source": "src", "iframe": "src"}
EXTERNAL = re.compile(r"(https?:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make docs` makes. A warning is an error: a link that leads nowhere, a name that does
    not exist, a page that is in no table of contents."""
    place = tmp_path_factory.mktemp("site")
    options = ["-q", "--fail-on-warning", "--keep-going", "-d", str(place / "doctrees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "docs", str(place / "html")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return place / "html"


class Loads(HTMLParser):
    """What a browser fetches for a page, without being asked."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADED.get(tag, ""))
        if address:
            self.addresses.append(address)


def test_every_page_is_there(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        assert (site / page.relative_to(ROOT / "docs").with_suffix(".html")).is_file(), page


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert loads.addresses
        assert not [each for each in loads.addresses if EXTERNAL.match(each)], page
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"url\(\s*['\"]?(https?:)?//|@import", text), style


def test_the_reference_has_every_command_and_every_option(site: Path) -> None:
    text = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for name in COMMANDS:
        _, _, section = text.partition(f'<section id="{name}">')
        section = section.partition("<section")[0]
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.opts[-1] in section, f"{name} {option.opts[-1]}"


def test_the_reference_has_every_key_of_a_summary(site: Path) -> None:
    text = (site / "reference" / "summary.html").read_text(encoding="utf-8")
    for name, described in summary_schema()["$defs"].items():
        if "properties" in described:
            _, _, section = text.partition(f'<section id="{name.lower()}">')
            section = section.partition("<section")[0]
            for key in described["properties"]:
                assert f'<span class="pre">{key}</span>' in section, f"{name}.{key}"


def test_the_reference_has_what_the_client_can_do(site: Path) -> None:
    text = (site / "reference" / "client.html").read_text(encoding="utf-8")
    for name in ("Client.stream", "client.Handle.result", "client.Outcome", "errors.NotSupported"):
        assert f'id="orchestrator.{name}"' in text, name
    assert 'href="#orchestrator.errors.PublishUncertain"' in text  # from a docstring
