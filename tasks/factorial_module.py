"""The tutorial's long task.

Its worker: ``celery -A tasks.factorial_module worker -l info -n worker-factorial@%h -Q factorial``.
"""

import math

from tasks.application import App
from tasks.arguments import max_factorial, whole_number

app = App("factorial_module")
app.config_from_object("tasks.celeryconfig")


def expected_factorial(n: int) -> int:
    """Return n! as the standard library has it."""
    return math.factorial(whole_number("n", n, at_least=0, at_most=max_factorial()))


@app.task(name="factorial_module.tasks.factorial", reference=staticmethod(expected_factorial))
def factorial_of_n(n: int) -> int:
    """Return n!, exactly. Raises ValueError unless n is an int from 0 to TASKS_MAX_FACTORIAL."""
    whole_number("n", n, at_least=0, at_most=max_factorial())
    result = 1
    for i in range(1, n + 1):
        result *= i
    return result
