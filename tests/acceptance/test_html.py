"""``report.html`` in a real browser: of a run that passed, of one that failed, of a capacity, of
hostile names."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.report.run_directory import write_capacity
from tests.acceptance.browser import Seen, opened
from tests.acceptance.command import Command
from tests.unit.report.html.stored_run import HOSTILE, failing_tasks, store
from tests.unit.report.result_factory import make_task
from tests.unit.report.test_capacity import FOUND, step

Write = Callable[[str], Path]

PASSING = """\
version: 1
name: small
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 4}
workloads:
  sums:
    executor: constant-arrival-rate
    rate: 20/s
    duration: 3s
    canvas:
      chord:
        header: {each: {task: add, args: [{index: 1}, 2]}, count: 4}
        body: {task: sum}
    aggregate: max
thresholds:
  verified: ["rate==1"]
  task_duration: ["p(99)<20s"]
"""

FAILING = """\
version: 1
name: failing
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 2}
workloads:
  wrong:
    executor: shared-iterations
    iterations: 12
    canvas: {task: add, args: [1, 2], expect: {value: 4}}
  raising:
    executor: shared-iterations
    iterations: 5
    canvas: {task: fail, args: [out of luck], expect: {value: 1}}
"""

MATRIX = """\
version: 1
name: matrix
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 1}
workloads:
  sums:
    executor: shared-iterations
    iterations: 40
    vus: 4
    canvas: {task: add, args: [1, 2]}
matrix:
  workers.add.concurrency: [1, 4]
