from pathlib import Path

import pytest

from orchestrator.comparison.sides import in_turns, read_side
from orchestrator.errors import UsageError
from tests.unit.comparison.stored_sides import experiment, repeats, stored


def ids(name: object) -> list[str]:
    return [run.id for run in read_side(str(name)).runs]


def test_a_run_directory_is_one_run(tmp_path: Path) -> None:
    stored(tmp_path)
    side = read_side(str(tmp_path))
    assert [run.id for run in side.runs] == ["run1"]
    assert side.runs[0].directory == tmp_path
    assert ids(tmp_path / "summary.json") == ["run1"]
    assert read_side(str(tmp_path / "summary.json")).runs[0].directory == tmp_path


def test_a_summary_that_was_copied_away_stands_alone(tmp_path: Path) -> None:
    stored(tmp_path / "run")
    (tmp_path / "base.json").write_bytes((tmp_path / "run" / "summary.json").read_bytes())
    assert read_side(str(tmp_path / "base.json")).runs[0].directory is None
    (tmp_path / "run" / "tasks.csv.gz").unlink()
    assert read_side(str(tmp_path / "run")).runs[0].directory is None


def test_a_directory_of_runs_is_its_runs_in_the_order_of_time(tmp_path: Path) -> None:
    stored(tmp_path / "a", 3)
    stored(tmp_path / "b", 1)
    experiment(tmp_path / "c", {"threads": range(5, 7)})
    (tmp_path / "notes").mkdir()
    (tmp_path / "readme.txt").write_text("not a run")
    assert ids(tmp_path) == ["run1", "run3", "run5", "run6"]


def test_an_experiment_of_repeats_is_its_runs(tmp_path: Path) -> None:
    experiment(tmp_path, {"threads": range(1, 4)})
    assert ids(tmp_path) == ids(tmp_path / "summary.json") == ["run1", "run2", "run3"]
    assert read_side(str(tmp_path)).varied == frozenset()


def test_of_a_matrix_one_combination_is_chosen(tmp_path: Path) -> None:
    place = experiment(tmp_path / "odd#name", {"threads": range(1, 3), "solo": range(3, 5)})
    assert ids(f"{place}#pool=solo") == ["run3", "run4"]
    assert read_side(f"{place}#pool=solo").varied == {"workers.add.pool"}
    with pytest.raises(UsageError, match=r"has 2 combinations: name one, .*#pool=threads'"):
        read_side(str(place))
    with pytest.raises(UsageError, match="has no combination 'pool=prefork': name one"):
        read_side(f"{place}#pool=prefork")


def test_there_is_nothing_to_choose_of_one_run(tmp_path: Path) -> None:
    stored(tmp_path)
    with pytest.raises(UsageError, match="is one run: there is nothing to choose by #pool=solo"):
        read_side(f"{tmp_path}#pool=solo")


@pytest.mark.parametrize("name", ["nothing", "empty", "empty#pool=solo"])
def test_what_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"does not exist|holds no run"):
        read_side(str(tmp_path / name))


def test_a_run_of_an_experiment_that_is_gone_is_an_error(tmp_path: Path) -> None:
    experiment(tmp_path, {"threads": range(1, 3)})
    (tmp_path / "run-2" / "summary.json").unlink()
    with pytest.raises(UsageError, match="run-2 is not a whole run directory"):
        read_side(str(tmp_path))


def test_runs_in_turns(tmp_path: Path) -> None:
    early, late = repeats(tmp_path / "1", range(1, 4)), repeats(tmp_path / "2", range(4, 7))
    between = repeats(tmp_path / "3", range(2, 6))
    first, second, mixed = (read_side(str(place)) for place in (early, late, between))
    assert in_turns(first, mixed)
    assert in_turns(mixed, first)
    assert not in_turns(first, second)
    assert not in_turns(second, first)
    single = read_side(str(early / "run-2"))
    assert not in_turns(single, first)
