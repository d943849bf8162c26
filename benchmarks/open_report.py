"""How long a browser takes to open the report of a long run, and how large the file is.

`python -m benchmarks.open_report` runs `benchmarks.load_run`, then opens its `report.html` in an
installed Chromium, offline, a few times, each in a fresh window."""

import sys
import tempfile
import time
from pathlib import Path
from shutil import which
from statistics import median

import anyio
import click
from playwright.sync_api import Browser, sync_playwright

from benchmarks.load_run import Progress, measure
from tests.acceptance.browser import FLAGS, NAMES

OPEN_S = 1.0
OPENINGS = 5


def opened_s(browser: Browser, page_file: Path) -> float:
    """Seconds until everything is drawn."""
    page = browser.new_context(offline=True).new_page()
    try:
        began = time.monotonic()
        page.goto(page_file.resolve().as_uri())
        page.wait_for_selector("main[data-ready=yes]")
        return time.monotonic() - began
    finally:
        page.context.close()


def openings(program: str, page_file: Path) -> list[float]:
    """Each time in a fresh window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            return [opened_s(browser, page_file) for _ in range(OPENINGS)]
        finally:
            browser.close()


@click.command()
@click.option("--tasks", default=100_000, show_default=True, help="Tasks in the run.")
def main(tasks: int) -> None:
    """Open the report of a long run; exit code 1 when that takes a second or more."""
    program = next(filter(None, map(which, NAMES)), None)
    if program is None:
        raise click.ClickException(f"no browser: none of {', '.join(NAMES)} is on the PATH")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        anyio.run(measure, tasks, 200, None, 0.0, place, Progress())
        page_file = place / "report.html"
        size = page_file.stat().st_size
        taken_s = median(openings(program, page_file))
    click.echo(f"report.html of {tasks:,} tasks: {size:,} bytes")
    held = taken_s < OPEN_S
    click.echo(f"{'✓' if held else '✗'}  opens in < {OPEN_S:g} s: {taken_s:.2f} s")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
