"""Drawing: a canvas with generators -> the canvas of one iteration with plain values.

A `Drawer` compiles a canvas once into closures, so that an iteration costs a few microseconds.
What holds no generator is not copied: the drawn canvas shares it with the plan.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.records import Call, Chain, Chord, Group, Mapped, Node, Repeat
from orchestrator.scenario.generators import (
    Bytes,
    Choice,
    FloatRange,
    Index,
    IntRange,
    Stream,
    Text,
    stream_key,
)

Draw = Callable[[Stream], Any]


def draw(node: Node, *, seed: int, workload: str, iteration: int) -> Node:
    """The canvas of one iteration: generators replaced by values, `Repeat` by its members.

    For more than one iteration make a `Drawer` once.
    """
    return Drawer(node, seed=seed, workload=workload).draw(iteration)


class Drawer:
    """Draws the iterations of one workload. Which values come depends on the seed, the workload's
    name and the iteration's number only, and not on what was drawn before."""

    __slots__ = ("_draw", "_key")

    def __init__(self, node: Node, *, seed: int, workload: str) -> None:
        self._key = stream_key(seed, workload)
        self._draw: Callable[[Stream], Node] = _Compiler().node(node, 1)

    def draw(self, iteration: int) -> Node:
        """The canvas of iteration `iteration` (from 0); holds no generator and no `Repeat`."""
        return self._draw(Stream(self._key, iteration))


@dataclass(frozen=True, slots=True)
class _Constant:
    """What is the same in every iteration."""

    value: Any

    def __call__(self, stream: Stream) -> Any:
        return self.value


class _Compiler:
    """`times` is how often a place is drawn in one canvas: the product of the `count`s around
    it."""

    def __init__(self) -> None:
        self._sites = 0

    def node(self, node: Node, times: int) -> Draw:
        if isinstance(node, Call):
            return self._call(node, times)
        if isinstance(node, Group):
            return self._group(node, times)
        if isinstance(node, Chord):
            return self._chord(node, times)
        if isinstance(node, Chain):
            return self._chain(node, times)
        return self._mapped(node, times)

    def _call(self, call: Call, times: int) -> Draw:
        args = self._many(call.args, times)
        kwargs = self._mapping(call.kwargs, times)
        options = self._mapping(call.options, times)
        if all(isinstance(part, _Constant) for part in (args, kwargs, options)):
            return _Constant(call)
        task, queue, immutable, expect = call.task, call.queue, call.immutable, call.expect
        if isinstance(kwargs, _Constant) and isinstance(options, _Constant):
            kwargs_value, options_value = kwargs.value, options.value

            def drawn_args(stream: Stream) -> Call:
                # By far the most frequent kind, and worth a microsecond.
                return Call(
                    task, args(stream), kwargs_value, queue, options_value, immutable, expect
                )

            return drawn_args

        def drawn(stream: Stream) -> Call:
            return Call(
                task, args(stream), kwargs(stream), queue, options(stream), immutable, expect
            )

        return drawn

    def _group(self, group: Group, times: int) -> Draw:
        if isinstance(group.members, Repeat):
            return self._repeated(group.members, times)
        members = self._many(group.members, times)
        if isinstance(members, _Constant):
            return _Constant(Group(members.value))
        return lambda stream: Group(members(stream))

    def _repeated(self, repeat: Repeat, times: int) -> Draw:
        member, count = self.node(repeat.node, times * repeat.count), repeat.count
        if isinstance(member, _Constant):
            return _Constant(Group((member.value,) * count))
        return lambda stream: Group(tuple([member(stream) for _ in range(count)]))

    def _chord(self, chord: Chord, times: int) -> Draw:
        header, body = self._group(chord.header, times), self.node(chord.body, times)
        if isinstance(header, _Constant) and isinstance(body, _Constant):
            return _Constant(Chord(header.value, body.value))
        return lambda stream: Chord(header(stream), body(stream))

    def _chain(self, chain: Chain, times: int) -> Draw:
        links = self._many(chain.links, times)
        if isinstance(links, _Constant):
            return _Constant(Chain(links.value))
        return lambda stream: Chain(links(stream))

    def _mapped(self, mapped: Mapped, times: int) -> Draw:
        items = self._many(mapped.items, times)
        if isinstance(items, _Constant):
            return _Constant(mapped)
        kind, call, size = mapped.kind, mapped.call, mapped.size
        return lambda stream: Mapped(kind, call, items(stream), size)

    def value(self, value: Any, times: int) -> Draw:
        """One argument, option or member of a list."""
        if isinstance(value, IntRange | FloatRange | Text | Bytes):
            return value.draw
        if isinstance(value, Choice):
            return self._choice(value, times)
        if isinstance(value, Index):
            return self._index(value, times)
        if isinstance(value, Call | Group | Chord | Chain | Mapped):
            return self.node(value, times)
        if isinstance(value, tuple):
            return self._many(value, times)
        if isinstance(value, list):
            return self._list(value, times)
        return _Constant(value)

    def _choice(self, choice: Choice, times: int) -> Draw:
        values = tuple(self.value(value, times) for value in choice.values)
        count = len(values)
        return lambda stream: values[stream.below(count)](stream)

    def _index(self, index: Index, times: int) -> Draw:
        site, start = self._sites, index.start
        self._sites += 1

        def drawn(stream: Stream) -> int:
            occurrence = stream.counts.get(site, 0)
            stream.counts[site] = occurrence + 1
            return start + stream.iteration * times + occurrence

        return drawn

    def _many(self, values: Iterable[Any], times: int) -> Draw:
        draws = tuple(self.value(value, times) for value in values)
        if all(isinstance(draw, _Constant) for draw in draws):
            return _Constant(tuple(draw.value for draw in draws if isinstance(draw, _Constant)))
        return lambda stream: tuple([draw(stream) for draw in draws])

    def _list(self, values: list[Any], times: int) -> Draw:
        many = self._many(values, times)
        if isinstance(many, _Constant):
            return _Constant(list(many.value))
        return lambda stream: list(many(stream))

    def _mapping(self, values: Mapping[str, Any], times: int) -> Draw:
        draws = {key: self.value(value, times) for key, value in values.items()}
        if all(isinstance(draw, _Constant) for draw in draws.values()):
            return _Constant(
                {key: draw.value for key, draw in draws.items() if isinstance(draw, _Constant)}
            )
        return lambda stream: {key: draw(stream) for key, draw in draws.items()}
