import csv
from dataclasses import replace
from pathlib import Path

from orchestrator.report.series_csv import write_series_csv
from tests.unit.report.result_factory import make_sample


def test_a_row_for_each_second_with_units_in_the_header(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    second = replace(
        make_sample(2),
        backlog={"add": 1, "mul": 7},
        pools={"slow": (1.25, 4096)},
        sent=12,
        others_cpu_ratio=0.125,
    )
    write_series_csv([make_sample(1), second], path)
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        [
            "at_s", "sent_count", "completed_count", "failed_count", "in_flight_count",
            "backlog_add_count", "backlog_mul_count",
            "add_cpu_ratio", "add_rss_bytes", "slow_cpu_ratio", "slow_rss_bytes",
            "orchestrator_cpu_ratio", "orchestrator_rss_bytes", "others_cpu_ratio",
        ],
        ["1.000", "10", "9", "0", "1", "3", "", "0.500", "1024", "", "", "0.250", "2048", ""],
        ["2.000", "12", "9", "0", "1", "1", "7", "", "", "1.250", "4096", "0.250", "2048", "0.125"],
    ]  # fmt: skip


def test_no_samples_give_a_header(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    write_series_csv([], path)
    assert path.read_text().startswith("at_s,sent_count")
