"""``call``: send one task, await and print its result."""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click
import yaml

from orchestrator.cli.progress import open_progress
from orchestrator.errors import ExitCode
from orchestrator.records import Plan, PoolPlan, TargetPlan

if TYPE_CHECKING:
    from celery import Celery


@click.command(
    "call",
    context_settings={"ignore_unknown_options": True},
    epilog="\b\nExamples:\n"
    "  python -m orchestrator call add 4 6\n"
    "  python -m orchestrator call mat_mul 20 20 seed=1\n"
    "  python -m orchestrator call add 4 6 --broker redis://127.0.0.1:6390/0",
)
@click.argument("task")
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
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
    help="Where workers consume already: a URL, or `app`.  [default: a private broker and worker]",
)
@click.option(
    "--results",
    envvar="CELERY_RESULT_BACKEND",
    help="Result backend URL.  [default: the same Redis; rpc:// with RabbitMQ]",
)
@click.option("--queue", help="Send to this queue instead of the one that the app's routes name.")
@click.option(
    "--timeout", "timeout_s", type=float, default=60.0, show_default=True, help="Seconds to wait."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    task: str,
    arguments: tuple[str, ...],
    app_spec: str,
    broker: str | None,
    results: str | None,
    queue: str | None,
    timeout_s: float,
    as_json: bool,
) -> int:
    """Send TASK with ARGS, await its result and print it.

    TASK is a full task name or a last part that is unique in the app. ARGS are read as YAML (4 is a
    number, '[1, 2]' a list), KEY=VALUE gives a keyword argument. Exits with 5 when the task fails.
    """
    from orchestrator.celery_app import load_app, resolve_task, task_queue

    app = load_app(app_spec)
    name = resolve_task(app, task)
    args, kwargs = parse_arguments(arguments)
    options = {"queue": queue} if queue else {}
    plan = _plan(app_spec, task_queue(app, name, options), broker, results)
    signature = app.tasks[name].signature(args, kwargs, **options)
    # Decimal digits are what a person asked for, however many: lift CPython's limit in this
    # process.
    sys.set_int_max_str_digits(0)
    try:
        value = anyio.run(_call, plan, app, signature, timeout_s)
    except TimeoutError as exc:
        click.echo(f"{name}: {exc}", err=True)
        return ExitCode.ENVIRONMENT
    except RemoteFailure as exc:
        click.echo(f"{name} failed: {exc}", err=True)
        return ExitCode.VERIFICATION_FAILED
    click.echo(_text(value, as_json=as_json))
    return ExitCode.PASSED


class RemoteFailure(Exception):
    """What the task raised."""


def parse_arguments(arguments: tuple[str, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """``4 '[1, 2]' seed=3`` -> ``(4, [1, 2]), {"seed": 3}``."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for argument in arguments:
        key, separator, value = argument.partition("=")
        try:
            if separator and key.isidentifier():
                kwargs[key] = yaml.safe_load(value)
            else:
                args.append(yaml.safe_load(argument))
        except yaml.YAMLError as exc:
            raise click.UsageError(f"the argument {argument!r} cannot be read as YAML") from exc
    return tuple(args), kwargs


def _plan(app_spec: str, queue: str, broker: str | None, results: str | None) -> Plan:
    """A plan without workloads: what must be there for one call. With a broker given, its workers
    are used."""
    own_worker = PoolPlan("call", (queue,), pool="solo")
    return Plan(
        name="call",
        app=app_spec,
        seed=0,
        target=TargetPlan(broker or "embedded", results or "auto"),
        pools=() if broker else (own_worker,),
        workloads=(),
        thresholds=(),
        warmup_s=0.0,
        source={},
    )


async def _call(plan: Plan, app: "Celery", signature: Any, timeout_s: float) -> Any:
    from orchestrator.judge.ledger import Ledger
    from orchestrator.laboratory import open_laboratory

    with (
        tempfile.TemporaryDirectory(prefix="orc-call-") as logs,
        open_progress(quiet=True) as progress,
    ):
        async with open_laboratory(
            plan, app, Ledger({}), run_id=str(os.getpid()), log_dir=Path(logs), progress=progress
        ) as laboratory:
            handle = await laboratory.client.submit(signature)
            outcome = await handle.result(timeout=timeout_s, propagate=False)
    if isinstance(outcome, Exception):
        raise RemoteFailure(f"{type(outcome).__name__}: {outcome}")
    return outcome


def _text(value: Any, *, as_json: bool) -> str:
    if as_json:
        from orchestrator.report.summary import json_safe

        return json.dumps(json_safe(value))
    if type(value).__module__ == "numpy":
        import numpy

        return numpy.array2string(value, threshold=sys.maxsize, max_line_width=sys.maxsize)
    return str(value)
