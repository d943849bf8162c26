"""Checked canvas models -> the canvas records of the plan."""

from typing import Any

from orchestrator.records import Call, Chain, Chord, Expect, Group, Mapped, Node, Repeat
from orchestrator.scenario import canvas_models as models
from orchestrator.scenario.arguments import argument_value

_DURATIONS = ("countdown", "expires", "time_limit", "soft_time_limit")
_AS_WRITTEN = ("eta", "priority", "retry", "serializer", "compression", "headers")


def canvas_node(model: Any) -> Node:
    """The record of one canvas node and of all that is in it."""
    if isinstance(model, models.TaskNode):
        return task_call(model)
    if isinstance(model, models.GroupNode):
        return _group(model.group)
    if isinstance(model, models.ChordNode):
        return Chord(_group(model.chord.header), canvas_node(model.chord.body))
    if isinstance(model, models.ChainNode):
        return Chain(tuple(canvas_node(link) for link in model.chain))
    return _mapped(model)


def task_call(model: models.TaskNode) -> Call:
    """The record of a task node. ``options`` are those of ``apply_async``: durations in seconds,
    ``link`` and ``link_error`` as tuples of Calls."""
    return Call(
        task=model.task,
        args=tuple(argument_value(value) for value in model.args),
        kwargs={name: argument_value(value) for name, value in model.kwargs.items()},
        queue=model.queue,
        options=_options(model.options) if model.options else {},
        immutable=model.immutable,
        expect=_expect(model.expect),
    )


def _group(members: Any) -> Group:
    if isinstance(members, models.Each):
        return Group(Repeat(canvas_node(members.each), members.count))
    return Group(tuple(canvas_node(member) for member in members))


def _mapped(model: Any) -> Mapped:
    if isinstance(model, models.MapNode):
        spec = model.map
        items = tuple(argument_value(item) for item in spec.items)
        return Mapped("map", Call(spec.task, queue=spec.queue), items)
    if isinstance(model, models.StarmapNode):
        return Mapped("starmap", _called(model.starmap), _argument_lists(model.starmap))
    chunks = model.chunks
    return Mapped("chunks", _called(chunks), _argument_lists(chunks), chunks.size)


def _called(spec: models.StarmapSpec) -> Call:
    return Call(spec.task, queue=spec.queue)


def _argument_lists(spec: models.StarmapSpec) -> tuple[Any, ...]:
    return tuple(argument_value(item) for item in spec.items)


def _options(model: models.TaskOptions) -> dict[str, Any]:
    options: dict[str, Any] = {
        name: value
        for name in (*_DURATIONS, *_AS_WRITTEN)
        if (value := getattr(model, name)) is not None
    }
    if model.retry_policy is not None:
        # A key that is left out keeps Celery's default; max_retries: null is a value.
        options["retry_policy"] = model.retry_policy.model_dump(exclude_unset=True)
    for name in ("link", "link_error"):
        linked = getattr(model, name)
        if linked is not None:
            nodes = linked if isinstance(linked, list) else [linked]
            options[name] = tuple(task_call(node) for node in nodes)
    return options


def _expect(model: Any) -> Expect | None:
    if model is None:
        return None
    if isinstance(model, models.ExpectValue):
        return Expect("value", model.value)
    if isinstance(model, models.ExpectType):
        return Expect("type", model.type)
    if isinstance(model, models.ExpectApprox):
        return Expect("approx", model.approx, model.rel)
    if isinstance(model, models.ExpectRaises):
        return Expect("raises", model.raises)
    return Expect("call", model.call)
