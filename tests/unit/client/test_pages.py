from orchestrator.client.ids import PAGE, IdSource
from orchestrator.client.pages import Pages
from orchestrator.client.plain_joins import GroupJoin
from orchestrator.errors import ClientClosed

PREFIX = b"celery-task-meta-"


def block(count: int) -> GroupJoin:
    return GroupJoin("g", IdSource().take(count))


def channel(join: GroupJoin, place: int) -> bytes:
    return PREFIX + join.ids[place].encode()


def test_finds_the_block_and_the_place() -> None:
    pages, one, other = Pages(PREFIX), block(PAGE + 5), block(3)
    pages.add(one)
    pages.add(other)
    assert len(pages) == 3
    for join, place in ((one, 0), (one, PAGE - 1), (one, PAGE), (one, PAGE + 4), (other, 2)):
        assert pages.find(channel(join, place)) == (join, place)
    assert pages.find(channel(other, 0)[:-3] + b"xyz") is None
    assert pages.find(b"x") is None
    pages.discard(one)
    assert pages.find(channel(one, PAGE)) is None
    assert len(pages) == 1


def test_outstanding() -> None:
    pages, one = Pages(PREFIX), block(PAGE + 2)
    pages.add(one)
    for place in range(PAGE):
        one.succeed(place, place)
    assert list(pages.outstanding()) == [one.ids[PAGE], one.ids[PAGE + 1]]


def test_end_reaches_each_block_once() -> None:
    pages, one = Pages(PREFIX), block(PAGE + 1)
    calls: list[int] = []
    one.on_end(lambda: calls.append(1))
    pages.add(one)
    pages.end(ClientClosed())
    assert isinstance(one.ended, ClientClosed)
    assert calls == [1]
    assert len(pages) == 0
