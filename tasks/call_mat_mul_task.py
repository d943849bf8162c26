"""The tutorial's client: send one matrix product to a running worker and print its result.

``python -m tasks.call_mat_mul_task``, with the worker of ``tasks/mat_mul_module.py`` running.
"""

from tasks.mat_mul_module import matrix_multiplication

TIMEOUT_S = 60


def main() -> None:
    """Send, wait, print. Raises celery.exceptions.TimeoutError after TIMEOUT_S seconds."""
    response = matrix_multiplication.apply_async((20, 20))
    print(response.get(timeout=TIMEOUT_S))


if __name__ == "__main__":
    main()
