"""A real browser, offline, that notes everything a page says and asks for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

CHARTS = """() => charts.map(({host, plot}) => ({
    name: host.getAttribute("aria-label"), time: timeCharts.includes(plot),
    min: plot.scales.x.min, max: plot.scales.x.max,
}))"""
TONES = """() => charts.map(({host}) => {
    const drawn = host.querySelector("canvas");
    const copy = new OffscreenCanvas(drawn.width, drawn.height);
    const context = copy.getContext("2d", {willReadFrequently: true});
    context.drawImage(drawn, 0, 0);
    const {data} = context.getImageData(0, 0, copy.width, copy.height);
    const tones = new Set();
    for (let at = 0; at < data.length; at += 4)
        if (data[at + 3]) tones.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
    return tones.size;
})"""

SLIPS = """() => [...document.querySelectorAll("main section:not(#scenario):not(#data)")]
    .map((section) => section.innerText.match(/\\b(null|undefined|NaN)\\b/))
    .filter(Boolean).map(String)"""


@dataclass
class Seen:
    """An open page, and what came of it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def charts(self) -> list[dict[str, Any]]:
        """Of each chart its name, whether it moves along the time, and what part of its x axis is
        shown."""
        found: list[dict[str, Any]] = self.page.evaluate(CHARTS)
        return found

    def tones(self) -> list[int]:
        """How many colours each chart's canvas has."""
        found: list[int] = self.page.evaluate(TONES)
        return found


@contextmanager
def opened(
    path: Path, *, scheme: str = "light", width: int = 1280, height: int = 900
) -> Iterator[Seen]:
    """The page at ``path`` in an offline browser, once it has drawn itself. Skips where there is no
    browser; fails when the page asked for anything, or had anything to say."""
    executable = next((found for name in NAMES if (found := shutil.which(name))), None)
    if executable is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        context = browser.new_context(
            offline=True,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": height},
        )
        seen = Seen(context.new_page())
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("console", lambda message: seen.said.append(f"{message.type}: {message.text}"))
        seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
        seen.page.on("dialog", lambda dialog: seen.said.append(dialog.message))
        seen.page.goto(path.as_uri())
        seen.page.wait_for_selector("main[data-ready=yes]")
        try:
            yield seen
            asked = [url for url in seen.requests if not url.startswith("blob:")]
            assert asked == [path.as_uri()]
            assert not seen.said, "\n".join(seen.said)
            assert not seen.page.evaluate(SLIPS), "a value that is none was written out"
        finally:
            browser.close()
