import json
from typing import Any

import pytest

from orchestrator.client.amqp_stencil import AmqpStencil, Pieces
from orchestrator.client.amqp_wire import header_key, read_properties
from orchestrator.client.arguments import ArgumentTexts
from orchestrator.client.stencil import NO_PLACE

HOLES = ("id", "group", "group_index", "root_id", "argsrepr", "kwargsrepr")
PIECES: Pieces = (
    b"\x24\x00",  # headers and a correlation id
    *(header_key(name) for name in HOLES),  # type: ignore[assignment]
    header_key("last") + b"V",
    b"",
    b"",
)


def a_stencil(group_id: str | None) -> AmqpStencil:
    return AmqpStencil(PIECES, group_id, {"chord": None}, None, ArgumentTexts(1024, 1024, 3))


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((1, 2.5), {}), ((), {}), (("ä\"'\\", None), {"key": [1, {"deep": "\n"}]})],
)
@pytest.mark.parametrize("head", ["", "0000-"])
def test_lengths_fit_whatever_is_filled_in(args: Any, kwargs: Any, head: str) -> None:
    stencil = a_stencil("g")
    written = stencil.write(args, kwargs)
    ids = [b"a", b"longer", b"b"]
    made = stencil.on_page(head, "").messages([written] * 3, [b"0", b"1", b"70000"], ids, ids)
    for (properties, body), task_id, index in zip(made, ids, (0, 1, 70000), strict=True):
        read = read_properties(properties)
        headers = read["application_headers"]
        assert headers["id"] == headers["root_id"] == read["correlation_id"]
        assert read["correlation_id"] == head + task_id.decode()
        assert (headers["group"], headers["group_index"], headers["last"]) == ("g", index, None)
        assert headers["argsrepr"] == repr(args).replace("\\\\", "\\")
        assert json.loads(body) == [list(args), kwargs, {"chord": None}]


def test_without_a_group() -> None:
    stencil = a_stencil(None)
    made = stencil.on_page("", "").messages([stencil.write((1,), {})], [NO_PLACE], [b"a"], [b""])
    headers = read_properties(made[0][0])["application_headers"]
    assert (headers["group"], headers["group_index"]) == (None, None)
