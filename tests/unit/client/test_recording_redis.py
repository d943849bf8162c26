from typing import Any

from orchestrator.client.recording_redis import RecordingRedis


def recorder(prefix: str = "") -> tuple[RecordingRedis, list[Any]]:
    record: list[Any] = []
    return RecordingRedis(record.append, global_keyprefix=prefix), record


def test_changes_are_written_down_as_redis_py_would_send_them() -> None:
    client, record = recorder()
    client.lpush("queue", "message")
    client.set(b"key", "value", ex=60)
    client.delete("one", "two")
    client.publish("channel", "message")
    assert record == [
        ("LPUSH", "queue", "message"),
        ("SET", b"key", "value", "EX", 60),
        ("DEL", "one", "two"),
        ("PUBLISH", "channel", "message"),
    ]


def test_questions_are_answered_as_by_an_empty_redis() -> None:
    client, record = recorder()
    assert client.ping() is True
    assert client.llen("queue") == 0
    assert client.get("key") is None
    assert client.smembers("table") == set()
    assert record == []


def test_pipelines_pass_on_and_give_their_replies() -> None:
    client, record = recorder()
    with client.pipeline() as pipe:
        pipe.llen("queue")
        pipe.lpush("queue", "message")
        pipe.sadd("table", "member")
        assert pipe.execute() == [0, True, True]
        assert pipe.execute() == []
    assert record == [("LPUSH", "queue", "message"), ("SADD", "table", "member")]


def test_prefix_goes_before_keys_as_in_kombu() -> None:
    client, record = recorder("mine:")
    client.lpush("queue", "message")
    with client.pipeline() as pipe:
        pipe.sadd("table", "member")
    script = client.register_script("return 1")
    script(keys=["first", "second"], args=["argument"])
    assert record == [
        ("LPUSH", "mine:queue", "message"),
        ("SADD", "mine:table", "member"),
        ("EVAL", "return 1", 2, "mine:first", "second", "argument"),
    ]


def test_script_can_run_in_a_pipeline() -> None:
    client, record = recorder()
    script = client.register_script("return 1")
    with client.pipeline() as pipe:
        script(keys=["key"], args=[], client=pipe)
        assert pipe.execute() == [True]
    assert record == [("EVAL", "return 1", 1, "key")]
