import json
from typing import Any

import pytest
from celery import group

from orchestrator.client.arguments import ArgumentTexts
from orchestrator.client.kinds import samples
from orchestrator.client.template import NotUnderstood, Sample, Template
from tests.unit.client.recording_app import Recorder

TEXTS = ArgumentTexts(1024, 1024, 3)


def sample(recorder: Recorder | None = None, **options: Any) -> Sample:
    recorder = recorder or Recorder()
    signature = recorder.task("add", 1, 2, **options)
    captured = recorder.capture(group([signature], app=recorder.app))
    [found] = samples(captured, signature, captured.result.id)
    return found


def changed(found: Sample, change: Any) -> Sample:
    message = json.loads(found.text)
    change(message)
    return Sample(
        json.dumps(message),
        found.task_id,
        found.args,
        found.kwargs,
        found.group_id,
        found.group_index,
        found.embed,
    )


def test_what_was_learned_makes_others() -> None:
    found = sample(priority=3)
    stencil = Template.learn(found, TEXTS).stencil("the-group", found.embed)
    page = stencil.on_page("id-", "tag-")
    [made] = page.messages([stencil.write((7, "x"), {"z": 1})], [b"5"], [b"9"], [b"8"])
    message = json.loads(made)
    headers, properties = message["headers"], message["properties"]
    assert (headers["id"], headers["root_id"], properties["correlation_id"]) == ("id-9",) * 3
    assert (headers["group"], headers["group_index"]) == ("the-group", 5)
    assert (headers["argsrepr"], headers["kwargsrepr"]) == ("(7, 'x')", "{'z': 1}")
    assert (properties["delivery_tag"], properties["priority"]) == ("tag-8", 3)


@pytest.mark.parametrize(
    "change",
    [
        lambda message: message["headers"].update(mine=1),
        lambda message: message["headers"].update(eta="2026-01-01T00:00:00"),
        lambda message: message["headers"].update(stamps={"a": 1}),
        lambda message: message["headers"].update(argsrepr="***"),
        lambda message: message["headers"].pop("argsrepr"),
        lambda message: message["properties"].update(body_encoding="none"),
        lambda message: message["properties"].update(expiration="60"),
        lambda message: message.update({"content-type": "application/unheard-of"}),
        lambda message: message.update(body="e30="),
        lambda message: message.update(headers=dict(reversed(message["headers"].items()))),
    ],
)
def test_what_is_not_understood(change: Any) -> None:
    with pytest.raises(NotUnderstood):
        Template.learn(changed(sample(), change), TEXTS)


def test_headers_that_are_known_of() -> None:
    found = changed(sample(), lambda message: message["headers"].update(traceparent="00"))
    Template.learn(found, TEXTS, more_headers=("traceparent",))


def test_a_second_sample_that_differs() -> None:
    recorder = Recorder()
    template = Template.learn(sample(recorder), TEXTS)
    template.check(sample(recorder))
    with pytest.raises(NotUnderstood):
        template.check(sample(recorder, priority=3))
