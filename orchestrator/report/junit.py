"""The report kind ``junit``: ``junit.xml``, for whatever shows test results.

A suite for each run; in it a case for the run itself, one for each threshold and one for each
verdict. A suite has a failure or an error exactly when the run's exit code is not 0. Elements and
attributes are those that Jenkins' schema and GitLab have in common. The run's case alone has a
time, so that adding up the cases gives how long the run took."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.report.atomic import atomic_write_text
from orchestrator.report.junit_suites import (
    Suite,
    capacity_suite,
    experiment_suites,
    run_suite,
)
from orchestrator.report.kinds import ReportKind
from orchestrator.report.stored import Subject, subject_of
from orchestrator.report.xml_text import xml_line, xml_text

FILE_NAME = "junit.xml"
PRODUCT = "celery-orchestrator"


class JUnit:
    """``junit.xml``."""

    subjects: frozenset[Subject] = frozenset({"run", "experiment", "capacity"})
    needs_data = False

    def write(self, directory: Path, summary: Mapping[str, Any]) -> Sequence[Path]:
        path = directory / FILE_NAME
        atomic_write_text(path, document(_suites(directory, summary)))
        return [path]


KIND: ReportKind = JUnit()


def _suites(directory: Path, summary: Mapping[str, Any]) -> list[Suite]:
    subject = subject_of(summary)
    if subject == "run":
        return [run_suite(summary)]
    if subject == "capacity":
        return [capacity_suite(summary)]
    return experiment_suites(directory, summary)


def document(suites: Sequence[Suite]) -> str:
    """The whole file."""
    root = ET.Element(
        "testsuites",
        name=PRODUCT,
        tests=str(sum(len(suite.cases) for suite in suites)),
        failures=str(sum(suite.count("failure") for suite in suites)),
        errors=str(sum(suite.count("error") for suite in suites)),
        time=_seconds(sum(suite.duration_s for suite in suites)),
    )
    root.extend(map(_suite, suites))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(suite: Suite) -> ET.Element:
    node = ET.Element(
        "testsuite",
        name=xml_line(suite.name),
        tests=str(len(suite.cases)),
        failures=str(suite.count("failure")),
        errors=str(suite.count("error")),
        skipped="0",
        time=_seconds(suite.duration_s),
    )
    if suite.started_at:
        node.set("timestamp", suite.started_at)
    properties = ET.SubElement(node, "properties")
    for name, value in suite.properties.items():
        ET.SubElement(properties, "property", name=xml_line(name), value=xml_line(value))
    for case in suite.cases:
        about = ET.SubElement(
            node,
            "testcase",
            classname=xml_line(f"{suite.name}.{case.group}"),
            name=xml_line(case.name),
            time=_seconds(case.duration_s),
        )
        if case.problem is not None:
            problem = ET.SubElement(
                about, case.problem, message=xml_line(case.message), type=case.kind
            )
            problem.text = xml_text(case.details) or None
        elif case.details:
            ET.SubElement(about, "system-out").text = xml_text(case.details)
    return node


def _seconds(value: float) -> str:
    return f"{value:.3f}"
