"""One app holds all tasks, under names whose last part is enough."""

import pytest

from tasks import add_module, canvas_module, factorial_module, mat_mul_module
from tasks.app import app

MODULES = (add_module, factorial_module, mat_mul_module, canvas_module)


def own_tasks() -> dict[str, object]:
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def test_the_last_part_of_each_name_is_unique() -> None:
    assert sorted(name.rpartition(".")[2] for name in own_tasks()) == [
        "add",
        "digits",
        "factorial",
        "fail",
        "flaky",
        "identity",
        "mat_mul",
        "sleep",
        "sum",
        "trace",
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_both_apps_share_bodies_and_references(module: object) -> None:
    theirs = {name: task for name, task in module.app.tasks.items() if name in own_tasks()}  # type: ignore[attr-defined]
    assert theirs
    for name, task in theirs.items():
        twin = app.tasks[name]
        assert twin is not task
        assert twin.app is app
        assert getattr(twin.run, "__func__", twin.run) is getattr(task.run, "__func__", task.run)
        assert twin.reference is task.reference
        assert callable(twin.reference)


def test_the_twin_of_a_bound_task_retries() -> None:
    assert app.tasks["canvas_module.tasks.flaky"].apply((2,)).get() == 3


@pytest.mark.parametrize("name", sorted(own_tasks()))
def test_routes(name: str) -> None:
    route = app.amqp.router.route({}, name)
    assert route["queue"].name in {"add", "factorial", "mat_mul"}
