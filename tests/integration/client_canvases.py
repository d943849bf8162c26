"""Canvases of every kind on the tasks of `client_app`, with the value that each must give."""

from collections.abc import Callable
from typing import Any

from celery import chain, chord, group, signature

CANVASES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "task": (lambda t: t.add.s(1, 2), 3),
    "kwargs": (lambda t: t.add.s(1, y=2), 3),
    "serialised signature": (lambda t: dict(t.add.s(1, 2)), 3),
    "by name": (lambda t: signature("client_app.add", args=(1, 2)), 3),
    "group": (lambda t: group(t.add.s(i, i) for i in range(5)), [0, 2, 4, 6, 8]),
    "group of a list": (lambda t: group([t.add.s(i, i) for i in range(3)]), [0, 2, 4]),
    "group of one": (lambda t: group([t.add.s(1, 1)]), [2]),
    "empty group": (lambda t: group([]), []),
    "group in group": (
        lambda t: group(group(t.add.s(1, 1), t.add.s(1, 2)), t.add.s(2, 2)),
        [2, 3, 4],
    ),
    "chain": (lambda t: chain(t.add.s(1, 1), t.add.s(2), t.add.s(3)), 7),
    "chain of one": (lambda t: chain(t.add.s(1, 1)), 2),
    "long chain": (lambda t: chain(t.add.s(0, 0), *(t.add.s(1) for _ in range(40))), 40),
    "immutable link": (lambda t: t.add.s(1, 1) | t.add.si(5, 5), 10),
    "chain that ends in a group": (lambda t: t.add.s(1, 1) | group(t.add.s(2), t.add.s(3)), [4, 5]),
    "chord": (lambda t: chord([t.add.s(i, i) for i in range(5)], t.total.s()), 20),
    "chord of a generator": (lambda t: chord((t.add.s(i, i) for i in range(5)), t.total.s()), 20),
    "chord of one": (lambda t: chord([t.add.s(1, 1)], t.total.s()), 2),
    "chord of none": (lambda t: chord([], t.total.s()), 0),
    "chord of many": (lambda t: chord([t.add.s(i, 1) for i in range(200)], t.total.s()), 20100),
    "group | task": (lambda t: group(t.add.s(1, 1), t.add.s(2, 2)) | t.total.s(), 6),
    "chord in chain": (
        lambda t: t.add.s(1, 1) | group(t.add.s(2), t.add.s(3)) | t.total.s() | t.add.s(1),
        10,
    ),
    "two chords in chain": (
        lambda t: (
            group(t.add.s(1, 1), t.add.s(2, 2))
            | t.total.s()
            | group(t.add.s(1), t.add.s(2))
            | t.total.s()
        ),
        15,
    ),
    "group in chord header": (
        lambda t: chord([group(t.add.s(1, 1), t.add.s(2, 2)), t.add.s(3, 3)], t.total.s()),
        12,
    ),
    "chain in chord header": (
        lambda t: chord([t.add.s(1, 1) | t.add.s(2), t.add.s(3, 3)], t.total.s()),
        10,
    ),
    "chord of chords": (
        lambda t: chord(
            [chord([t.add.s(i, i) for i in range(3)], t.total.s()) for _ in range(3)], t.total.s()
        ),
        18,
    ),
    "chord whose body is a chain": (
        lambda t: chord([t.add.s(1, 1), t.add.s(2, 2)], t.total.s() | t.add.s(1)),
        7,
    ),
    "chord whose body is a group": (
        lambda t: chord([t.add.s(1, 1), t.add.s(2, 2)], group(t.total.s(), t.identity.s())),
        [6, [2, 4]],
    ),
    "group of chains": (
        lambda t: group(t.add.s(1, 1) | t.add.s(2), t.add.s(1, 1) | group(t.add.s(1), t.add.s(2))),
        [4, [3, 4]],
    ),
    "group of chords": (
        lambda t: group(chord([t.add.s(i, 1), t.add.s(i, 2)], t.total.s()) for i in range(3)),
        [3, 5, 7],
    ),
    "map": (lambda t: t.add.map([1, 2, 3]), [1, 2, 3]),
    "starmap": (lambda t: t.add.starmap([(1, 2), (3, 4)]), [3, 7]),
    "chunks": (lambda t: t.add.chunks([(i, i) for i in range(5)], 2), [[0, 2], [4, 6], [8]]),
    "retried": (lambda t: t.third_time_lucky.s(), 2),
    "replaced": (lambda t: t.expand.s(4), 12),
    "topic queue": (lambda t: t.add.s(1, 2).set(queue="topical"), 3),
    "topic key": (lambda t: t.add.s(1, 2).set(queue="topical", routing_key="news.x.y"), 3),
    "direct exchange": (lambda t: t.add.s(1, 2).set(exchange="letters", routing_key="letter"), 3),
    "priority": (lambda t: t.priority_of.s().set(priority=6), 6),
    "countdown": (lambda t: t.add.s(1, 2).set(countdown=0.1), 3),
    "compressed": (lambda t: t.add.s(1, 2).set(compression="zlib"), 3),
    "None": (lambda t: t.identity.s(None), None),
    "ignored": (lambda t: t.forgettable.s(1), None),
    "ignored by option": (lambda t: t.add.s(1, 1).set(ignore_result=True), None),
    "kept by option": (lambda t: t.forgettable.s(1).set(ignore_result=False), 1),
    "chain that ends ignored": (lambda t: t.add.s(1, 1) | t.forgettable.s(), None),
    "group with an ignored one": (lambda t: group(t.forgettable.s(1), t.add.s(1, 1)), [None, 2]),
    "chord with an ignored body": (
        lambda t: chord([t.add.s(1, 1), t.add.s(2, 2)], t.forgettable.s()),
        None,
    ),
}
