"""What Celery's events say, as the timeline hears it."""

import pytest
from celery import Celery

from orchestrator.observe.event_receiver import EventReceiver

Heard = list[tuple[object, ...]]


class Listener:
    def __init__(self) -> None:
        self.heard: Heard = []

    def received(self, *what: object) -> None:
        self.heard.append(("received", *what))

    def started(self, *what: object) -> None:
        self.heard.append(("started", *what))

    def finished(self, *what: object) -> None:
        self.heard.append(("finished", *what))

    def ran(self, *what: object) -> None:
        self.heard.append(("ran", *what))

    def published(self, *what: object) -> None:
        self.heard.append(("published", *what))


AT = {"uuid": "a", "timestamp": 1.5, "hostname": "add@there"}
SAID = ("a", 1_500_000_000)


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        ({"type": "task-received", **AT}, [("received", *SAID, "add@there")]),
        ({"type": "task-started", **AT}, [("started", *SAID, "add@there")]),
        ({"type": "task-succeeded", **AT}, [("finished", *SAID, "SUCCESS", "add@there")]),
        (
            {"type": "task-succeeded", **AT, "runtime": 0.25},
            [("finished", *SAID, "SUCCESS", "add@there"), ("ran", "a", 250_000_000)],
        ),
        ({"type": "task-failed", **AT}, [("finished", *SAID, "FAILURE", "add@there")]),
        ({"type": "task-retried", **AT}, [("finished", *SAID, "RETRY", "add@there")]),
        ({"type": "task-sent", **AT}, []),
        ({"type": "worker-heartbeat", **AT}, []),
        ({"type": "task-received", "uuid": None}, []),
        ({}, []),
    ],
)
async def test_an_event_is_passed_on(event: dict[str, object], heard: Heard) -> None:
    listener = Listener()
    receiver = EventReceiver(Celery("x", set_as_current=False), listener)
    receiver._take(event)
    assert listener.heard == heard


async def test_what_sends_no_events_is_not_waited_for() -> None:
    receiver = EventReceiver(Celery("x", set_as_current=False), Listener())
    await receiver.drained()
    assert receiver.heard == 0
