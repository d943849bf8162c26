from typing import Any

import celery
import pytest
from amqp import spec
from kombu import entity

from orchestrator.client.amqp_recording import endpoints, is_amqp
from orchestrator.client.amqp_wire import read_arguments, read_properties
from orchestrator.errors import NotSupported
from tests.unit.client.rabbit_app import RabbitRecorder
from tests.unit.client.recording_app import recording_app

Queue: Any = entity.Queue
Exchange: Any = entity.Exchange


def test_message() -> None:
    recorder = RabbitRecorder()
    captured = recorder.capture(recorder.task("add", 1, 2, task_id="me", priority=3))
    [message] = captured.commands
    assert (message.exchange, message.routing_key) == ("", "celery")
    assert (message.task_id, message.mandatory) == ("me", True)
    properties = read_properties(message.properties)
    assert properties["delivery_mode"] == 2
    assert properties["priority"] == 3
    assert properties["application_headers"]["task"] == "add"
    assert message.body.startswith(b"[[1, 2], {}")


def test_declarations_are_made_once() -> None:
    recorder = RabbitRecorder(
        task_queues=[Queue("celery", Exchange("news", type="topic"), routing_key="news.#")]
    )
    for _ in range(2):
        recorder.capture(recorder.task("add", 1))
    declared = recorder.broker.record.declarations
    assert [each.what for each in declared] == [
        "exchange 'news'",
        "queue 'celery'",
        "queue 'celery'",
    ]
    assert [each.signature for each in declared] == [
        spec.Exchange.Declare,
        spec.Queue.Declare,
        spec.Queue.Bind,
    ]
    assert read_arguments("BsssbF", declared[2].arguments)[1:4] == ["celery", "news", "news.#"]
    recorder.broker.declare_again()
    recorder.capture(recorder.task("add", 1))
    assert declared == [*declared[:3], *declared[:3]]


def test_events_go_along_and_are_not_mandatory() -> None:
    recorder = RabbitRecorder(task_send_sent_event=True)
    captured = recorder.capture(recorder.task("add", 1))
    assert [(message.exchange, message.mandatory) for message in captured.commands] == [
        ("", True),
        ("celeryev", False),
    ]


def test_broadcast() -> None:
    recorder = RabbitRecorder()
    [message] = recorder.broker.broadcast("revoke", {"task_id": ["x"]})
    assert (message.exchange, message.mandatory) == ("celery.pidbox", False)
    assert b'"revoke"' in message.body
    recorder.broker.close()


def test_confirm_timeout_is_kept() -> None:
    recorder = RabbitRecorder()
    [message] = recorder.capture(recorder.task("add", 1, confirm_timeout=2.5)).commands
    assert message.confirm_timeout_s == 2.5


def test_confirmations_of_the_apps_own_do_not_wait() -> None:
    recorder = RabbitRecorder(broker_transport_options={"confirm_publish": True})
    assert len(recorder.capture(recorder.task("add", 1)).commands) == 1


def test_failover_list() -> None:
    app = recording_app()
    connection = app.connection_for_write("amqp://one//;amqps://me:pw@two:99//x")
    assert is_amqp(connection)
    addresses = [endpoint.address() for endpoint in endpoints(app, connection)]
    assert [str(address) for address in addresses] == ["amqp://one:5672/", "amqps://two:99/x"]
    with pytest.raises(NotSupported, match="must all be RabbitMQ"):
        endpoints(app, app.connection_for_write("amqp://one//;redis://two/0"))


@pytest.mark.skipif(celery.VERSION < (5, 7), reason="py-amqp takes no function on this line")
def test_password_that_changes() -> None:
    app = recording_app()
    connection = app.connection_for_write("amqp://one//")
    passwords = iter(["first", "second"])
    connection.password = lambda: next(passwords)
    [endpoint] = endpoints(app, connection)
    logins = [endpoint.address().login(["PLAIN"]) for _ in range(2)]
    assert logins == [("PLAIN", b"\0guest\0first"), ("PLAIN", b"\0guest\0second")]


def test_login_that_needs_another_package() -> None:
    with pytest.raises(NotSupported, match="gssapi"):
        RabbitRecorder(broker_login_method="GSSAPI")


def test_other_brokers_are_no_rabbitmq() -> None:
    app = recording_app()
    assert not is_amqp(app.connection_for_write("redis://one/0"))
