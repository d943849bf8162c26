import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from celery import chain, chord, group, signals
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState

from orchestrator.client.recording_broker import Routed
from orchestrator.client.tracing import NO_TRACE, add_trace, trace_headers
from tests.unit.client.recording_app import Recorder

TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("test")


def sent_headers(recorder: Recorder, signature: Any) -> list[Mapping[str, Any]]:
    commands = recorder.capture(signature).commands
    messages = [c.message if isinstance(c, Routed) else json.loads(c[2]) for c in commands]
    return [message["headers"] for message in messages]


def test_without_a_span_nothing_is_added() -> None:
    recorder = Recorder()
    assert trace_headers() is NO_TRACE
    [headers] = sent_headers(recorder, recorder.task("add", 1))
    assert "traceparent" not in headers


def test_without_opentelemetry_nothing_is_imported() -> None:
    code = (
        "import sys; from orchestrator.client.tracing import trace_headers; "
        "assert not trace_headers(); "
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_message_of_a_canvas_carries_the_active_span() -> None:
    recorder = Recorder()
    task = recorder.task
    canvases = [
        task("add", 1),
        group(task("add", i) for i in range(3)),
        chord([task("add", 1), chain(task("add", 2), task("add", 3))], task("total")),
    ]
    with TRACER.start_as_current_span("request") as span:
        expected = trace_headers()
        sent = [headers for canvas in canvases for headers in sent_headers(recorder, canvas)]
    context = span.get_span_context()
    ids = f"{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert expected == {"traceparent": f"00-{ids}"}
    assert [headers["traceparent"] for headers in sent] == [expected["traceparent"]] * 6


def test_the_span_of_one_submission_is_not_that_of_the_next() -> None:
    recorder = Recorder()
    with TRACER.start_as_current_span("request"):
        sent_headers(recorder, recorder.task("add", 1))
    [headers] = sent_headers(recorder, recorder.task("add", 1))
    assert "traceparent" not in headers


def test_trace_state_goes_along() -> None:
    state = TraceState([("vendor", "value")])
    context = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1), trace_state=state)
    with trace.use_span(NonRecordingSpan(context)):
        assert trace_headers() == {
            "traceparent": f"00-{1:032x}-{2:016x}-01",
            "tracestate": "vendor=value",
        }


@pytest.fixture
def publishing_span() -> Iterator[str]:
    """What the official instrumentation does: a span for each publishing, in its headers."""

    def inject(headers: dict[str, str], **kwargs: Any) -> None:
        headers["traceparent"] = "of the publishing span"

    signals.before_task_publish.connect(inject, weak=False)
    yield "of the publishing span"
    signals.before_task_publish.disconnect(inject)


def test_a_publishing_span_of_the_instrumentation_stays(publishing_span: str) -> None:
    recorder = Recorder()
    with TRACER.start_as_current_span("request"):
        [headers] = sent_headers(recorder, recorder.task("add", 1))
    assert headers["traceparent"] == publishing_span


def test_the_users_own_header_stays() -> None:
    recorder = Recorder()
    with TRACER.start_as_current_span("request"):
        own = {"traceparent": "mine", "x": "y"}
        [headers] = sent_headers(recorder, recorder.task("add", 1, headers=own))
    assert headers["traceparent"] == "mine"
    assert headers["x"] == "y"


def test_no_half_of_a_trace_is_added_to_another() -> None:
    headers = {"traceparent": "mine"}
    add_trace(headers, {"traceparent": "other", "tracestate": "other"})
    assert headers == {"traceparent": "mine"}
