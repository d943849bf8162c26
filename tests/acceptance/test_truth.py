"""Runs whose truth is known: times that were made, misdeeds that the worker itself writes down."""

import csv
import gzip
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import Command
from tests.integration.redis_fixture import running_redis

Write = Callable[[str], Path]

NAPS = """\
version: 1
name: naps
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 1}
workloads:
  naps:
    executor: constant-arrival-rate
    rate: 10/s
    duration: 4s
    canvas: {task: sleep, args: [0.05]}
"""

# The one process of a solo pool consumes nothing while it runs a task.
BLOCKED = """\
version: 1
name: blocked
app: tasks.app:app
workers:
  add: {queues: [add], pool: solo}
workloads:
  block: {executor: shared-iterations, iterations: 1, canvas: {task: sleep, args: [0.7]}}
  blocked:
    executor: shared-iterations
    iterations: 1
    start_time: 200ms
    canvas: {task: add, args: [1, 2]}
"""

DELAYED = """\
version: 1
name: delayed
app: tasks.app:app
target: {broker: "%s"}
workers:
  add: {queues: [add], pool: threads, concurrency: 1}
workloads:
  sums:
    executor: constant-arrival-rate
    rate: 4/s  # the proxy holds back one after the other
    duration: 5s
    canvas: {task: add, args: [1, 2]}
"""


def measured(command: Command, scenario: Path) -> dict[str, Any]:
    done = command.scenario(scenario)
    assert done.code == 0, done.err + done.out
    summary: dict[str, Any] = json.loads((command.one_run() / "summary.json").read_text())
    return summary


@pytest.mark.alone
def test_a_nap_of_50_ms_runs_for_50_ms(command: Command, write_scenario: Write) -> None:
    metrics = measured(command, write_scenario(NAPS))["metrics"]
    assert metrics["run"]["count"] == 40
    assert 50 <= metrics["run"]["p50_ms"] <= 52
    assert metrics["task_duration"]["p50_ms"] > metrics["run"]["p50_ms"]


@pytest.mark.alone
def test_a_queue_that_is_blocked_shows_as_queue_wait(
    command: Command, write_scenario: Write
) -> None:
    """Sent 200 ms after a nap of 700 ms was, to a worker that does one thing at a time."""
    summary = measured(command, write_scenario(BLOCKED))
    waited_ms = summary["workloads"]["blocked"]["metrics"]["queue_wait"]["max_ms"]
    assert 450 <= waited_ms <= 560
    rest = ("publish", "prefetch_wait", "run", "result_lag")
    others = summary["workloads"]["blocked"]["metrics"]
    assert all(others[name]["max_ms"] < 50 for name in rest), others


