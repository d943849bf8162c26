"""The asyncio client for Celery. It knows nothing of scenarios and can be used alone."""

from typing import TYPE_CHECKING, Any

from orchestrator.client.client import Client

__all__ = ["Client", "Handle", "Outcome", "ProducerFailed", "PublishTimeout", "ResultTimeout"]

if TYPE_CHECKING:
    from orchestrator.client.failures import ProducerFailed, PublishTimeout, ResultTimeout
    from orchestrator.client.handle import Handle
    from orchestrator.client.join import Outcome

_HOMES = {
    "Handle": "orchestrator.client.handle",
    "Outcome": "orchestrator.client.join",
    "ProducerFailed": "orchestrator.client.failures",
    "PublishTimeout": "orchestrator.client.failures",
    "ResultTimeout": "orchestrator.client.failures",
}


def __getattr__(name: str) -> Any:
    """`Handle` and the rest need Celery's canvas: they are imported when they are asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
