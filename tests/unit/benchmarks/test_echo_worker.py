import hiredis
import orjson
from celery import Celery

from benchmarks.echo_worker import answers, read_task
from benchmarks.wire import encoded_add


def commands(packed: bytes) -> list[list[bytes]]:
    reader = hiredis.Reader()
    reader.feed(packed)
    found = []
    while (command := reader.gets()) is not False:
        found.append(command)
    return found


def test_a_message_is_read_and_added() -> None:
    assert read_task(encoded_add("some-id", 21)) == (b"some-id", b"", 42)


def test_the_answer_is_stored_and_announced_under_the_same_key() -> None:
    (store, announce) = commands(answers([(b"some-id", b"", 42)]))
    assert store[:3] == [b"SETEX", b"celery-task-meta-some-id", b"86400"]
    assert announce[:2] == [b"PUBLISH", b"celery-task-meta-some-id"]
    assert store[3] == announce[2]


def test_celerys_own_backend_understands_the_answer() -> None:
    app = Celery("echo", backend="cache+memory://", set_as_current=False)
    (store, _) = commands(answers([(b"some-id", b'"group_id": "g", ', -7)]))
    meta = app.backend.decode_result(store[3])
    assert (meta["status"], meta["result"]) == ("SUCCESS", -7)
    assert (meta["task_id"], meta["group_id"]) == ("some-id", "g")
    assert set(orjson.loads(store[3])) == {
        "status", "result", "traceback", "children", "date_done", "group_id", "task_id",
    }  # fmt: skip
