"""All tasks of this package in one app, for scenarios: ``celery -A tasks.app``."""

from inspect import ismethod

from tasks import add_module, canvas_module, factorial_module, mat_mul_module
from tasks.application import App, PrintableTask
from tasks.heartbeat import keep_heartbeat_file

app = App("tasks")
app.config_from_object("tasks.celeryconfig")


def adopt(task: PrintableTask, app: App) -> None:
    """Declare another app's task on ``app`` too: same name, same body, same reference."""
    bound = ismethod(task.run)
    app.task(
        task.run.__func__ if bound else task.run,
        name=task.name,
        bind=bound,
        reference=task.reference and staticmethod(task.reference),
    )


for _task in (
    add_module.add_two_numbers,
    factorial_module.factorial_of_n,
    mat_mul_module.matrix_multiplication,
    canvas_module.sum_of_numbers,
    canvas_module.count_digits,
    canvas_module.trace_of_matrix,
    canvas_module.identity,
    canvas_module.sleep,
    canvas_module.fail,
    canvas_module.flaky,
):
    adopt(_task, app)

keep_heartbeat_file()
