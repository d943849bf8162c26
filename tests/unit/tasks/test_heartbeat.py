"""The file is there from ready to shutting down, and as old as the last heartbeat."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import signals

from tasks.heartbeat import HeartbeatFile, keep_heartbeat_file

HEARD = (
    signals.celeryd_init,
    signals.worker_ready,
    signals.heartbeat_sent,
    signals.worker_shutting_down,
)


@pytest.fixture(autouse=True)
def nobody_listens_afterwards() -> Iterator[None]:
    before = [list(signal.receivers or ()) for signal in HEARD]
    yield
    for signal, receivers in zip(HEARD, before, strict=True):
        signal.receivers = receivers
        signal.sender_receivers_cache.clear()


def send(signal: "signals.Signal") -> None:
    """Celery logs what a receiver raises; here it fails the test."""
    for _, answer in signal.send(sender=None):
        assert not isinstance(answer, Exception), answer


def test_from_ready_to_shutting_down(tmp_path: Path) -> None:
    path = tmp_path / "beat"
    HeartbeatFile(path).connect()
    send(signals.heartbeat_sent)
    assert not path.exists()  # connected, but not consuming yet
    send(signals.worker_ready)
    assert path.exists()
    send(signals.worker_shutting_down)
    send(signals.heartbeat_sent)
    assert not path.exists()


def test_it_is_as_old_as_the_last_heartbeat(tmp_path: Path) -> None:
    path = tmp_path / "beat"
    HeartbeatFile(path).connect()
    send(signals.worker_ready)
    os.utime(path, (1, 1))
    send(signals.heartbeat_sent)
    assert path.stat().st_mtime > 1


def test_a_starting_worker_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    path = tmp_path / "beat"
    path.touch()
    HeartbeatFile(path).connect()
    assert path.exists()  # not by importing the app: a client may run beside the worker
    send(signals.celeryd_init)
    assert not path.exists()


def test_the_environment_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "beat"
    monkeypatch.delenv("WORKER_HEARTBEAT_FILE", raising=False)
    keep_heartbeat_file()
    send(signals.worker_ready)
    assert not path.exists()
    monkeypatch.setenv("WORKER_HEARTBEAT_FILE", str(path))
    keep_heartbeat_file()
    send(signals.worker_ready)
    assert path.exists()
