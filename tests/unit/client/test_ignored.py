from typing import Any

from celery import chain, chord, group

from orchestrator.client.ignored import ignored_ids
from tests.unit.client.recording_app import Recorder

RECORDER = Recorder()


def ignored(signature: Any) -> frozenset[str]:
    return ignored_ids(RECORDER.app, RECORDER.capture(signature).published)


def add(task_id: str, **options: Any) -> Any:
    return RECORDER.task("add", 1, task_id=task_id, **options)


def forgettable(task_id: str, **options: Any) -> Any:
    return RECORDER.task("forgettable", task_id=task_id, **options)


def test_tasks_that_we_publish() -> None:
    canvas = group(add("a"), add("b", ignore_result=True), forgettable("c"))
    assert ignored(canvas) == {"b", "c"}
    assert ignored(forgettable("c", ignore_result=False)) == frozenset()


def test_later_links() -> None:
    assert ignored(chain(add("a"), forgettable("b"), add("c", ignore_result=True))) == {"b", "c"}
    assert ignored(chain(add("a"), forgettable("b", ignore_result=False))) == frozenset()


def test_bodies_of_chords_and_what_is_in_them() -> None:
    header = [add("h1"), add("h2")]
    assert ignored(chord(header, forgettable("body"))) == {"body"}
    body = group(forgettable("one"), add("two"))
    assert "one" in ignored(chord(header, body))
    assert "two" not in ignored(chord(header, body))


def test_task_that_is_not_registered_here_has_its_option_only() -> None:
    canvas = chain(add("a"), RECORDER.app.signature("far.away", task_id="b"))
    assert ignored(canvas) == frozenset()
