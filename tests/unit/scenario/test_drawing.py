import subprocess
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.records import Call, Chain, Chord, Group, Mapped, Node, Repeat
from orchestrator.scenario import Drawer, draw
from orchestrator.scenario.generators import Bytes, Choice, FloatRange, Index, IntRange, Text

ANYTHING = Call(
    "add",
    (IntRange(0, 10**6), [FloatRange(0, 1), "x"], Choice((1, Text(3), [IntRange(1, 2)]))),
    {"seed": Bytes(4)},
    options={"link": (Call("sum", (IntRange(0, 10**6),)),), "countdown": 1.0},
)
CANVASES: tuple[Node, ...] = (
    ANYTHING,
    Group(Repeat(ANYTHING, 3)),
    Group((ANYTHING, Call("b"))),
    Chord(Group(Repeat(ANYTHING, 2)), Call("digits")),
    Chain((ANYTHING, Group(Repeat(Call("c", (Index(1),)), 2)))),
    Mapped("map", Call("add"), (IntRange(0, 9), 5)),
)


def _plain(value: Any) -> bool:
    if isinstance(value, Call):
        parts = (*value.args, *value.kwargs.values(), *value.options.values())
        return all(map(_plain, parts))
    if isinstance(value, Group):
        return isinstance(value.members, tuple) and all(map(_plain, value.members))
    if isinstance(value, Chord):
        return _plain(value.header) and _plain(value.body)
    if isinstance(value, Chain):
        return all(map(_plain, value.links))
    if isinstance(value, Mapped):
        return all(map(_plain, value.items))
    if isinstance(value, list | tuple):
        return all(map(_plain, value))
    return value is None or isinstance(value, str | int | float | bytes | dict)


@given(st.sampled_from(CANVASES), st.integers(0, 10**9), st.integers(-5, 5))
def test_a_drawn_canvas_is_plain_and_depends_on_seed_workload_and_iteration_only(
    canvas: Node, iteration: int, seed: int
) -> None:
    drawer = Drawer(canvas, seed=seed, workload="w")
    first = drawer.draw(iteration)
    drawer.draw(iteration + 1)
    assert _plain(first)
    assert first == drawer.draw(iteration)
    assert first == draw(canvas, seed=seed, workload="w", iteration=iteration)


def test_other_seeds_workloads_and_iterations_give_other_arguments() -> None:
    canvas = Call("add", (IntRange(0, 2**60),))
    drawn = [
        draw(canvas, seed=1, workload="a", iteration=0),
        draw(canvas, seed=2, workload="a", iteration=0),
        draw(canvas, seed=1, workload="b", iteration=0),
        draw(canvas, seed=1, workload="a", iteration=1),
    ]
    assert len({call.args for call in drawn if isinstance(call, Call)}) == 4


def test_another_process_draws_the_same() -> None:
    code = (
        "from orchestrator.records import Call\n"
        "from orchestrator.scenario import draw\n"
        "from orchestrator.scenario.generators import IntRange\n"
        "c = Call('add', (IntRange(0, 2**60),))\n"
        "print(draw(c, seed=7, workload='sums', iteration=17).args[0])\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    here = draw(Call("add", (IntRange(0, 2**60),)), seed=7, workload="sums", iteration=17)
    assert isinstance(here, Call)
    assert here.args == (int(there.stdout),)


def test_repeat_becomes_members_drawn_one_by_one() -> None:
    group = draw(
        Group(Repeat(Call("add", (IntRange(0, 2**60),)), 5)), seed=1, workload="a", iteration=0
    )
    assert isinstance(group, Group)
    assert isinstance(group.members, tuple)
    assert len(group.members) == len(set(map(str, group.members))) == 5


def test_an_index_counts_on_over_the_canvases() -> None:
    drawer = Drawer(Group(Repeat(Call("add", (Index(100), Index(0))), 3)), seed=1, workload="a")
    drawn = [_args(drawer.draw(iteration)) for iteration in (0, 1, 7)]
    assert drawn[0] == [(100, 0), (101, 1), (102, 2)]
    assert drawn[1] == [(103, 3), (104, 4), (105, 5)]
    assert drawn[2] == [(121, 21), (122, 22), (123, 23)]


def test_an_index_in_nested_repeats_counts_every_occurrence() -> None:
    inner = Group(Repeat(Call("add", (Index(0),)), 2))
    drawer = Drawer(Group(Repeat(inner, 3)), seed=1, workload="a")
    assert [args[0] for args in _args(drawer.draw(2))] == list(range(12, 18))


def test_what_holds_no_generator_is_not_copied() -> None:
    call = Call("add", (1, [2, 3]), {"a": {"b": 1}})
    assert draw(call, seed=1, workload="a", iteration=3) is call


def _args(node: Node) -> list[tuple[Any, ...]]:
    if isinstance(node, Call):
        return [node.args]
    assert isinstance(node, Group)
    assert isinstance(node.members, tuple)
    return [args for member in node.members for args in _args(member)]
