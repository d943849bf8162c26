import pytest

from orchestrator.errors import UsageError
from orchestrator.pytest_plugin.config import LabConfig, check_pool, lab_config


def test_nothing_means_the_defaults() -> None:
    assert lab_config({}) == LabConfig(pool="threads", concurrency=2, timeout_s=30.0)


def test_what_is_given_holds() -> None:
    config = lab_config({"pool": "prefork", "timeout_s": 5, "settings": {"task_acks_late": True}})
    assert (config.pool, config.timeout_s) == ("prefork", 5)
    assert config.settings == {"task_acks_late": True}


def test_an_unknown_key_is_met_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"no 'concurency' \(did you mean 'concurrency'\?\).*env"):
        lab_config({"concurency": 3})


def test_an_unknown_pool_is_refused() -> None:
    with pytest.raises(UsageError, match="no pool 'thread': take one of prefork, gevent"):
        lab_config({"pool": "thread"})
    check_pool("gevent")
