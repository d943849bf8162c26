"""Who is told: our own workers of the queue, and nobody else."""

import re

from orchestrator.environment.consumption import _exactly


def test_only_the_named_nodes_are_matched() -> None:
    pattern = re.compile(_exactly(["add-0.r1", "add-1.r1"]))
    assert pattern.match("add-1.r1@host")
    assert not pattern.match("add-1.r12@host")
    assert not pattern.match("add-1xr1@host")
    assert not pattern.match("other@add-1.r1@host")
