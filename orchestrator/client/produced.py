"""Groups and chords whose members a generator gives: published as they are produced.

The members go by template, a page at a time; what the template does not fit goes through Celery's
own code, one member at a time. A chord's body cannot start early: the backend learns the size of
the header when the generator has ended, and the last member is held back until then, as in Celery's
own `group.apply_async`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celery import Celery
from celery.canvas import _chord, group
from celery.utils.functional import _regen

from orchestrator.client.capture import Captured, Capturer
from orchestrator.client.collector import Collector
from orchestrator.client.failures import ProducerFailed, PublishTimeout, ResultTimeout
from orchestrator.client.ids import IdSource
from orchestrator.client.ignored import ignored_ids
from orchestrator.client.kinds import Kinds
from orchestrator.client.later_result import LaterChord, LaterProduced, LaterResult, Members
from orchestrator.client.messages import Messages
from orchestrator.client.produced_join import MemberPart, PagePart, ProducedJoin
from orchestrator.client.result_tree import result_tree
from orchestrator.errors import BrokerUnavailable, PublishUncertain

PAGE_TASKS = 512
"""Members that are sent together, when they come quickly."""

PAGE_S = 0.02
"""How long a page is waited for when they come slowly, in seconds."""

Send = Callable[[Sequence[Captured], Sequence[Any]], Awaitable[None]]
"""Wait for these joins, then publish what is captured."""


@dataclass(slots=True)
class Opened:
    """A group or chord of which the first members are known. ``body`` is what Celery made of the
    chord with only its first member; None for a group. ``plain`` is false when no template fits."""

    group_id: str
    embed: Mapping[str, Any]
    body: Captured | None
    join: ProducedJoin
    plain: bool = True
    members: list[Any] = field(default_factory=list)
    ids: list[Sequence[str]] = field(default_factory=list)
    count: int = 0

    @property
    def task_ids(self) -> list[str]:
        """Of all members that were sent so far."""
        return [task_id for ids in self.ids for task_id in ids]


class Feed:
    """The members of a generator, page by page, one held back: it may be the last."""

    def __init__(self, members: _regen) -> None:
        self._members: Iterator[Any] = iter(members)
        self._held: list[Any] = []
        self.ended = False

    def page(self) -> list[Any]:
        """Up to `PAGE_TASKS` members, fewer when they come slowly; all that is left at the end.

        Raises what the generator raises.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + PAGE_S
        page, self._held = self._held, []
        for member in self._members:
            page.append(member)
            if len(page) > 1 and (len(page) > PAGE_TASKS or clock() >= until):
                self._held = [page.pop()]
                return page
        self.ended = True
        return page


def feed_of(signature: Any) -> Feed | None:
    """The feed of a bare group or chord that was made of a generator; None for all others."""
    if type(signature) not in (group, _chord) or signature.get("args"):
        return None
    if set(signature.get("options") or ()):
        return None
    parts = signature["kwargs"]
    members = parts.get("tasks" if type(signature) is group else "header")
    if type(members) is group:
        members = members.tasks
    return Feed(members) if type(members) is _regen else None


class ProducedRoad:
    """For one app; makes what `Opened` grows by."""

    def __init__(self, app: Celery, capturer: Capturer, ids: IdSource, kinds: Kinds) -> None:
        self._app = app
        self._capturer = capturer
        self._ids = ids
        self._tags = IdSource()
        self._kinds = kinds

    async def publish(self, opened: Opened, page: list[Any], feed: Feed, send: Send) -> None:
        """Send the members, from ``page`` on to the end of the feed.

        Raises `ProducerFailed` when the generator does, and `PublishUncertain` when the broker is
        lost on the way: both have the ids of what was sent.
        """
        try:
            while True:
                if feed.ended and opened.body is not None:
                    size = opened.count + len(page)
                    writes = self._capturer.chord_size(opened.group_id, size)
                    await send([Captured(None, [], [], writes)], ())
                await self._publish_page(opened, page, send)
                if feed.ended:
                    break
                await asyncio.sleep(0)
                page = _next_page(feed, opened)
        except PublishUncertain as exc:
            exc.task_ids = tuple(opened.task_ids)
            raise
        except (BrokerUnavailable, ResultTimeout) as exc:
            kind = PublishTimeout if isinstance(exc, ResultTimeout) else PublishUncertain
            sent = f"{opened.count} members of the generator had been sent"
            raise kind(f"{exc}; {sent}", task_ids=opened.task_ids) from exc
        opened.join.seal()

    def result(self, opened: Opened) -> LaterResult:
        """The result object of the whole canvas."""
        header = LaterProduced(self._app, opened.members)
        return header if opened.body is None else LaterChord(opened.body.result, header)

    async def _publish_page(self, opened: Opened, page: list[Any], send: Send) -> None:
        collector = Collector(self._kinds, opened.group_id, opened.embed)
        if opened.plain and await collector.take_all(page) and not collector.ids:
            await self._publish_plain(opened, collector, send)
            return
        captured = [
            self._capturer.capture_member(member, opened.group_id, place, opened.embed["chord"])
            for place, member in enumerate(page, opened.count)
        ]
        await self._publish_captured(opened, captured, send)

    async def _publish_plain(self, opened: Opened, collector: Collector, send: Send) -> None:
        ids = self._ids.take(collector.count)
        tags = self._tags.take(collector.count)
        messages = Messages(collector.runs, ids, tags, grouped=True, first=opened.count)
        ignored = collector.ignored()
        part = PagePart(opened.group_id, ids, ignored, keeps=opened.body is None)
        kinds = [(run.begin, run.kind) for run in collector.runs]
        opened.members.append(Members(ids, kinds, self._capturer.backend))
        opened.ids.append(ids)
        opened.join.add(part)
        await send([Captured(None, [], [], messages=messages)], [part])
        opened.count += collector.count

    async def _publish_captured(
        self, opened: Opened, members: Sequence[Captured], send: Send
    ) -> None:
        parts: list[MemberPart] = []
        for captured in members:
            ignored = ignored_ids(self._app, captured.published)
            part = MemberPart(result_tree(captured.result, ignored))
            opened.members.append(captured.result)
            opened.ids.append(captured.task_ids)
            opened.join.add(part)
            parts.append(part)
        await send(members, parts)
        opened.count += len(members)


def _next_page(feed: Feed, opened: Opened) -> list[Any]:
    try:
        return feed.page()
    except Exception as exc:
        what = "body will not run" if opened.body is not None else "results are not waited for"
        raise ProducerFailed(
            f"the generator of the members raised {type(exc).__name__}: {exc}. {opened.count} "
            f"tasks had been sent by then and run (see task_ids); the {what}.",
            task_ids=opened.task_ids,
        ) from exc
