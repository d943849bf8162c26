from benchmarks import app as module


def test_the_tasks_are_plain_and_found_by_the_name_on_the_wire() -> None:
    assert module.app.tasks["benchmarks.add"](2, 3) == 5
    assert module.app.tasks["benchmarks.total"]([1, 2, 3]) == 6
    assert module.app.conf.task_default_queue == module.QUEUE
