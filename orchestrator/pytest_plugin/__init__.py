"""The pytest plugin: a broker for the session, and a laboratory for each test.

It is loaded by every pytest of the environment that it is installed in, so it imports nothing but
pytest: the rest comes with the first test that asks for a fixture. It has no fixture of a name that
`celery.contrib.pytest` or pytest-celery have. docs/pytest.md is its manual."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from orchestrator.pytest_plugin.broker import LabBroker
    from orchestrator.pytest_plugin.lab import CeleryLab
    from orchestrator.pytest_plugin.result import LabResult

MARKER = "celery_lab"
RESULT_FIXTURE = "celery_lab_result"
SUFFIX = ".lab.yaml"


# ---- options ------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("celery-lab", "celery-orchestrator, the laboratory for Celery")
    group.addoption(
        "--celery-lab-broker",
        metavar="URL",
        help="Use this broker, redis://... or amqp://..., instead of a private Redis.",
    )
    group.addoption(
        "--celery-lab-require",
        action="store_true",
        help="Fail, and do not skip, when there is no server to start and no broker was named.",
    )
    group.addoption(
        "--celery-lab-out",
        metavar="DIR",
        help="Where run directories are made (default: pytest's temporary directory).",
    )
    parser.addini("celery_lab_broker", "As --celery-lab-broker.", default="")
    parser.addini("celery_lab_require", "As --celery-lab-require.", type="bool", default=False)
    parser.addini("celery_lab_out", "As --celery-lab-out; relative to the root directory.")
    parser.addini(
        "celery_lab_collect", f"Collect *{SUFFIX} files as tests.", type="bool", default=False
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(scenario, set=(), broker=None): run the scenario before the test, which fails "
        f"unless it passes; the fixture {RESULT_FIXTURE} is its result.",
    )


# ---- collection ---------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not file_path.name.endswith(SUFFIX) or not parent.config.getini("celery_lab_collect"):
        return None
    from orchestrator.pytest_plugin.items import LabFile

    return LabFile.from_parent(parent, path=file_path)


def pytest_itemcollected(item: pytest.Item) -> None:
    """A marked test has its scenario run, also when it does not ask for the result."""
    names = getattr(item, "fixturenames", None)
    if names is not None and RESULT_FIXTURE not in names and item.get_closest_marker(MARKER):
        names.append(RESULT_FIXTURE)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """The scenario of a marked test has to pass before its body is run."""
    __tracebackhide__ = True
    result = getattr(item, "funcargs", {}).get(RESULT_FIXTURE)
    if result is not None and item.get_closest_marker(MARKER):
        result.assert_passed()


# ---- fixtures -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def celery_lab_config() -> Mapping[str, Any]:
    """Override it to change the defaults: pool, concurrency, timeout_s, settings, env."""
    return {}


@pytest.fixture(scope="session")
def celery_lab_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["LabBroker"]:
    """The broker of this session (with pytest-xdist: of this worker process)."""
    from orchestrator.pytest_plugin.broker import open_lab_broker

    config = request.config
    url = config.getoption("celery_lab_broker") or config.getini("celery_lab_broker")
    with ExitStack() as stack:
        opened = open_lab_broker(url or None, tmp_path_factory.mktemp("celery-lab-broker"))
        yield _entered(stack, opened, config)


def _entered(
    stack: ExitStack, opened: "AbstractContextManager[LabBroker]", config: pytest.Config
) -> "LabBroker":
    """The broker, unless there is none: that skips, or fails, every test that wants it."""
    from orchestrator.errors import BrokerBinaryMissing, OrchestratorError

    required = config.getoption("celery_lab_require") or config.getini("celery_lab_require")
    try:
        return stack.enter_context(opened)
    except OrchestratorError as exc:
        if isinstance(exc, BrokerBinaryMissing) and not required:
            pytest.skip(f"celery_lab: {exc}")
        pytest.fail(f"celery_lab: {exc}", pytrace=False)


@pytest.fixture
def celery_lab(
    request: pytest.FixtureRequest,
    celery_lab_broker: "LabBroker",
    celery_lab_config: Mapping[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator["CeleryLab"]:
    """The laboratory of one test: ``run`` scenarios, start ``workers``."""
    yield from _lab(request, celery_lab_broker, celery_lab_config, tmp_path_factory)


@pytest.fixture(scope="module")
def celery_lab_module(
    request: pytest.FixtureRequest,
    celery_lab_broker: "LabBroker",
    celery_lab_config: Mapping[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator["CeleryLab"]:
    """As ``celery_lab``, for fixtures that the tests of a module share."""
    yield from _lab(request, celery_lab_broker, celery_lab_config, tmp_path_factory)


@pytest.fixture
def celery_lab_result(request: pytest.FixtureRequest, celery_lab: "CeleryLab") -> "LabResult":
    """How the scenario of the test's marker ended."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None or not (marker.args or "scenario" in marker.kwargs):
        example = f'@pytest.mark.{MARKER}(scenario="scenarios/smoke.yaml")'
        raise pytest.UsageError(f"{RESULT_FIXTURE} needs the marker: {example}")
    return celery_lab.run(*marker.args, **marker.kwargs)


def _lab(
    request: pytest.FixtureRequest,
    broker: "LabBroker",
    settings: Mapping[str, Any],
    temporary: pytest.TempPathFactory,
) -> Iterator["CeleryLab"]:
    from orchestrator.pytest_plugin.config import lab_config
    from orchestrator.pytest_plugin.lab import open_lab

    config = request.config
    out = config.getoption("celery_lab_out") or config.getini("celery_lab_out")
    directory = config.rootpath / out if out else temporary.mktemp("celery-lab")
    with open_lab(
        broker,
        lab_config(settings),
        out=directory,
        beside=(request.path.parent, config.rootpath),
        properties=getattr(request.node, "user_properties", []),
    ) as lab:
        yield lab
