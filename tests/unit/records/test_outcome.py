from orchestrator.records import VERDICTS, Expectation


def test_the_verdicts_are_those_of_the_design() -> None:
    assert VERDICTS == (
        "ok",
        "wrong",
        "failed",
        "lost_task",
        "lost_result",
        "duplicate",
        "late",
    )


def test_a_task_is_expected_to_be_ours_and_to_have_a_result() -> None:
    expectation = Expectation("id", "m.add", "add", "w", 0, (), {})
    assert expectation.direct
    assert not expectation.ignored
    assert expectation.inputs is None
