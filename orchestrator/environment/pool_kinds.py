"""The kinds of worker pool, and the command line that starts one. A new kind is one more entry."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.records import PoolKind, PoolPlan


@dataclass(frozen=True, slots=True)
class PoolStyle:
    """What is particular to a kind of pool: how long its warm and its cold stop may take, in
    seconds.

    An idle green worker on Redis needs 5 s for a warm stop: its consumer looks at the signal only
    between two `drain_events(timeout=2.0)` (celery/worker/loops.py, `synloop`; measured 4.9 to 5.0
    s), and a cold stop waits for the same, so that an early SIGQUIT would only make it slower.
    """

    warm_s: float
    cold_s: float
    green: bool = False


POOL_KINDS: Mapping[PoolKind, PoolStyle] = {
    "prefork": PoolStyle(warm_s=4.0, cold_s=2.0),
    "gevent": PoolStyle(warm_s=6.0, cold_s=0.5, green=True),
    "eventlet": PoolStyle(warm_s=6.0, cold_s=0.5, green=True),
    "threads": PoolStyle(warm_s=4.0, cold_s=1.5),
    "solo": PoolStyle(warm_s=4.0, cold_s=1.5),
}

WORKER_MAIN = "orchestrator.environment.worker_main"


def worker_argv(
    plan: PoolPlan,
    *,
    app: str,
    node_name: str,
    include: str | None = None,
    amqp: bool = False,
    quiet: bool = False,
) -> list[str]:
    """The command line of one process of `plan`.

    `app` is what `celery -A` takes; `node_name` must be new for every process ever started, because
    a restarted one can meet the control queue of the dead one; `include` is a module that the
    worker imports (the probe); `amqp` says that the broker is a RabbitMQ; `quiet` that Celery's
    banner is not wanted. Settings, addresses and passwords are not in it: they go by the
    environment.
    """
    argv = [sys.executable, "-m", WORKER_MAIN, "-A", app, *(["-q"] if quiet else []), "worker"]
    argv += ["-P", plan.pool, "-c", str(plan.concurrency), "-Q", ",".join(plan.queues)]
    argv += ["-n", node_name, "-l", "WARNING", "--without-mingle", "--without-gossip"]
    if plan.prefetch_multiplier is not None:
        argv += ["--prefetch-multiplier", str(plan.prefetch_multiplier)]
    if include is not None:
        argv += ["-I", include]
    if amqp and POOL_KINDS[plan.pool].green and not _wants_heartbeat(plan):
        # Celery 5.7.0 lets a green worker take no more than ten messages a second from RabbitMQ
        # while it has an event dispatcher (celery/worker/loops.py: `synloop` waits 0.1 s for that
        # connection after each message), and the heartbeat event is all that it is there for.
        argv.append("--without-heartbeat")
    return [*argv, *plan.options]


def _wants_heartbeat(plan: PoolPlan) -> bool:
    flags = ("--heartbeat-interval", "-E", "--task-events", "--without-heartbeat")
    return any(option.startswith(flags) for option in plan.options)
