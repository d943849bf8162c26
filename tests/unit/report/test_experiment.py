"""The table and the document of an experiment."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.experiments.rows import rows
from orchestrator.experiments.trials import trial_of
from orchestrator.records import Experiment, Trial
from orchestrator.report.experiment import experiment_summary, print_experiment
from orchestrator.report.run_directory import write_experiment
from tests.unit.report.result_factory import PASSWORD, make_result

A: dict[str, Any] = {"workers.all.pool": "a"}
B: dict[str, Any] = {"workers.all.pool": "b"}


def trial(settings: dict[str, Any], number: int, throughput: float) -> Trial:
    made = trial_of(make_result(), settings, number=number, repeat=1, directory=Path(f"r{number}"))
    return replace(
        made,
        figures={**made.figures, "throughput_per_s": throughput},
        verdicts={"ok": 10},
    )


def experiment(*trials: Trial, **changes: Any) -> Experiment:
    made = Experiment(
        id="e1", name="pools", description="Two of them.", seed=1, keys=("workers.all.pool",),
        repeats=2, planned=4, rows=rows([A, B], trials), exit_code=0, duration_s=12.5,
    )  # fmt: skip
    return replace(made, **changes)


FOUR = [trial(A, 2, 100), trial(B, 1, 200), trial(A, 3, 101), trial(B, 4, 201)]


def printed(of: Experiment) -> str:
    file = io.StringIO()
    print_experiment(of, file, Path("runs/x"))
    return file.getvalue()


def test_the_table_has_a_row_for_each_and_marks_the_best() -> None:
    text = printed(experiment(*FOUR))
    (first,) = [line for line in text.splitlines() if line.split()[:1] == ["a"]]
    (second,) = [line for line in text.splitlines() if line.split()[:1] == ["b"]]
    assert "100 ±0.71 " in first
    assert "200 ±0.71*" in second
    assert "* better than every other by more than the noise" in text
    assert "PASSED 4 runs in 12.5 s" in text
    assert "runs/x" in text
    assert not any(line.endswith(" ") for line in text.splitlines())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"repeats": 1}, "one run each: what is noise cannot be told"),
        ({"planned": 9, "exit_code": 130}, "PARTIAL 4 of 9 runs"),
        ({"exit_code": 5}, "FAILED 4 runs in 12.5 s: verification failed (exit code 5)"),
    ],
)
def test_what_it_says_of_the_whole(changes: dict[str, Any], says: str) -> None:
    assert says in printed(experiment(*FOUR, **changes))


def test_no_best_is_said_too() -> None:
    same = [trial(A, 1, 100), trial(A, 2, 120), trial(B, 3, 101), trial(B, 4, 119)]
    assert "no figure is better than every other" in printed(experiment(*same))


def test_the_document_has_rows_and_every_run_in_its_order(tmp_path: Path) -> None:
    of = experiment(*FOUR)
    write_experiment(of, tmp_path)
    document = json.loads((tmp_path / "summary.json").read_text())
    assert document == json.loads(json.dumps(experiment_summary(of)))
    assert (document["version"], document["kind"]) == (1, "experiment")
    assert [run["number"] for run in document["runs"]] == [1, 2, 3, 4]
    row = document["rows"][1]
    assert (row["axes"], row["settings"]) == ({"pool": "b"}, B)
    assert row["figures"]["throughput_per_s"] == {
        "mean": 200.5, "deviation": pytest.approx(0.7071, abs=1e-4), "best": True,
    }  # fmt: skip
    assert row["verdicts"]["ok"] == 20


def test_no_secret_is_written() -> None:
    settings: dict[str, Any] = {"target.broker": f"redis://:{PASSWORD}@h/0"}
    of = experiment(rows=rows([settings], [trial(settings, 1, 100)]))
    assert PASSWORD not in json.dumps(experiment_summary(of))
