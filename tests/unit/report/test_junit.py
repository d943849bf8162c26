"""The file against what the readers of JUnit files have in common: the elements and attributes of
Jenkins' xunit plugin (junit-10.xsd)."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.report.junit import KIND, document
from orchestrator.report.junit_suites import Case, Suite
from orchestrator.report.run_directory import write_capacity, write_experiment
from orchestrator.report.stored import read_stored
from tests.unit.report.html.stored_run import HOSTILE, failing_tasks, store
from tests.unit.report.result_factory import make_plan, make_result, make_task
from tests.unit.report.test_capacity import FOUND
from tests.unit.report.test_experiment import FOUR, experiment

ATTRIBUTES = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set()),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"time", "skipped", "timestamp", "hostname", "id", "package"},
    ),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name"}, {"time", "classname"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "system-out": (set(), set()),
}
"""By element: those that must be there, and those that may be there as well."""
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase"],
    "properties": ["property"],
    "testcase": ["failure", "error", "system-out"],
}
SECONDS = re.compile(r"\d+\.\d{3}")


def read(directory: Path) -> ET.Element:
    """The file, which must be one that others can read."""
    root = ET.fromstring((directory / "junit.xml").read_bytes())
    assert root.tag == "testsuites"
    for node in root.iter():
        required, optional = ATTRIBUTES[node.tag]
        assert required <= set(node.attrib) <= required | optional, node.tag
        assert {child.tag for child in node} <= set(CHILDREN.get(node.tag, ()))
        assert SECONDS.fullmatch(node.get("time", "0.000"))
    for suite in root:
        tags = [child.tag for child in suite]
        assert tags == ["properties"] + ["testcase"] * (len(tags) - 1)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", "")) or (
            "timestamp" not in suite.attrib
        )
        names = [(case.get("classname"), case.get("name")) for case in suite.iter("testcase")]
        assert len(set(names)) == len(names)
        assert counted(suite) == told(suite)
    assert counted(root) == told(root)
    return root


def told(node: ET.Element) -> dict[str, int]:
    return {name: int(node.attrib[name]) for name in ("tests", "failures", "errors")}


def counted(node: ET.Element) -> dict[str, int]:
    tags = {"tests": "testcase", "failures": "failure", "errors": "error"}
    return {name: len(list(node.iter(tag))) for name, tag in tags.items()}


def test_a_run_that_passed(tmp_path: Path) -> None:
    store(tmp_path)
    root = read(tmp_path)
    (suite,) = root
    assert (suite.get("name"), suite.get("timestamp")) == ("mixed", "2026-11-22T10:00:00")
    assert counted(root) == {"tests": 1 + 4 + 6, "failures": 0, "errors": 0}
    times = [float(case.attrib["time"]) for case in root.iter("testcase")]
    assert sum(times) == float(suite.attrib["time"]) == 14.75
    properties = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert properties["version.celery"] == "5.7.0"
    assert properties["verdicts.ok"] == "100"
    assert float(properties["task_duration.p95_ms"] or "") == pytest.approx(40.05)


def test_a_run_that_failed_names_the_tasks(tmp_path: Path) -> None:
    store(tmp_path, failing_tasks())
    root = read(tmp_path)
    assert counted(root)["failures"] == 2 + 2  # wrong and lost; verified and tasks_lost
    (wrong,) = [case for case in root.iter("testcase") if case.get("name") == "wrong"]
    (failure,) = wrong
    ids = [make_task(20 + n).id for n in range(3)]
    assert failure.get("message") == f"3 wrong: {', '.join(ids)}"
    assert (failure.text or "").splitlines()[0] == (
        f"{ids[0]} add_module.tasks.add: expected 0, got 9"
    )


def test_an_experiment_has_a_suite_for_each_run(tmp_path: Path) -> None:
    made = [replace(each, run_id=f"id{each.number}") for each in FOUR]
    write_experiment(experiment(*made), tmp_path)
    root = read(tmp_path)
    assert [suite.get("name") for suite in root] == [
        "pools pool=b run 1", "pools pool=a run 1", "pools pool=a run 1", "pools pool=b run 1",
    ]  # fmt: skip


def test_the_runs_of_an_experiment_bring_their_own_details(tmp_path: Path) -> None:
    store(tmp_path / "r1", failing_tasks())
    write_experiment(experiment(*FOUR, exit_code=5), tmp_path)
    first, *others = read(tmp_path)
    assert int(first.attrib["failures"]) == 4
    assert "timestamp" in first.attrib
    assert all(suite.get("failures") == "0" for suite in others)


def test_a_capacity(tmp_path: Path) -> None:
    write_capacity(FOUND, tmp_path)
    root = read(tmp_path)
    assert counted(root) == {"tests": 2 + 4, "failures": 0, "errors": 0}
    assert "77.0/s (80.0/s did not hold" in ET.tostring(root, encoding="unicode")


@pytest.mark.parametrize("text", [HOSTILE, "a\x00b\nc", "&<>\"'", "]]>", "\ud800"])
def test_hostile_names_are_text(tmp_path: Path, text: str) -> None:
    changes: dict[str, Any] = {"task": text, "reason": text, "matched": False}
    bad = make_task(1, state="FAILURE", **changes)
    plan = make_plan(name=text, thresholds=())
    run = store(tmp_path, [bad], plan=plan, tracebacks={bad.id: text * 3})
    KIND.write(tmp_path, run.summary)
    root = read(tmp_path)
    assert counted(root) == {"tests": 8, "failures": 2, "errors": 0}
    assert max(len(value) for node in root.iter() for value in node.attrib.values()) <= 1020


def test_the_summary_is_all_that_it_takes(tmp_path: Path) -> None:
    store(tmp_path)
    first = (tmp_path / "junit.xml").read_bytes()
    for name in ("series.csv", "tasks.csv.gz", "scenario.yaml", "junit.xml"):
        (tmp_path / name).unlink()
    KIND.write(tmp_path, read_stored(tmp_path))
    assert (tmp_path / "junit.xml").read_bytes() == first


def test_no_suite_is_a_file_too() -> None:
    root = ET.fromstring(document([]).encode())
    assert (root.tag, root.get("tests")) == ("testsuites", "0")
    assert ET.fromstring(document([Suite("x", 1.0, [Case("run", "y")])]).encode())
    assert make_result().exit_code == 0
