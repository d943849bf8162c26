"""``worker``: one pool in the foreground, as the Procfile runs it."""

import os
import sys

import click

from orchestrator.errors import EnvironmentNotReady

DEFAULT_PORTS = {"amqp": 5672, "pyamqp": 5672, "amqps": 5671}
POOLS = ("prefork", "gevent", "eventlet", "threads", "solo")


@click.command(
    "worker",
    epilog="\b\nExample:\n  "
    "python -m orchestrator worker add --pool gevent -c 50 --broker redis://127.0.0.1:6390/0",
)
@click.argument("name")
@click.option("--pool", "kind", type=click.Choice(POOLS), required=True, help="The kind of pool.")
@click.option("--queues", "-Q", help="Queues to consume, separated by commas.  [default: NAME]")
@click.option("--concurrency", "-c", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--app",
    "-A",
    "app_spec",
    default="tasks.app:app",
    show_default=True,
    help="What `celery -A` takes.",
)
@click.option(
    "--broker",
    envvar="CELERY_BROKER_URL",
    help="Broker URL, also for the results.  [default: the app's]",
)
@click.option(
    "--results",
    envvar="CELERY_RESULT_BACKEND",
    help="Result backend URL.  [default: the same Redis; rpc:// with RabbitMQ]",
)
@click.option(
    "--task-events",
    "-E",
    "events",
    is_flag=True,
    help="Send Celery events: `run --target attach` and Flower see the tasks by them.",
)
@click.option("--loglevel", "-l", default="INFO", show_default=True)
@click.option(
    "--wait",
    "wait_s",
    default=20.0,
    show_default=True,
    help="Seconds to wait for the broker to answer.",
)
def command(
    name: str,
    kind: str,
    queues: str | None,
    concurrency: int,
    app_spec: str,
    broker: str | None,
    results: str | None,
    events: bool,
    loglevel: str,
    wait_s: float,
) -> None:
    """Run the pool NAME in the foreground, on a broker that is already there.

    This process becomes the Celery worker: signals reach it as they reach `celery worker`.
    """
    from orchestrator.environment.broker import is_amqp
    from orchestrator.environment.pool_kinds import worker_argv
    from orchestrator.records import PoolPlan

    environ = dict(os.environ)
    amqp = is_amqp(broker or "")
    if broker:
        wait_for_broker(broker, wait_s)
        results = results or ("rpc://" if amqp else broker)
        environ |= {"CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": results}
    plan = PoolPlan(
        name,
        tuple((queues or name).split(",")),
        kind,  # type: ignore[arg-type]
        concurrency,
        options=("-E",) if events else (),
    )
    argv = [*worker_argv(plan, app=app_spec, node_name=f"{name}@%h", amqp=amqp), "-l", loglevel]
    sys.stdout.flush()
    os.execve(argv[0], argv, environ)


def wait_for_broker(url: str, wait_s: float) -> None:
    """Return once the broker accepts connections; the Procfile starts everything at the same
    moment."""
    import socket
    import time

    from kombu.utils.url import url_to_parts

    parts = url_to_parts(url)
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 6379)
    deadline = time.monotonic() + wait_s
    while True:
        try:
            socket.create_connection((parts.hostname or "127.0.0.1", port), timeout=1).close()
            return
        except OSError as exc:
            if time.monotonic() > deadline:
                raise EnvironmentNotReady(
                    f"no broker answers at {parts.hostname}:{port} within {wait_s:g} s: {exc}"
                ) from exc
            time.sleep(0.1)
