"""The names of the plugin, beside those of Celery's own."""

from types import ModuleType

import celery.contrib.pytest
import pytest
from _pytest.fixtures import FixtureFunctionDefinition

from orchestrator import pytest_plugin


def fixtures(module: ModuleType) -> set[str]:
    found = vars(module).items()
    return {name for name, value in found if isinstance(value, FixtureFunctionDefinition)}


def test_no_fixture_has_a_name_of_celerys() -> None:
    theirs, ours = fixtures(celery.contrib.pytest), fixtures(pytest_plugin)
    assert {"celery_app", "celery_worker"} <= theirs
    assert {"celery_lab", "celery_lab_broker", "celery_lab_config", "celery_lab_result"} <= ours
    assert all(name.startswith("celery_lab") for name in ours)
    assert not ours & theirs


def test_every_fixture_says_what_it_gives() -> None:
    for name in fixtures(pytest_plugin):
        assert getattr(pytest_plugin, name).__doc__, name


def test_a_marked_test_gets_the_result(request: pytest.FixtureRequest) -> None:
    class Item:
        fixturenames: list[str]

        def __init__(self, marker: object) -> None:
            self.fixturenames = []
            self.get_closest_marker = {pytest_plugin.MARKER: marker}.get

    for marker, names in ((None, []), (object(), ["celery_lab_result"])):
        item = Item(marker)
        pytest_plugin.pytest_itemcollected(item)  # type: ignore[arg-type]
        assert item.fixturenames == names
