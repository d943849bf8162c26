"""What the builder knows of each task, held against what Celery makes of the signature."""

from collections.abc import Callable
from itertools import count
from typing import Any, Literal

import pytest
from celery import Celery, Signature, signals
from celery import chain as celery_chain

from orchestrator.load.canvas import BuiltCanvas, CanvasBuilder
from orchestrator.records import (
    Call,
    Chain,
    Chord,
    Expect,
    Expectation,
    Group,
    Mapped,
    Node,
    Repeat,
)


@pytest.fixture
def app() -> Celery:
    app = Celery("unit", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.task_routes = {"m.plus": {"queue": "sums"}}

    @app.task(name="m.plus", shared=False)
    def add(x: int, y: int) -> int:
        return x + y

    @app.task(name="m.total", shared=False)
    def total(values: list[int]) -> int:
        return sum(values)

    @app.task(name="m.quiet", ignore_result=True, shared=False)
    def quiet() -> None:
        return None

    app.tasks["m.plus"].reference = lambda x, y: x + y
    return app


Build = Callable[[Node], BuiltCanvas]


@pytest.fixture
def build(app: Celery) -> Build:
    numbers = count(1)

    def build(node: Node) -> BuiltCanvas:
        builder = CanvasBuilder(
            app, "w", node, seed=1, new_id=lambda: f"t{next(numbers)}", references={"m:f": max}
        )
        return builder.build(0, 123)

    return build


ADD = Call("plus", (1, 2))
SUM = Call("total")


def by_id(built: BuiltCanvas) -> dict[str, Expectation]:
    return {expectation.id: expectation for expectation in built.submission.expectations}


def task_ids(signature: Signature) -> list[str]:
    """The ids in a signature, in the order in which they were written down."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "task_id" in value:
                found.append(value["task_id"])
            for key in sorted(value, key=str):
                walk(value[key])
        elif isinstance(value, list | tuple):
            for item in value:
                walk(item)

    walk(dict(signature))
    return found


def test_a_task_knows_its_full_name_queue_reference_and_id(build: Build) -> None:
    built = build(ADD)
    (expectation,) = built.submission.expectations
    assert (expectation.task, expectation.queue, expectation.args) == ("m.plus", "sums", (1, 2))
    assert expectation.reference is not None
    assert expectation.reference(1, 2) == 3
    assert built.signature.options["task_id"] == expectation.id == built.submission.result
    assert expectation.direct


def test_a_queue_of_its_own_wins_over_the_route(build: Build) -> None:
    built = build(Call("plus", (1, 2), queue="other"))
    assert built.submission.expectations[0].queue == "other"
    assert built.signature.options["queue"] == "other"


def test_a_group_repeats_its_member_and_flattens_groups_in_it(build: Build) -> None:
    built = build(Group((ADD, Group(Repeat(ADD, 3)))))
    assert built.submission.result == ("t1", "t2", "t3", "t4")
    assert len(built.signature.tasks) == 4


def test_a_chord_body_gets_the_list_of_its_headers_values(build: Build) -> None:
    built = build(Chord(Group(Repeat(ADD, 2)), SUM))
    body = by_id(built)["t3"]
    assert body.inputs == ("t1", "t2")
    assert not body.direct
    assert built.submission.result == "t3"
    assert built.submission.chords == ((("t1", "t2"), "t3"),)


def test_each_link_gets_the_value_of_the_link_before(build: Build) -> None:
    built = build(Chain((ADD, Call("plus", (5,)), Call("plus", (1, 1), immutable=True))))
    links = by_id(built)
    assert [links[i].inputs for i in ("t1", "t2", "t3")] == [None, "t1", None]
    assert [links[i].direct for i in ("t1", "t2", "t3")] == [True, False, False]
    assert built.submission.result == "t3"


def test_a_group_inside_a_chain_becomes_a_chords_header(build: Build) -> None:
    built = build(Chain((ADD, Group(Repeat(Call("plus", (5,)), 2)), SUM)))
    links = by_id(built)
    assert links["t2"].inputs == links["t3"].inputs == "t1"
    assert links["t4"].inputs == ("t2", "t3")
    assert built.submission.chords == ((("t2", "t3"), "t4"),)


def test_a_group_of_one_in_a_chain_is_that_one_as_in_celery(build: Build) -> None:
    built = build(Chain((Group((ADD,)), Call("plus", (5,)))))
    assert by_id(built)["t2"].inputs == "t1"
    assert isinstance(built.signature, celery_chain) or built.signature["task"] == "celery.chain"


def test_map_is_one_task_and_chunks_are_starmaps(build: Build) -> None:
    mapped = build(Mapped("map", SUM, ([1, 2], [3])))
    (expectation,) = mapped.submission.expectations
    assert (expectation.mapped, expectation.args) == ("map", ([1, 2], [3]))
    chunks = build(Mapped("chunks", Call("plus"), ((1, 1), (2, 2), (3, 3)), size=2))
    assert [e.args for e in chunks.submission.expectations] == [((1, 1), (2, 2)), ((3, 3),)]
    assert {e.mapped for e in chunks.submission.expectations} == {"starmap"}
    assert isinstance(chunks.submission.result, tuple)


@pytest.mark.parametrize("kind", ["map", "starmap"])
def test_a_map_is_sent_under_its_id_to_its_tasks_queue(
    build: Build, kind: Literal["map", "starmap"]
) -> None:
    mapped = build(Mapped(kind, Call("plus"), ((1, 1),)))
    sent: list[tuple[str, str]] = []

    def note(routing_key: str, headers: dict[str, str], **_: object) -> None:
        sent.append((headers["id"], routing_key))

    signals.before_task_publish.connect(note, sender=f"celery.{kind}", weak=False)
    try:
        mapped.signature.apply_async()
    finally:
        signals.before_task_publish.disconnect(note, sender=f"celery.{kind}")
    assert sent == [(mapped.submission.result, "sums")]


def test_a_linked_task_gets_the_result_and_an_errback_expects_nothing(build: Build) -> None:
    links = {"link": (Call("plus", (1,)),), "link_error": (SUM,)}
    built = build(Call("plus", (1, 2), options=links))
    linked = by_id(built)["t2"]
    assert (linked.inputs, linked.direct) == ("t1", False)
    assert len(built.submission.expectations) == 2
    assert built.submission.result == "t1"


def test_every_id_of_the_signature_is_expected_and_the_other_way_round(build: Build) -> None:
    node = Chain((Group(Repeat(ADD, 3)), Call("plus", (1,)), Chord(Group(Repeat(ADD, 2)), SUM)))
    built = build(node)
    assert sorted(task_ids(built.signature)) == sorted(by_id(built))


def test_ignored_results_and_references_by_name(build: Build) -> None:
    assert build(Call("quiet")).submission.expectations[0].ignored
    called = build(Call("plus", (1, 2), expect=Expect("call", "m:f")))
    assert called.submission.expectations[0].reference is max
