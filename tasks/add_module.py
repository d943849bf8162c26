"""The tutorial's quick task.

Its worker: ``celery -A tasks.add_module worker -l info -n worker-add@%h -Q add``.
"""

from typing import Any

from tasks.application import App

app = App("add_module")
app.config_from_object("tasks.celeryconfig")


def expected_sum(x: Any, y: Any) -> Any:
    """Return x + y."""
    return x + y


@app.task(name="add_module.tasks.add", reference=staticmethod(expected_sum))
def add_two_numbers(x: Any, y: Any) -> Any:
    """Return x + y."""
    return x + y
