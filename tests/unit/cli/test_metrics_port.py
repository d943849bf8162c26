import socket

import pytest

from orchestrator.cli import run_command
from orchestrator.cli.metrics_port import not_watched, served
from orchestrator.cli.progress import Silent
from orchestrator.errors import ExitCode, MetricsPortUnavailable


def test_without_a_port_nothing_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Silent()
    with served(None, quiet=False) as watcher_of:
        assert watcher_of("mixed")(progress) is progress
    assert not_watched(progress) is progress
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("quiet", [False, True])
def test_with_one_its_address_is_said(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with served(0, quiet=quiet) as watcher_of:
        assert watcher_of("mixed")(Silent()).refresh_s == 1.0
    said = capsys.readouterr().err
    assert said.startswith("metrics: http://127.0.0.1:") != quiet
    assert said.endswith("/metrics\n") != quiet


def test_a_port_that_is_taken_is_an_error() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(MetricsPortUnavailable),
        served(taken.getsockname()[1], quiet=True),
    ):
        pytest.fail("served")


@pytest.mark.parametrize("port", ["-1", "70000", "x"])
def test_what_is_no_port_is_a_usage_error(port: str) -> None:
    assert run_command(["run", "x.yaml", "--metrics-port", port]) == ExitCode.USAGE