"""

PANELS = {
    "verdict", "figures", "throughput", "latency", "timeline", "backlog", "distribution", "workers",
    "canvases", "failures", "broker", "scenario",
}  # fmt: skip
CHARTS = 9


def summary_of(directory: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((directory / "summary.json").read_text())
    return loaded


def text_of(seen: Seen, selector: str) -> str:
    return seen.page.locator(selector).first.inner_text()


def test_a_run_that_passed_can_be_read_and_looked_at_closely(
    command: Command, write_scenario: Write, tmp_path: Path
) -> None:
    done = command.scenario(write_scenario(PASSING))
    assert done.code == 0, done.err + done.out
    directory = command.one_run()
    again = command("report", directory)
    assert (again.code, again.out.split()[0]) == (0, str(directory / "report.html"))
    with opened(directory / "report.html") as seen:
        _has_everything(seen)
        _agrees(seen, summary_of(directory))
        _hovers_and_zooms(seen)
        _tables_and_theme(seen)
        _downloads(seen, directory, tmp_path)


def _has_everything(seen: Seen) -> None:
    ids = seen.page.locator("section").evaluate_all("nodes => nodes.map(node => node.id)")
    assert set(ids) == PANELS
    charts = seen.charts()
    assert len(charts) == CHARTS
    # Axes and grid take a few tones for themselves; a chart without data would have no more.
    tones = seen.tones()
    assert min(tones) > 40, list(zip(charts, tones, strict=True))
    assert "No result was seen" not in text_of(seen, "main")


def _agrees(seen: Seen, summary: dict[str, Any]) -> None:
    assert text_of(seen, "#badge") == "PASSED"
    cards = seen.page.locator(".card").all_inner_texts()
    verdicts, duration = summary["verdicts"], summary["metrics"]["task_duration"]
    assert cards[0].split("\n") == [f"{verdicts['ok']:,}", f"of {verdicts['sent']:,} tasks ok"]
    p50_ms = float(cards[3].split()[0].replace(",", ""))
    assert p50_ms == pytest.approx(duration["p50_ms"], rel=0.01)
    counts = seen.page.locator("[data-verdict]").all_inner_texts()
    assert [int(count) for count in counts] == [
        verdicts[name]
        for name in ("ok", "wrong", "failed", "lost_task", "lost_result", "duplicate", "late")
    ]
    drawn = seen.page.evaluate(
        "charts.find(c => c.host.ariaLabel.startsWith('How many')).plot.data[1]"
    )
    assert sum(drawn) == duration["count"] == verdicts["sent"]


def _hovers_and_zooms(seen: Seen) -> None:
    page = seen.page
    plot = page.locator("#throughput .u-over")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for panel in ("throughput", "timeline"):  # one cursor for all charts over time
        page.wait_for_function(
            "id => document.querySelector(`#${id} .u-series .u-value`).textContent.endsWith(' s')",
            arg=panel,
        )
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    whole = page.evaluate("timeSpan")
    spans = [(chart["min"], chart["max"]) for chart in seen.charts() if chart["time"]]
    assert len(spans) == CHARTS - 1
    assert len(set(spans)) == 1
    assert spans[0][0] > whole[0] + 0.5
    assert spans[0][1] < whole[1] - 0.5
    page.locator("#unzoom").click()
    assert {(c["min"], c["max"]) for c in seen.charts() if c["time"]} == {tuple(whole)}
    host = page.locator("#latency .chart")
    host.focus()
    page.keyboard.press("+")
    assert page.locator("#unzoom").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#unzoom").is_hidden()


def _tables_and_theme(seen: Seen) -> None:
    page = seen.page
    for summary in page.locator("details > summary").all():
        summary.click()
    page.locator("#throughput tbody tr").nth(10).wait_for()
    page.locator("#canvases svg rect").nth(5).wait_for(state="attached")
    back = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(back)
    page.locator("#theme").click()
    assert page.evaluate(back) != light
    assert len(seen.charts()) == CHARTS


def _downloads(seen: Seen, directory: Path, tmp_path: Path) -> None:
    for button, name in (("#get-scenario", "scenario.yaml"), ("#get-summary", "summary.json")):
        with seen.page.expect_download() as download:
            seen.page.locator(button).click()
        saved = tmp_path / f"downloaded-{name}"
        download.value.save_as(saved)
        if name == "scenario.yaml":
            assert saved.read_text() == (directory / name).read_text()
        else:
            assert json.loads(saved.read_text()) == summary_of(directory)


def test_a_run_that_failed_says_what_and_why(command: Command, write_scenario: Write) -> None:
    done = command.scenario(write_scenario(FAILING))
    assert done.code == 5, done.err + done.out
    with opened(command.one_run() / "report.html", scheme="dark") as seen:
        assert text_of(seen, "#badge") == "FAILED"
        assert "verification failed (exit code 5)" in text_of(seen, "#verdict")
        rows = seen.page.locator("#failures > .wide > table > tbody > tr")
        assert rows.count() == 2
        assert rows.nth(0).inner_text().split("\n")[0].split("\t")[:2] == ["wrong", "12"]
        assert "expected 4, got 3" in rows.nth(0).inner_text()
        rows.nth(1).locator("summary", has_text="traceback").click()
        traceback = rows.nth(1).locator("details").nth(1).locator("pre").inner_text()
        assert traceback.strip().endswith("ValueError: out of luck")
        rows.nth(1).locator("summary", has_text="ids").click()
        assert rows.nth(1).locator("details").first.locator("pre").inner_text().count("\n") == 4


@pytest.mark.parametrize("width", [380, 1280])
def test_hostile_names_are_text_and_nothing_runs_out_of_the_page(
    tmp_path: Path, width: int
) -> None:
    hostile = make_task(
        30, task=HOSTILE, queue=HOSTILE, worker=HOSTILE, matched=False, reason=HOSTILE
    )
    store(tmp_path, [*failing_tasks(), hostile])
    with opened(tmp_path / "report.html", width=width) as seen:
        for summary in seen.page.locator("details > summary").all():
            summary.click()
        seen.page.locator("#scenario details pre").wait_for()
        assert "</script><img src=x" in text_of(seen, "#failures")
        text = text_of(seen, "main")
        assert "\u202e" not in text
        assert "\\u202e" in text
        assert seen.page.locator("img").count() == 0
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [380, 1280])
def test_hostile_names_of_a_capacity_are_text(tmp_path: Path, width: int) -> None:
    hostile = replace(
        FOUND, name=HOSTILE, workload=HOSTILE, objectives=(HOSTILE, "run avg<1s"),
        steps=(*FOUND.steps, replace(step(90.0, HOSTILE), objectives=())), exit_code=5,
    )  # fmt: skip
    write_capacity(hostile, tmp_path)
    with opened(tmp_path / "report.html", scheme="dark", width=width) as seen:
        for summary in seen.page.locator("details > summary").all():
            summary.click()
        assert text_of(seen, "h1").startswith("</script><img src=x")
        assert "</script><img src=x" in text_of(seen, "#steps")
        assert "exit code 5" in text_of(seen, "#verdict")
        assert "\u202e" not in text_of(seen, "main")
        assert seen.page.locator("img").count() == 0
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_capacity_that_was_stopped_at_once_has_a_page(tmp_path: Path) -> None:
    stopped = replace(FOUND, steps=(), held_per_s=None, failed_per_s=None, limited_by="stopped")
    write_capacity(replace(stopped, exit_code=130), tmp_path)
    with opened(tmp_path / "report.html") as seen:
        assert text_of(seen, "#badge") == "NONE"
        assert text_of(seen, "#answer") == "none of the rates held"
        assert "No rate was tried." in text_of(seen, "#steps")
        assert not seen.charts()


def test_a_matrix_is_compared_and_leads_to_its_runs(
    command: Command, write_scenario: Write
) -> None:
    done = command.scenario(write_scenario(MATRIX))
    assert done.code == 0, done.err + done.out
    directory = command.one_run()
    summary = summary_of(directory)
    with opened(directory / "report.html") as seen:
        assert text_of(seen, "#badge") == "PASSED"
        cells = seen.page.locator("#table tbody tr").all_inner_texts()
        assert [cell.split("\t")[0] for cell in cells] == ["1", "4"]
        for cell, row in zip(cells, summary["rows"], strict=True):
            shown = float(cell.split("\t")[1].removesuffix("/s").replace(",", ""))
            assert shown == pytest.approx(row["figures"]["throughput_per_s"]["mean"], rel=0.01)
        assert seen.page.locator("#figures svg rect").count() == 2 * 6
        assert seen.page.locator("#timeline svg rect").count() == 2 * 5
        assert min(seen.tones()) > 40
        link = seen.page.locator("#runs a").first
        target = directory / (link.get_attribute("href") or "")
        assert target.is_file()
    with opened(target) as seen:
        assert text_of(seen, "h1") == "matrix"
