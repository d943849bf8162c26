import sys
from typing import get_args

import pytest
from celery import _find_option_with_arg
from celery.bin.worker import worker as worker_command

from orchestrator.environment.pool_kinds import POOL_KINDS, worker_argv
from orchestrator.records import PoolKind, PoolPlan


def test_every_kind_of_the_language_is_registered() -> None:
    assert set(POOL_KINDS) == set(get_args(PoolKind))


@pytest.mark.parametrize("kind", POOL_KINDS)
def test_no_stop_takes_longer_than_8_seconds(kind: PoolKind) -> None:
    style = POOL_KINDS[kind]
    assert style.warm_s + style.cold_s <= 6.5  # and 1.5 s for the kill


def test_the_whole_command_line() -> None:
    plan = PoolPlan(
        "add",
        ("add", "more"),
        "gevent",
        50,
        prefetch_multiplier=2,
        options=("--heartbeat-interval=3",),
    )
    argv = worker_argv(plan, app="tasks.app:app", node_name="add-0.r1@%h", include="a.probe")
    assert " ".join(argv) == (
        f"{sys.executable} -m orchestrator.environment.worker_main -A tasks.app:app worker"
        " -P gevent -c 50 -Q add,more -n add-0.r1@%h -l WARNING --without-mingle --without-gossip"
        " --prefetch-multiplier 2 -I a.probe --heartbeat-interval=3"
    )


def test_a_quiet_worker_has_no_banner() -> None:
    """`-q` is Celery's, and stands before its command."""
    plan = PoolPlan("add", ("add",), "solo", 1)
    argv = worker_argv(plan, app="a", node_name="n", quiet=True)
    assert argv[argv.index("worker") - 1] == "-q"


@pytest.mark.parametrize("kind", POOL_KINDS)
def test_celery_finds_the_pool_and_knows_every_option(kind: PoolKind) -> None:
    """Celery patches for the pool that this finds in argv (celery/__init__.py)."""
    plan = PoolPlan("p", ("q",), kind, 3, prefetch_multiplier=2)
    argv = worker_argv(plan, app="a:app", node_name="n@%h", include="m")
    assert _find_option_with_arg(argv, ["-P"], ["--pool"]) == kind
    known = {name for parameter in worker_command.params for name in parameter.opts}
    assert {word for word in argv[argv.index("worker") :] if word.startswith("-")} <= known


@pytest.mark.parametrize(
    ("kind", "options", "without"),
    [
        ("gevent", (), True),
        ("eventlet", (), True),
        ("prefork", (), False),
        ("gevent", ("-E",), False),
        ("gevent", ("--heartbeat-interval=2",), False),
    ],
)
def test_green_pools_on_rabbitmq_have_no_heartbeat_unless_asked_for(
    kind: PoolKind, options: tuple[str, ...], without: bool
) -> None:
    plan = PoolPlan("p", ("q",), kind, options=options)
    argv = worker_argv(plan, app="a:app", node_name="n@%h", amqp=True)
    assert ("--without-heartbeat" in argv) is without
    assert "--without-heartbeat" not in worker_argv(plan, app="a:app", node_name="n@%h")
