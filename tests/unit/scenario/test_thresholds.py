import pytest

from orchestrator.scenario.metrics import METRICS
from orchestrator.scenario.thresholds import Expression, parse_expression, parse_key


@pytest.mark.parametrize(
    ("metric", "text", "parsed"),
    [
        ("task_duration", "p(95)<500ms", Expression("p", 95.0, "<", 500.0)),
        ("task_duration", " p( 99.9 ) <= 2s ", Expression("p", 99.9, "<=", 2000.0)),
        ("run", "avg<250", Expression("avg", None, "<", 250.0)),
        ("run", "med>=1m30s", Expression("med", None, ">=", 90_000.0)),
        ("tasks_lost", "count==0", Expression("count", None, "==", 0.0)),
        ("tasks_sent", "rate>10/s", Expression("rate", None, ">", 10.0)),
        ("tasks_sent", "rate>10", Expression("rate", None, ">", 10.0)),
        ("verified", "rate==1", Expression("rate", None, "==", 1.0)),
        ("errors", "rate<1%", Expression("rate", None, "<", 0.01)),
        ("throughput", "rate>50/s", Expression("rate", None, ">", 50.0)),
        ("throughput", "value!=30/m", Expression("value", None, "!=", 0.5)),
        ("backlog", "max<1000", Expression("max", None, "<", 1000.0)),
        ("worker_rss_bytes", "max<2GiB", Expression("max", None, "<", 2.0 * 1024**3)),
        ("worker_cpu_ratio", "avg<150%", Expression("avg", None, "<", 1.5)),
    ],
)
def test_expressions(metric: str, text: str, parsed: Expression) -> None:
    assert parse_expression(METRICS[metric], text) == parsed


@pytest.mark.parametrize(
    ("metric", "text", "message"),
    [
        ("task_duration", "p95<500ms", r"not a check: write .* p\(95\)<500ms"),
        ("task_duration", "p(101)<5ms", "from 0 to 100"),
        ("task_duration", "p()<5ms", "from 0 to 100"),
        ("task_duration", "p<5ms", "from 0 to 100"),
        ("task_duration", "p(x)<5ms", "from 0 to 100"),
        (
            "task_duration",
            "rate<5ms",
            r"task_duration has no 'rate'.*it has avg, min, med, max, p\(N\)",
        ),
        ("task_duration", "averag<5", "it has avg"),
        ("task_duration", "avg(5)<5ms", "takes nothing in brackets"),
        ("task_duration", "avg=5ms", "'=' is not an operator: <, <=, >, >=, ==, !="),
        ("task_duration", "avg===5ms", "not an operator"),
        ("task_duration", "avg<5 ms", "not a check"),
        ("task_duration", "avg<5min", "not a duration"),
        ("task_duration", "", "not a check"),
        ("task_duration", "avg<-5", "not a duration"),
        ("task_duration", "slope<5", "task_duration has no 'slope'"),
        ("backlog", "max<5s", "'5s' is not a number"),
        ("verified", "rate>5", "more than all"),
        ("verified", "rate>101%", "more than all"),
        ("verified", "rate>x", "not a ratio"),
        ("verified", "count==1", "verified has no 'count'"),
        ("throughput", "rate>50ms", "not a rate"),
    ],
)
def test_refused_expressions(metric: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_expression(METRICS[metric], text)


def test_keys_with_tags() -> None:
    metric, tags = parse_key("task_duration{task:add, queue:a:b}")
    assert (metric.name, tags) == ("task_duration", {"task": "add", "queue": "a:b"})
    assert parse_key("verified")[1] == {}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("verifed", r"'verifed' is not a metric \(did you mean 'verified'\?\)"),
        ("zzz", "not a metric: schedule_lag, publish"),
        ("task_duration{task:add", "write metric or metric"),
        ("task_duration{task}", "'task' is not a tag"),
        ("task_duration{}", "is not a tag"),
        ("task_duration{task:}", "is not a tag"),
        ("task_duration{task:a,task:b}", "the tag task is here twice"),
    ],
)
def test_refused_keys(key: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_key(key)
