import pytest

from orchestrator.client.amqp_frames import FrameReader
from orchestrator.client.amqp_messages import (
    PIECE_BYTES,
    PIECE_MESSAGES,
    AmqpMessage,
    Stretch,
    pieces,
)
from orchestrator.client.amqp_wire import encoded_properties


def a_message(task_id: str, body: bytes = b"body", exchange: str = "") -> AmqpMessage:
    return AmqpMessage(exchange, "q", encoded_properties({}), body, task_id)


def test_many_small_ones_are_few_pieces() -> None:
    ids = [str(number) for number in range(PIECE_MESSAGES * 2 + 1)]
    made = list(pieces((a_message(id) for id in ids), 1, 4096))
    assert [len(piece.task_ids) for piece in made] == [PIECE_MESSAGES, PIECE_MESSAGES, 1]
    assert [id for piece in made for id in piece.task_ids] == ids
    contents = []
    reader = FrameReader(lambda *_: None, lambda _, content: contents.append(content))
    reader.feed(b"".join(piece.data for piece in made))
    assert len(contents) == len(ids)


def test_large_ones_are_pieces_of_their_own() -> None:
    large = b"x" * PIECE_BYTES
    made = list(pieces([a_message("a", large), a_message("b", large, "other")], 1, 4096))
    assert [list(piece.task_ids) for piece in made] == [["a"], ["b"]]
    assert [set(piece.exchanges) for piece in made] == [{""}, {"other"}]


def test_nothing_is_no_piece() -> None:
    assert list(pieces([], 1, 4096)) == []


def test_stretch_of_ids() -> None:
    stretch = Stretch(["a", "b", "c", "d", "e"], 1, 3)
    assert list(stretch) == ["b", "c", "d"]
    assert (stretch[0], stretch[-1], stretch[1:]) == ("b", "d", ["c", "d"])
    for index in (3, -4):
        with pytest.raises(IndexError):
            stretch[index]
