"""Sides of stored runs whose truth is known, compared."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.comparison.compare import compare
from orchestrator.errors import UsageError
from orchestrator.records import Comparison
from orchestrator.scenario.changes import parse_fail_if
from tests.unit.comparison.stored_sides import SOURCE, repeats, side, stored, tasks
from tests.unit.report.result_factory import make_task


def compared(base: Path, head: Path, *gates: str, **changes: Any) -> Comparison:
    wanted = {"least": 0.03, "gates": [parse_fail_if(gate) for gate in gates], **changes}
    return compare(side(base), side(head), **wanted)


def meanings(comparison: Comparison) -> dict[str, str]:
    return {str(each.key): each.meaning for each in comparison.headline}


def pair(tmp_path: Path, **changes: Any) -> tuple[Path, Path]:
    stored(tmp_path / "base", 1)
    stored(tmp_path / "head", 2, **changes)
    return tmp_path / "base", tmp_path / "head"


def test_equal_runs_show_no_difference(tmp_path: Path) -> None:
    found = compared(*pair(tmp_path))
    assert set(meanings(found).values()) == {"noise"}
    assert found.verdict.startswith("No difference beyond noise. What may hide in it: throughput ")
    assert found.noise == "blocks"
    assert found.notes[0].startswith("1 run of BASE, 1 run of HEAD. With fewer than three runs")
    assert all(each.meaning in ("noise", "unknown") for each in found.details)


def test_a_slowdown_of_a_fifth_is_found_in_two_single_runs(tmp_path: Path) -> None:
    found = compared(*pair(tmp_path, slower=1.2))
    assert meanings(found)["run p(50)"] == "worse"
    assert found.verdict.startswith("HEAD is worse: ")
    assert "run p(50) +20." in found.verdict


def test_and_in_repeats_and_a_gain_too(tmp_path: Path) -> None:
    base = repeats(tmp_path / "base", range(1, 11, 2))
    slow = repeats(tmp_path / "slow", range(2, 12, 2), slower=1.2)
    found = compared(base, slow)
    assert found.noise == "repeats"
    assert meanings(found)["run p(50)"] == "worse"
    assert "5 runs of BASE, 5 runs of HEAD." in found.notes[0]
    assert not [note for note in found.notes if "in turns" in note]
    back = compared(slow, base)
    assert back.verdict.startswith("HEAD is better: ")


def test_one_run_against_repeats(tmp_path: Path) -> None:
    base = repeats(tmp_path / "base", range(1, 6))
    stored(tmp_path / "head", 9, slower=1.2)
    found = compared(base, tmp_path / "head")
    assert found.noise == "one side's repeats"
    assert meanings(found)["run p(50)"] == "worse"
    assert any("were all made before" in note for note in found.notes)


def test_summaries_alone_cannot_tell_noise(tmp_path: Path) -> None:
    base, head = pair(tmp_path, slower=1.2)
    for place in (base, head):
        (place / "tasks.csv.gz").unlink()
    found = compared(base, head)
    assert found.noise == "unknown"
    assert meanings(found)["run p(50)"] == "unknown"
    assert found.headline[0].change == pytest.approx(0.0, abs=0.01)
    with pytest.raises(UsageError, match="cannot be decided: what is noise in run p"):
        compared(base, head, "run p(50)>+10%")


def test_gates(tmp_path: Path) -> None:
    base, head = pair(tmp_path, slower=1.2)
    found = compared(
        base, head, "run p(50)>+15%", "throughput<-10%", "run{task:add} p(50)>+15%", "tasks_lost>0"
    )
    assert [gate.state for gate in found.gates] == ["tripped", "held", "tripped", "held"]
    assert found.tripped
    assert not compared(base, head, "run p(50)>+25%").tripped
    with pytest.raises(UsageError, match="have no task 'nap'"):
        compared(base, head, "run{task:nap} p(50)>+15%")
    with pytest.raises(UsageError, match="neither side has measured chord_join"):
        compared(base, head, "chord_join p(50)>+15%")


def test_what_cannot_be_compared_is_refused_with_every_reason(tmp_path: Path) -> None:
    base, head = pair(
        tmp_path, source={**SOURCE, "seed": 9}, host={"cpus": 8, "memory_bytes": 8 * 2**30}
    )
    with pytest.raises(UsageError) as refused:
        compared(base, head)
    text = str(refused.value)
    assert "seed: nothing -> 9" in text
    assert "2 processors -> 8" in text
    assert text.endswith("--allow scenario,host")
    found = compared(base, head, allowed=frozenset({"scenario", "host"}))
    assert [each.kind for each in found.allowed] == ["scenario", "host"]
    with pytest.raises(UsageError, match=r"--allow host$"):
        compared(base, head, allowed=frozenset({"scenario"}))


def test_a_run_cannot_stand_on_both_sides_beside_others(tmp_path: Path) -> None:
    repeats(tmp_path, range(1, 4))
    with pytest.raises(UsageError, match="run run2 is on both sides"):
        compared(tmp_path, tmp_path / "run-2")
    assert set(meanings(compared(tmp_path / "run-2", tmp_path / "run-2")).values()) == {"noise"}


def test_verdicts_and_thresholds_are_compared_as_counts(tmp_path: Path) -> None:
    wrong = [make_task(2000 + n, matched=False, reason="expected 1, got 2") for n in range(3)]
    base, head = pair(tmp_path, outcomes=[*tasks(), *wrong])
    found = compared(base, head)
    assert found.verdict.startswith("HEAD has 3 wrong, BASE none that is not ok. ")
    differing = [each for each in found.thresholds if each.differs]
    assert [(each.metric, each.base_held, each.head_held) for each in differing] == [
        ("verified", 1, 0)
    ]
    assert any(note.startswith("Not all tasks of HEAD are ok") for note in found.notes)


def test_other_processes_are_mentioned(tmp_path: Path) -> None:
    busy = compared(*pair(tmp_path / "1", others=1.0))
    assert any("took 0 % of the machine in BASE, 50 % in HEAD" in note for note in busy.notes)
    unknown = compared(*pair(tmp_path / "2", others=None))
    assert any("is not known for all runs" in note for note in unknown.notes)
    quiet = compared(*pair(tmp_path / "3", others=0.1))
    assert not any("machine" in note for note in quiet.notes)


def test_a_bottleneck_is_mentioned(tmp_path: Path) -> None:
    found = compared(*pair(tmp_path, bottleneck="its core was saturated for 3 s"))
    assert any(note.startswith("In 1 of 1 run of HEAD the orchestrator") for note in found.notes)


def test_changes_that_are_too_small_do_not_count(tmp_path: Path) -> None:
    base = repeats(tmp_path / "base", range(1, 11, 2), scatter=0.001)
    head = repeats(tmp_path / "head", range(2, 12, 2), slower=1.02, scatter=0.001)
    found = compared(base, head)
    assert meanings(found)["run p(50)"] == "small"
    assert found.verdict.startswith("No difference that counts: task_duration p(50) +1.2 %")
    assert meanings(compared(base, head, least=0.019))["run p(50)"] == "worse"


def test_the_same_files_give_the_same_answer(tmp_path: Path) -> None:
    base, head = pair(tmp_path, slower=1.1)
    assert compared(base, head) == compared(base, head)
