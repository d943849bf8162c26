"""For all tests: one test's environment variables are not the next one's."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def restored_environ() -> Iterator[None]:
    """`apply_target` sets Celery's variables in this process, as a run must; here it is undone."""
    before = dict(os.environ)
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)
