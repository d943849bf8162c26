from orchestrator.report.html.failures import MOST_GROUPS, MOST_IDS, Failures
from tests.unit.report.html.test_intervals import task


def test_tasks_that_differ_in_numbers_only_are_one_group() -> None:
    failures = Failures({"t-1": "Traceback ..."})
    for number in range(30):
        failures.add(
            task(
                float(number),
                id=f"t-{number}",
                verdict="wrong",
                reason=f"got {number} of 0x{number:x}",
            )
        )
    failures.add(task(0, id="f", verdict="failed", reason="got 1 of 0x1"))
    failures.add(task(0))
    first, second = failures.data()["groups"]
    assert (first["verdict"], first["count"], len(first["ids"])) == ("wrong", 30, MOST_IDS)
    assert first["reason"] == "got 0 of 0x0"
    assert first["traceback"] == "Traceback ..."
    assert first["workers"] == ["add-1"]
    assert first["first_ms"] == 16
    assert (second["verdict"], second["count"], second["traceback"]) == ("failed", 1, None)


def test_groups_are_bounded_and_what_is_left_out_is_counted() -> None:
    failures = Failures({})
    for number in range(MOST_GROUPS + 7):
        failures.add(
            task(0, verdict="failed", reason="".join(chr(97 + int(d)) for d in str(number)))
        )
    data = failures.data()
    assert len(data["groups"]) == MOST_GROUPS
    assert data["left_out"] == 7
