"""celery-orchestrator: the load, correctness and fault laboratory for Celery, and its asyncio
client.

``from orchestrator import Client`` is the asyncio client; everything else is behind the command
line (``python -m orchestrator --help``). Importing this package alone imports neither Celery nor
Redis."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Client", "__version__"]

if TYPE_CHECKING:
    from orchestrator.client import Client


def __getattr__(name: str) -> Any:
    if name == "Client":
        from orchestrator.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
