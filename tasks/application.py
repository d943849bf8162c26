"""The app class of this package: stock Celery, except that showing a value breaks no task.

See ``tasks.printable`` for what stock Celery does with the text of long numbers and of arrays.
"""

from collections.abc import Callable
from typing import Any

import celery
from celery.app.amqp import AMQP

from tasks.printable import printable


class PrintableTask(celery.Task):
    """A task whose result has a short text in the worker."""

    reference: Callable[..., Any] | None = None
    """Takes the task's own arguments; returns the value that the task must give, or raises what it
    must raise. Given to ``@app.task(reference=staticmethod(...))``."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        # Celery's own __call__ would push an empty request over the one that the worker has pushed.
        return printable(self.run(*args, **kwargs))


class PrintableAMQP(AMQP):
    """Makes task messages whose ``argsrepr`` and ``kwargsrepr`` headers can always be made."""

    def as_task_v2(
        self, task_id: str, name: str, args: Any = None, kwargs: Any = None, *rest: Any, **more: Any
    ) -> Any:
        return super().as_task_v2(task_id, name, printable(args), printable(kwargs), *rest, **more)


class App(celery.Celery):
    """A Celery app; declare tasks with ``@app.task(name=..., reference=staticmethod(f))``."""

    task_cls = PrintableTask
    amqp_cls = PrintableAMQP

    def task(self, *args: Any, **options: Any) -> Any:
        """Declare a task of this app alone: by default Celery shares it with every other app of the
        process, also with those that never asked for it."""
        return super().task(*args, **{"shared": False, **options})
