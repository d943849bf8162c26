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
@click.option(
    "--prefetch-multiplier",
    "prefetch",
    type=click.IntRange(0),
    help="Messages that each process, thread or greenlet may hold in advance.  [default: the "
    "app's]",
)
@click.option("--loglevel", "-l", default="INFO", show_default=True)
@click.option(
    "--brief",
    is_flag=True,
    help="No banner, one line for each task and each warning, no times: where something else "
    "(honcho) puts the time before each line.",
)
@click.option(
    "--wait",
    "wait_s",
    default=5.0,
    show_default=True,
    help="Seconds to wait for the broker to accept connections.",
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
    prefetch: int | None,
    loglevel: str,
    brief: bool,
    wait_s: float,
) -> None:
    """Run the pool NAME in the foreground, on a broker that is already there.

    This process becomes the Celery worker: signals reach it as they reach `celery worker`.
    """
    from orchestrator.environment.broker import is_amqp
    from orchestrator.environment.pool_kinds import worker_argv
    from orchestrator.environment.worker_environ import brief_environ, target_environ
    from orchestrator.records import PoolPlan

    environ = dict(os.environ)
    amqp = is_amqp(broker or "")
    if broker:
        wait_for_broker(broker, wait_s)
        environ |= target_environ(broker, results or ("rpc://" if amqp else broker))
    plan = PoolPlan(
        name,
        tuple((queues or name).split(",")),
        kind,  # type: ignore[arg-type]
        concurrency,
        prefetch_multiplier=prefetch,
        options=("-E",) if events else (),
    )
    argv = worker_argv(plan, app=app_spec, node_name=f"{name}@%h", amqp=amqp, quiet=brief)
    if brief:
        environ |= brief_environ()
        click.echo(f"{kind} x {concurrency}, queues {','.join(plan.queues)}")
    sys.stdout.flush()
    os.execve(argv[0], [*argv, "-l", loglevel], environ)


def wait_for_broker(url: str, wait_s: float) -> None:
    """Return once the broker lets us in; the Procfile starts everything at the same moment.

    Raises `EnvironmentNotReady` when nobody listens there within ``wait_s``, and at once when the
    login is refused. What is neither a Redis nor a RabbitMQ is left to Celery.
    """
    import anyio

    from orchestrator.environment.broker import is_amqp

    scheme = url.partition("://")[0]
    if ";" not in url and (is_amqp(url) or scheme in ("redis", "rediss")):
        _wait_for_port(url, wait_s)
    if is_amqp(url) or scheme in ("redis", "rediss", "redis+socket"):
        anyio.run(_log_in, url)


async def _log_in(url: str) -> None:
    from celery import Celery

    from orchestrator.client.amqp_check import identify
    from orchestrator.environment.broker import is_amqp
    from orchestrator.environment.redis_check import check_redis

    if is_amqp(url):
        await identify(Celery("worker", set_as_current=False), url)
    else:
        await check_redis(url)


def _wait_for_port(url: str, wait_s: float) -> None:
    import socket
    import time

    from kombu.utils.url import url_to_parts

    parts = url_to_parts(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORTS.get(parts.scheme, 6379)
    deadline = time.monotonic() + wait_s
    while True:
        try:
            socket.create_connection((host, port), timeout=min(1.0, wait_s)).close()
            return
        except OSError as exc:
            if time.monotonic() > deadline:
                raise EnvironmentNotReady(
                    f"no broker answers at {host}:{port} within {wait_s:g} s: {exc}"
                ) from exc
            time.sleep(0.1)