class SlowSubscriptions:
    """A proxy before a Redis that holds back what a connection that subscribes is told."""

    def __init__(self, port: int, delay_s: float) -> None:
        self._to = ("127.0.0.1", port)
        self._delay_s = delay_s
        self._ended = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listening]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> "SlowSubscriptions":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for each in self._open:
            shut(each)
            each.close()
        self._thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._to)
                self._open += (client, server)
                subscribed = threading.Event()
                for way in ((self._up, client, server), (self._down, server, client)):
                    threading.Thread(target=way[0], args=(*way[1:], subscribed)).start()

    def _up(
        self, client: socket.socket, server: socket.socket, subscribed: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if b"PSUBSCRIBE" in data:
                    subscribed.set()
                server.sendall(data)
        shut(server)

    def _down(
        self, server: socket.socket, client: socket.socket, subscribed: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if subscribed.is_set() and b"pmessage" in data:
                    self._ended.wait(self._delay_s)
                client.sendall(data)
        shut(client)


def shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@pytest.mark.alone
def test_results_that_a_proxy_holds_back_show_as_result_lag(
    command: Command, write_scenario: Write, tmp_path: Path
) -> None:
    with running_redis(tmp_path) as redis, SlowSubscriptions(redis.port, 0.1) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0"
        metrics = measured(command, write_scenario(DELAYED % url))["metrics"]
    assert 100 <= metrics["result_lag"]["p50_ms"] <= 120
    assert metrics["result_lag"]["min_ms"] >= 100
    assert metrics["queue_wait"]["p50_ms"] < 50


# ---- misdeeds ------------------------------------------------------------------------------------

DEEDS: Mapping[str, str] = {
    "drop": "lost_task",
    "repeat": "duplicate",
    "corrupt": "wrong",
    "mute": "lost_result",
    "delay": "late",
}

APP = '''\
"""An app whose tasks misbehave when they are told to, and write down the ids."""

import os
import time

from celery import Celery, Task
from celery.backends.base import Backend
from celery.worker.strategy import default, logger

app = Celery("deeds_app")
app.conf.task_default_queue = "deeds"


def note(deed, task_id):
    with open(os.environ["DEEDS"], "a") as file:
        file.write(f"{deed} {task_id}\\n")


def strategy(task, app, consumer, **options):
    """The worker's side of a message, before it becomes a request."""
    handle = default(task, app, consumer, **options)

    def handle_as_told(message, body, ack, *rest, **kwargs):
        deed, task_id = message.payload[1].get("deed"), message.headers["id"]
        if deed == "drop":
            note(deed, task_id)
            ack(logger, ())
            return
        handle(message, body, ack, *rest, **kwargs)
        if deed == "repeat":
            note(deed, task_id)
            handle(message, body, lambda *_: None, *rest, **kwargs)

    return handle_as_told


class Mischievous(Task):
    Strategy = "deeds_app:strategy"


mark_as_done = Backend.mark_as_done


def muted(self, task_id, result, request=None, store_result=True, *rest):
    if request is not None and (request.kwargs or {}).get("deed") == "mute":
        note("mute", task_id)
        store_result = False
    return mark_as_done(self, task_id, result, request, store_result, *rest)


Backend.mark_as_done = muted


def carried_out(deed, task_id, value):
    if deed in ("corrupt", "delay", "after_delay"):
        note(deed.removeprefix("after_"), task_id)
    if deed == "delay":
        time.sleep(4)
    return value + 1 if deed == "corrupt" else value


@app.task(base=Mischievous, bind=True)
def give(self, value, deed="none"):
    return carried_out(deed, self.request.id, value)


@app.task(base=Mischievous, bind=True)
def total(self, values, deed="none"):
    return carried_out(deed, self.request.id, sum(values))


give.reference = lambda value, deed="none": value
total.reference = lambda values, deed="none": sum(values)
'''

HEAD = """\
version: 1
name: deeds
app: deeds_app:app
workers:
  deeds:
    {queues: [deeds], pool: threads, concurrency: 16, prefetch_multiplier: 8, env: {DEEDS: "%s"}}
workloads:
"""

WORKLOAD = """\
  %s:
    executor: shared-iterations
    iterations: 2
    vus: 2
    timeout: 3s
    canvas: %s
"""


def give(deed: str) -> str:
    return f"{{task: give, args: [{{int: [0, 99]}}], kwargs: {{deed: {deed}}}}}"


def total(deed: str) -> str:
    return f"{{task: total, kwargs: {{deed: {deed}}}}}"


def canvases(deed: str) -> Iterator[tuple[str, str]]:
    """The misdeed of a single task, of a group's member, of a header's task and of a body."""
    none = give("none")
    # What comes after a task that is late is late as well.
    after = "after_delay" if deed == "delay" else "none"
    yield f"single_{deed}", give(deed)
    yield f"member_{deed}", f"{{group: [{none}, {give(deed)}, {none}]}}"
    header = f"[{none}, {give(deed)}, {none}]"
    yield f"header_{deed}", f"{{chord: {{header: {header}, body: {total(after)}}}}}"
    yield f"body_{deed}", f"{{chord: {{header: [{none}, {none}], body: {total(deed)}}}}}"


def written_down(path: Path) -> dict[str, set[str]]:
    """What the worker says that it did, by the verdict that it deserves."""
    noted: dict[str, set[str]] = defaultdict(set)
    for line in path.read_text().splitlines():
        deed, task_id = line.split()
        noted[DEEDS[deed]].add(task_id)
    return noted


@pytest.mark.alone
def test_each_misdeed_is_told_with_its_id_and_nothing_else_is(
    command: Command, tmp_path: Path
) -> None:
    deeds = tmp_path / "deeds"
    (tmp_path / "deeds_app.py").write_text(APP)
    scenario = tmp_path / "scenario.yaml"
    workloads = [WORKLOAD % each for deed in DEEDS for each in canvases(deed)]
    scenario.write_text(HEAD % deeds + "".join(workloads))
    done = command("run", scenario, "--out", command.runs, cwd=tmp_path)
    assert done.code == 5, done.err + done.out
    verdicts = json.loads((command.one_run() / "summary.json").read_text())["verdicts"]
    with gzip.open(command.one_run() / "tasks.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))

    expected = written_down(deeds)
    # The body of a chord whose header task was dropped is never sent: it is lost with it.
    expected["lost_task"] |= {
        row["id"]
        for row in rows
        if row["workload"] == "header_drop" and row["task"].endswith("total")
    }
    found = {verdict: set(verdicts["ids"][verdict]) for verdict in DEEDS.values()}
    assert found == expected
    # Of each of the five, 2 iterations of 4 shapes; a late or lost header takes its body along.
    assert {verdict: len(ids) for verdict, ids in found.items()} == {
        "lost_task": 10, "duplicate": 8, "wrong": 8, "lost_result": 8, "late": 10,
    }  # fmt: skip
    assert verdicts["failed"] == 0
    assert verdicts["ok"] == verdicts["sent"] - 44
    in_csv = defaultdict(set)
    for row in rows:
        in_csv[row["verdict"]].add(row["id"])
    assert {verdict: in_csv[verdict] for verdict in DEEDS.values()} == expected
