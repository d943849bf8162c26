"""``call``: the tutorial's client on the command line."""

import math

import pytest

from tests.acceptance.command import Command


def test_add(command: Command) -> None:
    done = command("call", "add", "4", "6")
    assert (done.code, done.out) == (0, "10\n"), done.err


def test_factorial_of_20000_is_exact(command: Command) -> None:
    done = command("call", "factorial", "20000")
    assert done.code == 0, done.err
    digits = done.out.strip()
    assert len(digits) == 77_338
    low = 10**4000
    value = 0
    for start in range(0, len(digits), 4000):  # below CPython's limit for text to int
        part = digits[start : start + 4000]
        value = value * 10 ** len(part) + int(part)
    assert value == math.factorial(20000)
    assert value > low


def test_mat_mul_prints_the_matrix(command: Command) -> None:
    done = command("call", "mat_mul", "20", "20")
    assert done.code == 0, done.err
    rows = [line for line in done.out.splitlines() if line.strip()]
    assert len(rows) == 20
    numbers = [float(word) for row in rows for word in row.strip(" []").split()]
    assert len(numbers) == 400
    assert all(0 < number < 20 for number in numbers)


def test_a_task_that_fails_is_said_in_one_line(command: Command) -> None:
    done = command("call", "fail", "because")
    assert done.code == 5
    assert "ValueError: because" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("task", ["ad", "no_such_task"])
def test_an_unknown_task_is_a_usage_error(command: Command, task: str) -> None:
    done = command("call", task)
    assert done.code == 2
    assert "Traceback" not in done.err


def test_a_broker_that_is_not_there_is_said_with_its_password_masked(command: Command) -> None:
    done = command("call", "add", "1", "2", "--broker", "redis://:hunter2@127.0.0.1:1/0")
    assert done.code == 3
    assert done.took_s < 10
    assert "127.0.0.1:1" in done.err
    assert "hunter2" not in done.err + done.out
    assert "Traceback" not in done.err
