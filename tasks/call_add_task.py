"""The tutorial's client: send one addition to a running worker and print its result.

``python -m tasks.call_add_task``, with the worker of ``tasks/add_module.py`` running.
"""

from tasks.add_module import add_two_numbers

TIMEOUT_S = 60


def main() -> None:
    """Send, wait, print. Raises celery.exceptions.TimeoutError after TIMEOUT_S seconds."""
    response = add_two_numbers.apply_async((4, 6))
    print(response.get(timeout=TIMEOUT_S))


if __name__ == "__main__":
    main()
