"""The OpenTelemetry trace that a task is sent in travels in its message's headers, where the
official instrumentation of Celery puts it and looks for it (opentelemetry-instrumentation-celery:
`inject` in `before_task_publish`, `extract` from `task.request` in `task_prerun`).
"""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

NO_TRACE: Mapping[str, str] = MappingProxyType({})


def trace_headers() -> Mapping[str, str]:
    """`traceparent` and `tracestate` of the span that is active now, as the configured propagator
    writes them (W3C by default); empty without one.

    A span can only be active where somebody has imported OpenTelemetry: nothing is imported for
    those who do not use it.
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None or not trace.get_current_span().get_span_context().is_valid:
        return NO_TRACE
    from opentelemetry import propagate

    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def add_trace(headers: dict[str, Any], trace: Mapping[str, str]) -> None:
    """Put the trace into a message's headers, unless a trace is there already: that of an
    instrumentation's own publishing span, or the user's."""
    if headers.keys().isdisjoint(trace):
        headers.update(trace)
