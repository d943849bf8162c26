"""RabbitMQ: every message confirmed by the broker, against stock, which does not wait for that."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import anyio.to_thread
from kombu import connection, entity, messaging

from benchmarks.app import QUEUE, app
from benchmarks.interleaved import interleaved
from benchmarks.laboratory import Laboratory
from benchmarks.records import Effort, Experiment, Findings, Row, RowSkipped, Sample, WrongResult
from benchmarks.rounds import facts_per_task, paired_ratios
from benchmarks.wire import Sent, check_sent
from orchestrator import Client
from orchestrator.environment.rabbitmq_node import find_rabbitmq
from orchestrator.environment.rabbitmq_server import open_rabbitmq
from orchestrator.environment.redis_server import new_password
from orchestrator.environment.worker_environ import worker_environ
from orchestrator.errors import BrokerBinaryMissing, BrokerUnavailable, NotSupported
from orchestrator.records import TargetPlan

TASKS = 10_000
ROUNDS = 3
BUDGET_S = 25.0
NOBODY = "amqp://guest@127.0.0.1:1//"
_ARRIVE_S = 20.0

_Connection: Any = connection.Connection  # kombu is typed only in part
_Queue: Any = entity.Queue
_Consumer: Any = messaging.Consumer

ROWS = (
    Row("rabbitmq", "RabbitMQ, confirmed publish of 10,000: against stock unconfirmed", "x", 4),
)

_OURS, _STOCK = "ours-publish", "stock-publish"


async def run(laboratory: Laboratory, effort: Effort, wanted: frozenset[str]) -> Findings:
    """Results by `rpc://`; nobody consumes; the queue is read and checked after each repeat.

    Raises `RowSkipped` when the client cannot do this, or no RabbitMQ is installed.
    """
    try:
        find_rabbitmq()
    except BrokerBinaryMissing as exc:
        raise RowSkipped(str(exc)) from exc
    if (why := await _unsupported()) is not None:
        raise RowSkipped(why)
    log_path = laboratory.guardian.directory / "rabbitmq.log"
    async with open_rabbitmq(
        laboratory.guardian, log_path=log_path, password=new_password()
    ) as server:
        url = server.info.url
        rabbitmq = replace(laboratory.info, url=url, results_url="rpc://")
        environ = worker_environ(TargetPlan(), rabbitmq)

        async def check(sample: Sample) -> None:
            await anyio.to_thread.run_sync(_check_queue, url, sample.ids)

        async with laboratory.contenders((_OURS, _STOCK), environ) as contenders:
            samples = await interleaved(
                contenders,
                tasks=effort.tasks(TASKS),
                rounds=effort.rounds(ROUNDS),
                budget_s=effort.budget_s(BUDGET_S),
                after=check,
            )
    ours, stock = ([s.wall_s for s in samples[name]] for name in (_OURS, _STOCK))
    return Findings({"rabbitmq": paired_ratios(stock, ours)}, facts_per_task(samples, "RabbitMQ"))


async def _unsupported() -> str | None:
    """Why the client cannot speak to RabbitMQ; it says so before it connects."""
    try:
        async with Client(app, broker_url=NOBODY, result_backend="rpc://"):
            return None
    except NotSupported as exc:
        return str(exc)
    except BrokerUnavailable:
        return None


def _check_queue(url: str, ids: Sequence[str]) -> None:
    """Read the queue until it holds nothing more. Raises `WrongResult`."""
    sent: list[Sent] = []

    def take(message: Any) -> None:
        arguments, named, _ = message.decode()
        sent.append(Sent(message.headers, message.properties["correlation_id"], arguments, named))

    with _Connection(url) as opened:
        consumer = _Consumer(
            opened.default_channel,
            [_Queue(QUEUE, channel=opened.default_channel)],
            no_ack=True,
            auto_declare=False,
            on_message=take,
            accept=["json"],
        )
        with consumer:
            while len(sent) < len(ids):
                try:
                    opened.drain_events(timeout=_ARRIVE_S)
                except TimeoutError as exc:
                    missing = len(ids) - len(sent)
                    raise WrongResult(f"{missing} of {len(ids)} messages never came") from exc
    check_sent(sent, ids)


EXPERIMENT = Experiment("rabbitmq", ROWS, run)
