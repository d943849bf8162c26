import celery

from orchestrator import __version__
from orchestrator.observe.host import host, versions


def test_the_versions_are_those_that_run() -> None:
    found = versions()
    assert found["orchestrator"] == __version__
    assert found["celery"] == celery.__version__
    assert {"python", "kombu", "redis"} <= found.keys()


def test_the_machine_has_processors_and_memory() -> None:
    assert host()["cpus"] >= 1
    assert host()["memory_bytes"] > 100_000_000
