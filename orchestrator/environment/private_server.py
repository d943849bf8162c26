"""A broker that is ours: one process that may die, or be ended and started again."""

from collections.abc import Awaitable, Callable

from orchestrator.environment.child import Child
from orchestrator.errors import BrokerUnavailable
from orchestrator.records import BrokerInfo


class PrivateServer:
    """A running server. `child` is the process of the moment."""

    def __init__(
        self, info: BrokerInfo, child: Child, start: Callable[[], Awaitable[Child]]
    ) -> None:
        self.info = info
        self.child = child
        self._start = start

    async def supervise(self) -> None:
        """Returns when the server was ended by us; raises BrokerUnavailable when it died."""
        child = self.child
        code = await child.wait()
        if not child.stopping:
            raise BrokerUnavailable(ended(child, code, "died"))

    async def start_again(self) -> None:
        """Start it on the same port, with what it had stored; returns when it answers. Raises
        BrokerUnavailable."""
        self.child = await self._start()


def ended(child: Child, code: int, how: str) -> str:
    """What to say of a server that has ended."""
    return tail(child, f"{how} (exit code {code})")


def tail(child: Child, how: str) -> str:
    """What to say of a server, with the end of its log."""
    lines = "\n".join(child.log_tail())
    return f"{child.name} {how}; the end of {child.log_path}:\n{lines}"
