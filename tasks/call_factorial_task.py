"""The tutorial's client: send one factorial to a running worker and print its result.

``python -m tasks.call_factorial_task``, with the worker of ``tasks/factorial_module.py`` running.
"""

import sys

from tasks.factorial_module import factorial_of_n

TIMEOUT_S = 60


def main() -> None:
    """Send, wait, print. Raises celery.exceptions.TimeoutError after TIMEOUT_S seconds."""
    # CPython prints at most 4,300 digits unless told otherwise; 20000! has 77,338.
    sys.set_int_max_str_digits(0)
    response = factorial_of_n.apply_async((20000,))
    print(response.get(timeout=TIMEOUT_S))


if __name__ == "__main__":
    main()
