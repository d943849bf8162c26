"""Canvases in columns: what goes in comes out."""

from orchestrator.observe.canvas_table import CanvasTable
from orchestrator.records import CanvasOutcome


def test_only_canvases_that_have_ended_are_there() -> None:
    table = CanvasTable()
    first, second = table.open("w", 0), table.open("v", 7)
    ended = CanvasOutcome("v", 7, 1, 2, 3, None, "failed", "ValueError: no", 9)
    table.end(ended)
    table.end(CanvasOutcome("strange", 0, 1, 2, 3, 4, "ok"))
    assert list(table) == [ended]
    assert (table.state(first), table.state(second)) == (None, "failed")
    assert (table.iteration(second), table.intended_ns(second), table.ended_ns(second)) == (7, 1, 9)


def test_a_seen_value_keeps_its_time() -> None:
    table = CanvasTable()
    table.open("w", 1)
    ended = CanvasOutcome("w", 1, 10, 20, 30, 40, "ok", ended_ns=41)
    table.end(ended)
    assert list(table) == [ended]
