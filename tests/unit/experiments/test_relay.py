"""What is told goes to the run that is on."""

from unittest.mock import Mock

from orchestrator.experiments.relay import Relay
from orchestrator.records import TaskResult

RESULT = TaskResult("a", "SUCCESS", 3, None, 5)


def tell(relay: Relay) -> None:
    relay.timeline.received("a", 1, "w")
    relay.timeline.started("a", 2, "w")
    relay.timeline.finished("a", 3, "SUCCESS", "w")
    relay.timeline.ran("a", 1)
    relay.timeline.published("a", 4)
    relay.result(RESULT)


def test_it_is_passed_on_to_the_ledger_of_the_moment() -> None:
    relay, first, second = Relay(), Mock(), Mock()
    tell(relay)  # before any run: to nobody
    relay.ledger = first
    tell(relay)
    relay.ledger = second
    assert first.result.call_args.args == (RESULT,)
    assert [call[0] for call in first.timeline.method_calls] == [
        "received", "started", "finished", "ran", "published",
    ]  # fmt: skip
    assert second.mock_calls == []
