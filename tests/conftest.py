"""For all tests: one test's environment variables are not the next one's."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.machine import the_machine

# How long an example takes depends on what else the machine does.
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that want the machine alone come last: in between, each would keep the others waiting
    until the last of them has ended its test."""
    items.sort(key=lambda item: item.get_closest_marker("alone") is not None)


@pytest.fixture(autouse=True)
def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """A test marked ``alone`` measures with a clock: no other runs beside it."""
    if not hasattr(request.config, "workerinput"):
        yield
        return
    alone = request.node.get_closest_marker("alone") is not None
    with the_machine(tmp_path_factory.getbasetemp().parent, alone=alone):
        yield


@pytest.fixture(autouse=True)
def restored_environ() -> Iterator[None]:
    """`apply_target` sets Celery's variables in this process, as a run must; here it is undone."""
    before = dict(os.environ)
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(autouse=True)
def not_on_github(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test runs leaves no annotation and no summary in the CI job of the test."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def only_built_in_shared_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is declared with `@app.task` belongs, for Celery, to every app of the process: an
    app that a test makes would have the tasks of all modules that other tests have imported."""
    from celery import _state
    from celery.app import builtins

    own = {made for made in _state._on_app_finalizers if made.__module__ == builtins.__name__}
    monkeypatch.setattr(_state, "_on_app_finalizers", own)
