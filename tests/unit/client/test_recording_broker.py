import base64
import json
from collections.abc import Iterable

import kombu
import pytest
from celery import Celery
from kombu import entity

from orchestrator.client.failures import Unroutable
from orchestrator.client.recording_broker import RecordingBroker, Routed
from orchestrator.client.resp import Command
from orchestrator.errors import NotSupported
from tests.unit.client.recording_app import Recorder


def plain(commands: Iterable[Command | Routed]) -> list[Command]:
    return [command for command in commands if not isinstance(command, Routed)]


def test_message_and_its_key() -> None:
    recorder = Recorder(broker_transport_options={"global_keyprefix": "mine:"})
    captured = recorder.capture(recorder.task("add", 1, 2, priority=6, queue="q"))
    [(command, key, payload)] = plain(captured.commands)
    assert (command, key) == ("LPUSH", "mine:q\x06\x166")
    message = json.loads(payload)
    assert message["headers"]["task"] == "add"
    assert message["properties"]["delivery_info"] == {"exchange": "", "routing_key": "q"}


def test_bindings_are_kept_for_later_connections_and_declared_once() -> None:
    recorder = Recorder()
    for _ in range(3):
        recorder.capture(recorder.task("add", 1, 2, queue="q"))
    bindings = list(recorder.broker.record.declarations)
    assert bindings
    assert all(command[0] == "SADD" for command in bindings)
    assert len(set(bindings)) == len(bindings)


@pytest.mark.skipif(kombu.VERSION < (5, 7), reason="kombu's Redis queues expire from 5.7 on")
def test_queue_that_expires() -> None:
    queues = [entity.Queue("q", expires=60)]  # type: ignore[no-untyped-call]
    recorder = Recorder(task_queues=queues)
    captured = recorder.capture(recorder.task("add", 1, 2, queue="q"))
    names = [command[0] for command in plain(captured.commands)]
    assert names[0] == "LPUSH"
    assert set(names[1:]) == {"PEXPIRE"}


def test_topic_exchange_is_routed_by_the_brokers_table() -> None:
    exchange = entity.Exchange("news", type="topic")  # type: ignore[no-untyped-call]
    queues = [entity.Queue("q", exchange, "a.#")]  # type: ignore[no-untyped-call]
    recorder = Recorder(task_queues=queues)
    captured = recorder.capture(recorder.task("add", 1, 2, queue="q", routing_key="a.b"))
    [routed] = captured.commands
    assert isinstance(routed, Routed)
    assert recorder.broker.channel.binding_key("news") == "_kombu.binding.news"
    [binding] = [c[2] for c in recorder.broker.record.declarations if c[1] == "_kombu.binding.news"]
    members = [binding.encode(), b"c.#\x06\x16^c\\..*?$\x06\x16other"]
    table = recorder.broker.read_table(members)
    [(command, key, _)] = plain(recorder.broker.deliver(routed, table))
    assert (command, key) == ("LPUSH", "q")
    with pytest.raises(Unroutable, match=r"topic exchange 'news'.*'a\.b'"):
        recorder.broker.deliver(routed, table[1:])


def test_event_goes_to_the_fanout_channel_of_its_database() -> None:
    recorder = Recorder(task_send_sent_event=True, broker_url="redis://127.0.0.1:1/3")
    captured = recorder.capture(recorder.task("add", 1, 2))
    published = [command for command in plain(captured.commands) if command[0] == "PUBLISH"]
    assert [command[1] for command in published] == ["/3.celeryev/task.sent"]


def test_broadcast_leaves_the_record_alone() -> None:
    recorder = Recorder()
    commands = recorder.broker.broadcast("revoke", {"task_id": ["x"]})
    [(command, channel, payload)] = plain(commands)
    assert (command, channel) == ("PUBLISH", "/0.celery.pidbox")
    assert b"revoke" in base64.b64decode(json.loads(payload)["body"])
    assert recorder.broker.record.commands == []


def test_what_was_published_is_noted() -> None:
    recorder = Recorder()
    captured = recorder.capture(recorder.task("forgettable", 1))
    [task] = captured.published
    assert (task.id, task.ignored) == (captured.result.id, True)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("amqp://localhost//", "a broker of type amqp"),
        ("sentinel://localhost:26379", "Sentinel"),
        ("memory://", "a broker of type memory"),
    ],
)
def test_other_brokers_are_refused(url: str, message: str) -> None:
    with pytest.raises(NotSupported, match=message):
        RecordingBroker(Celery("x", broker=url, set_as_current=False))
