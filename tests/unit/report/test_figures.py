from typing import Any

import pytest

from orchestrator.report import figures


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0.00"), (0.4249, "0.42"), (12345.0, "12,345.00")],
)
def test_milliseconds(value: float | None, text: str) -> None:
    assert figures.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.00042, "4.2e-04"),
        (0.42, "0.42"),
        (9.994, "9.99"),
        (13.14, "13.1"),
        (812.4, "812"),
        (-13.14, "-13.1"),
        (1234567.8, "1,234,568"),
    ],
)
def test_decimal(value: float, text: str) -> None:
    assert figures.decimal(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (90 * 2**20, "90.0 MiB"),
        (3 * 2**30, "3.00 GiB"),
        (5000 * 2**30, "5,000 GiB"),
    ],
)
def test_size(value: float, text: str) -> None:
    assert figures.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "100 %"),
        (0.0, "0 %"),
        (0.5, "50 %"),
        (0.9999999, "99.999 %"),
        (0.0000001, "0.001 %"),
        (0.12345, "12.345 %"),
    ],
)
def test_a_ratio_never_hides_an_exception(value: float, text: str) -> None:
    assert figures.ratio(value) == text


@pytest.mark.parametrize(
    ("metric", "expression", "value", "text"),
    [
        ("task_duration{task:add}", "p(95)<500ms", 612.4, "612 ms"),
        ("run", "count>5", 12.0, "12"),
        ("throughput", "rate>50/s", 181.24, "181/s"),
        ("verified", "rate==1", 1.0, "100 %"),
        ("tasks_lost", "count==0", 1234.0, "1,234"),
        ("tasks_sent", "rate>5", 2.5, "2.50/s"),
        ("worker_rss_bytes", "max<1GiB", 2.0**20, "1.00 MiB"),
        ("backlog", "avg<5", 2.5, "2.50"),
        ("run", "max<1s", None, "nothing measured"),
    ],
)
def test_observed(metric: str, expression: str, value: float | None, text: str) -> None:
    assert figures.observed(metric, expression, value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (-5, "-5"),
        (True, "True"),
        (2.5, "2.5"),
        ("abc", "abc"),
        (10**50, "1000000000…0000000000 (51 digits)"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_aggregate(value: Any, text: str) -> None:
    assert figures.aggregate(value) == text


def test_counted() -> None:
    assert figures.counted("lost_task", 1) == "1 lost task"
    assert figures.counted("lost_result", 1200) == "1,200 lost results"
    assert figures.counted("duplicate", 2) == "2 duplicates"
    assert figures.counted("wrong", 2) == "2 wrong"
