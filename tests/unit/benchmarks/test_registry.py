import pytest

from benchmarks.records import BenchmarkError
from benchmarks.registry import EXPERIMENTS, chosen, names


def test_every_row_has_a_name_of_its_own() -> None:
    rows = [row.name for experiment in EXPERIMENTS for row in experiment.rows]
    assert len(rows) == len(set(rows))
    assert set(rows) <= set(names())


def test_nothing_asked_for_is_everything() -> None:
    assert [experiment for experiment, _ in chosen([])] == list(EXPERIMENTS)


def test_one_row_of_an_experiment() -> None:
    ((experiment, rows),) = chosen(["publish-limit"])
    assert experiment.name == "publish"
    assert rows == {"publish-limit"}


def test_an_experiment_is_all_its_rows() -> None:
    ((experiment, rows),) = chosen(["echo"])
    assert rows == {row.name for row in experiment.rows}


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(BenchmarkError, match=r"no publsh; there are publish, publish-stock"):
        chosen(["publsh"])
