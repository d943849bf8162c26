"""Which tasks of a canvas will leave no result, also those that a worker will publish."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from celery import Celery

from orchestrator.client.recording_broker import Published


def ignored_ids(app: Celery, published: Iterable[Published]) -> frozenset[str]:
    """The ids of tasks whose result is ignored.

    Those that we publish say so in their headers. Later links and bodies of chords travel inside
    the messages as signatures: their option counts, else the task's own default, as in
    `Task.apply_async`.
    """
    ignored = {task.id for task in published if task.ignored}
    seen: set[int] = set()
    for task in published:
        for signature in carried(task.embed, seen):
            options = signature.get("options", {})
            if "task_id" in options and _is_ignored(app, signature, options):
                ignored.add(options["task_id"])
    return frozenset(ignored)


def _is_ignored(app: Celery, signature: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    if (chosen := options.get("ignore_result")) is not None:
        return bool(chosen)
    task = app.tasks.get(signature.get("task"))
    return bool(getattr(task, "ignore_result", False))


def carried(embed: Mapping[str, Any], seen: set[int]) -> Iterator[Mapping[str, Any]]:
    """Every signature in a message's ``chain`` and ``chord``, however deep."""
    stack = [embed.get("chain"), embed.get("chord")]
    while stack:
        node = stack.pop()
        if not node or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Mapping):
            yield node
            kwargs = node.get("kwargs") or {}
            if node.get("subtask_type") in ("group", "chain", "chord"):
                stack.extend((kwargs.get("tasks"), kwargs.get("header"), kwargs.get("body")))
        elif isinstance(node, list | tuple):
            stack.extend(node)
