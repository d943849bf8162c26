"""An app whose servers are never spoken to: what would be sent to them is captured."""

from typing import Any

from celery import Celery

from orchestrator.client.capture import Captured, Capturer
from orchestrator.client.ids import IdSource
from orchestrator.client.recording_backend import real_backend
from orchestrator.client.recording_broker import RecordingBroker

NOWHERE = "redis://127.0.0.1:1"


def recording_app(**settings: Any) -> Celery:
    """An app with the tasks `add`, `total` and `forgettable`."""
    app = Celery("recorded", set_as_current=False)
    app.conf.update({"broker_url": f"{NOWHERE}/0", "result_backend": f"{NOWHERE}/1", **settings})

    def add(x: int, y: int = 0) -> int:
        return x + y

    def total(numbers: list[int]) -> int:
        return sum(numbers)

    def forgettable(x: int = 0) -> int:
        return x

    app.task(add, name="add", shared=False)
    app.task(total, name="total", shared=False)
    app.task(forgettable, name="forgettable", shared=False, ignore_result=True)
    app.finalize()
    return app


class Recorder:
    """An app and the capturer of its canvases."""

    def __init__(self, **settings: Any) -> None:
        self.app = recording_app(**settings)
        self.broker = RecordingBroker(self.app)
        self.backend = real_backend(self.app)
        self.ids = IdSource()
        self.capturer = Capturer(self.app, self.broker, self.backend, self.ids)

    def task(self, name: str, *args: Any, **options: Any) -> Any:
        return self.app.tasks[name].s(*args).set(**options)

    def capture(self, signature: Any) -> Captured:
        return self.capturer.capture(signature)
