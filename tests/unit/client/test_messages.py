import json
from typing import Any

from orchestrator.client.ids import PAGE, IdSource
from orchestrator.client.kinds import Kinds
from orchestrator.client.messages import CHUNK, Messages, Run
from tests.unit.client.recording_app import Recorder

EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def runs(*sizes: int, grouped: bool = True) -> list[Run]:
    recorder = Recorder()
    made, begin = [], 0
    for number, size in enumerate(sizes):
        signature = recorder.task("add", 1, queue=f"q{number}")
        kind = Kinds(recorder.app, recorder.capturer).of(signature, grouped=grouped)
        assert kind is not None
        stencil = kind.template.stencil("the-group" if grouped else None, EMBED)
        written = [stencil.write((begin + place,), {}) for place in range(size)]
        made.append(Run(kind, stencil, begin, written))
        begin += size
    return made


def sent(messages: Messages) -> list[tuple[str, Any]]:
    return [
        (str(target), json.loads(message))
        for target, made in messages.pushes()
        for message in made
        if len(made) <= CHUNK
    ]


def test_more_than_a_page_in_order() -> None:
    count = PAGE + 10
    ids, tags = IdSource().take(count), IdSource().take(count)
    messages = Messages(runs(count), ids, tags, grouped=True)
    assert len(messages) == count
    found = [message for _, message in sent(messages)]
    assert [message["headers"]["id"] for message in found] == list(ids)
    assert [message["headers"]["group_index"] for message in found] == list(range(count))
    assert [message["headers"]["argsrepr"] for message in found] == [
        f"({i},)" for i in range(count)
    ]
    assert [message["properties"]["delivery_tag"] for message in found] == list(tags)
    assert sent(messages) == sent(messages)


def test_several_kinds_and_ids_of_the_users_own() -> None:
    ids = [f"mine-{number}" for number in range(6)]
    messages = Messages(runs(1, 3, 2, grouped=False), ids, IdSource().take(6), grouped=False)
    found = sent(messages)
    assert [target for target, _ in found] == ["q0", "q1", "q1", "q1", "q2", "q2"]
    assert [message["headers"]["id"] for _, message in found] == ids
    assert {message["headers"]["group_index"] for _, message in found} == {None}
