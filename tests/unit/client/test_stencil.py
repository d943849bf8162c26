import base64
import json
from typing import Any

import pytest
from kombu.exceptions import EncodeError

from orchestrator.client.arguments import ArgumentTexts, dump_with
from orchestrator.client.stencil import NO_PLACE, Stencil

PIECES = (b"{body:", b",id:", b",at:", b",root:", b",a:", b",k:", b",c:", b",t:", b"}")
EMBED = {"chord": None}


def stencil(dump: Any = None) -> Stencil:
    return Stencil(PIECES, EMBED, dump, ArgumentTexts(1024, 1024, 3))


def test_numbers_are_kept_as_their_text() -> None:
    made = stencil()
    assert made.write((1, 2.5), {}) == b"(1, 2.5)"
    assert made.numbers_limit == 1024
    assert isinstance(made.write((1,), {"x": 1}), tuple)
    assert isinstance(made.write(("x",), {}), tuple)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), ((1,), {}), ((1, 2), {}), (("x", None), {}), ((1,), {"y": [True, {"z": "ü"}]})],
)
def test_messages(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    made = stencil()
    written = made.write(args, kwargs)
    page = made.on_page("I", "T")
    [message] = page.messages([written], [NO_PLACE], [b"7"], [b"8"])
    body, rest = message[len(b"{body:") :].split(b",id:")
    assert json.loads(base64.b64decode(body)) == [list(args), kwargs, EMBED]
    assert rest.startswith(b"I7,at:null,root:I7,a:")
    assert rest.endswith(b",c:I7,t:T8}")
    assert b",k:" in rest


def test_other_serializers_write_the_whole_body() -> None:
    made = stencil(dump_with("yaml"))
    assert made.numbers_limit == 0
    written = made.write((1,), {})
    assert isinstance(written, tuple)
    assert b"chord" in base64.b64decode(written[2])


def test_what_cannot_be_encoded() -> None:
    with pytest.raises(EncodeError):
        stencil().write((object(),), {})
