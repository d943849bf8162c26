import gzip
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import UsageError
from orchestrator.report.kinds import KINDS
from orchestrator.report.rendering import check_kinds, left_out, made_of, need_data, render
from orchestrator.report.run_directory import (
    write_capacity,
    write_experiment,
    write_run_directory,
)
from tests.unit.report.html.stored_run import HOSTILE, failing_tasks, store
from tests.unit.report.result_factory import (
    PASSWORD,
    make_plan,
    make_pool,
    make_result,
    make_task,
    threshold,
)
from tests.unit.report.test_capacity import FOUND
from tests.unit.report.test_experiment import FOUR, experiment
from tests.unit.report.test_markdown_text import structure
from tests.unit.report.test_metric_families import samples

OF_A_RUN = ["report.html", "junit.xml", "summary.md", "series.csv", "tasks.csv.gz", "metrics.txt"]
CONTROLS = "".join(map(chr, range(0x20))) + "\x7f\x85\ud800\ufffe`|\\"


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def test_everything_is_rendered_again_to_the_same_bytes(tmp_path: Path) -> None:
    store(tmp_path, failing_tasks())
    first = contents(tmp_path)
    for name in ("report.html", "junit.xml", "summary.md", "metrics.txt"):
        (tmp_path / name).unlink()
    assert [path.name for path in render(tmp_path)] == OF_A_RUN
    assert contents(tmp_path) == first


@pytest.mark.parametrize("name", KINDS)
def test_one_kind_writes_its_own_files_only(tmp_path: Path, name: str) -> None:
    store(tmp_path)
    for each in ("report.html", "junit.xml", "summary.md", "metrics.txt"):
        (tmp_path / each).unlink()
    before = set(contents(tmp_path))
    paths = {path.name for path in render(tmp_path, [name])}
    assert set(contents(tmp_path)) == before | paths
    assert paths


def test_an_experiment_and_a_capacity_have_those_that_there_are_of_them(tmp_path: Path) -> None:
    several, search = tmp_path / "several", tmp_path / "search"
    several.mkdir()
    search.mkdir()
    write_experiment(experiment(*FOUR), several)
    assert set(contents(several)) == {
        "summary.json", "report.html", "junit.xml", "summary.md", "runs.csv",
    }  # fmt: skip
    write_capacity(FOUND, search)
    assert set(contents(search)) == {
        "summary.json", "report.html", "junit.xml", "summary.md", "steps.csv",
    }  # fmt: skip
    refusal = r"no metrics report of a capacity; there are html, junit, md, csv"
    with pytest.raises(UsageError, match=refusal):
        render(search, ["metrics"])
    assert left_out(search) == []


def test_of_an_experiment_only_what_there_is_of_one_is_written(tmp_path: Path) -> None:
    write_experiment(experiment(*FOUR), tmp_path, ["metrics", "md"])
    assert set(contents(tmp_path)) == {"summary.json", "summary.md"}
    assert made_of("experiment", None) is None
    assert made_of("capacity", ["metrics", "junit"]) == ["junit"]


def test_a_kind_that_there_is_not_is_refused_before_anything_is_done() -> None:
    check_kinds("capacity", ["html", "junit", "md", "csv"])
    check_kinds("run", None)
    refusal = "no metrics report of a capacity; there are html, junit, md, csv"
    with pytest.raises(UsageError, match=refusal):
        check_kinds("capacity", ["junit", "metrics"])


def test_without_the_rows_only_what_the_summary_gives(tmp_path: Path) -> None:
    write_run_directory(make_result(), tmp_path, ["md"])
    assert [path.name for path in render(tmp_path)] == ["junit.xml", "summary.md"]
    assert left_out(tmp_path) == ["html", "csv", "metrics"]
    with pytest.raises(UsageError, match=r"without series.csv and tasks.csv.gz, which metrics is"):
        render(tmp_path, ["md", "metrics"])


def test_what_needs_the_rows() -> None:
    assert need_data(["md", "html"])
    assert need_data(["csv"])
    assert not need_data(["md", "junit"])


def test_no_secret_is_in_any_file(tmp_path: Path) -> None:
    url = f"redis://:{PASSWORD}@10.0.0.1/0"
    bad = make_task(1, state="FAILURE", matched=False, reason=f"cannot reach {url}")
    result = make_result([bad], stopped_by=f"no broker at {url}", tracebacks={bad.id: f"E: {url}"})
    write_run_directory(result, tmp_path)
    for name, content in contents(tmp_path).items():
        text = gzip.decompress(content) if name.endswith(".gz") else content
        assert PASSWORD.encode() not in text, name
        if name in ("summary.json", "junit.xml", "summary.md", "tasks.csv.gz", "report.html"):
            assert b"cannot reach redis" in text, name


@pytest.mark.parametrize("text", [HOSTILE, CONTROLS, '"', "a\nb", "::error::x", "]]>", ""])
def test_names_of_others_are_data_in_every_kind(tmp_path: Path, text: str) -> None:
    def hostile(**changes: Any) -> dict[str, Any]:
        return {"task": text, "queue": text, "worker": text, "pool": text, "reason": text} | changes

    wrong = make_task(1, **hostile(matched=False))
    failed = make_task(2, **hostile(state="FAILURE", matched=False))
    plan = make_plan(thresholds=(threshold(text, text, "count", "==", 0),), description=text)
    pool = make_pool(text, "prefork", 1)
    result = make_result([wrong, failed, make_task(3)], make_plan(), pools=(pool,))
    failing = tuple(replace(each, passed=False) for each in result.judgement.thresholds)
    hostile_ones = tuple(replace(each, metric=text, expression=text) for each in failing[:1])
    result = replace(
        result,
        plan=replace(plan, name=text or "x", source={"description": text}, thresholds=()),
        judgement=replace(result.judgement, thresholds=hostile_ones),
        tracebacks={failed.id: f"Traceback\n  {text}\nValueError"},
        stopped_by=text,
        bottleneck=text,
    )
    write_run_directory(result, tmp_path)
    assert set(OF_A_RUN) <= set(contents(tmp_path))
    ET.fromstring((tmp_path / "junit.xml").read_text())
    assert samples((tmp_path / "metrics.txt").read_text())
    assert structure((tmp_path / "summary.md").read_text()) <= {"<code>", "</code>"}
