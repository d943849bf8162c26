"""The feed: pages of what a generator gives, one member held back."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery, chord, group

from orchestrator.client.produced import PAGE_TASKS, feed_of

app = Celery("produced", set_as_current=False)


@app.task(shared=False)
def add(x: int, y: int) -> int:
    return x + y


def members(count: int) -> Iterator[Any]:
    return (add.s(number, number) for number in range(count))


@pytest.mark.parametrize("count", [1, PAGE_TASKS, PAGE_TASKS + 1, 2 * PAGE_TASKS + 2])
async def test_pages_hold_every_member_once_in_order(count: int) -> None:
    feed = feed_of(group(members(count)))
    assert feed is not None
    pages = []
    while not feed.ended:
        pages.append(feed.page())
    numbers = [signature.args[0] for page in pages for signature in page]
    assert numbers == list(range(count))
    assert all(1 <= len(page) <= PAGE_TASKS + 1 for page in pages)


async def test_slow_members_do_not_wait_for_a_full_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.client.produced.PAGE_S", 0.0)
    feed = feed_of(group(members(10)))
    assert feed is not None
    assert [len(feed.page()), len(feed.page())] == [1, 1]


def test_only_bare_canvases_of_generators_are_fed() -> None:
    assert feed_of(chord(members(3), add.s(1))) is not None
    assert feed_of(chord(list(members(3)), add.s(1))) is None
    assert feed_of(group(list(members(3)))) is None
    assert feed_of(group(members(3)).set(queue="other")) is None
    assert feed_of(add.s(1, 2)) is None
