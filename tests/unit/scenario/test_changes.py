import pytest

from orchestrator.records import FailIf, FigureKey
from orchestrator.scenario.changes import parse_fail_if


def gate(text: str, key: FigureKey, operator: str, change: float, *, relative: bool) -> FailIf:
    return FailIf(text, key, operator, pytest.approx(change), relative)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "key", "operator", "change", "relative"),
    [
        ("throughput<-10%", FigureKey("throughput", "rate"), "<", -0.1, True),
        (" throughput rate <= -5/s ", FigureKey("throughput", "rate"), "<=", -5.0, False),
        (
            "throughput{workload:sums}<-10%",
            FigureKey("throughput", "rate", None, ("workload", "sums")),
            "<",
            -0.1,
            True,
        ),
        ("task_duration p(95)>+15%", FigureKey("task_duration", "p", 95.0), ">", 0.15, True),
        ("task_duration p(99.9)>+1s", FigureKey("task_duration", "p", 99.9), ">", 1000.0, False),
        ("task_duration med>=+50ms", FigureKey("task_duration", "p", 50.0), ">=", 50.0, False),
        (
            "run{task:add} avg>+2",
            FigureKey("run", "avg", None, ("task", "add")),
            ">",
            2.0,
            False,
        ),
        ("tasks_failed>0", FigureKey("tasks_failed", "count"), ">", 0.0, False),
        ("tasks_lost count>+3", FigureKey("tasks_lost", "count"), ">", 3.0, False),
        (
            "dropped_iterations{workload:w}>+10%",
            FigureKey("dropped_iterations", "count", None, ("workload", "w")),
            ">",
            0.1,
            True,
        ),
        ("verified<-0.5%", FigureKey("verified", "rate"), "<", -0.005, False),
        ("worker_rss_bytes>+20MiB", FigureKey("worker_rss_bytes", "max"), ">", 20 * 2**20, False),
        (
            "worker_rss_bytes{pool:add} max>+20%",
            FigureKey("worker_rss_bytes", "max", None, ("pool", "add")),
            ">",
            0.2,
            True,
        ),
        (
            "worker_cpu_s_per_1000_tasks>+20%",
            FigureKey("worker_cpu_s_per_1000_tasks", "value"),
            ">",
            0.2,
            True,
        ),
    ],
)
def test_changes(text: str, key: FigureKey, operator: str, change: float, relative: bool) -> None:
    assert parse_fail_if(text) == gate(text, key, operator, change, relative=relative)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a check of a change: write <metric>"),
        ("throughput", "not a check of a change"),
        ("throughput < -10 %", "not a check of a change"),
        ("throughputt<-10%", r"not a metric \(did you mean 'throughput'\?\)"),
        ("backlog max>+10%", "'backlog' is not a metric: schedule_lag"),
        ("throughput<10%", r"has a sign: write \+10% or -10%"),
        ("throughput==-10%", "'==' is not an operator for a change: <, <=, >, >="),
        ("throughput<-100%", "more than all"),
        ("throughput<-x%", "is not a change: write for example"),
        ("throughput<-5ms", "not a rate"),
        ("throughput p(95)<-10%", "of throughput only its rate is compared, not 'p'"),
        ("throughput{task:add}<-10%", "not compared by 'task': it has workload"),
        ("task_duration>+10%", r"say what of task_duration: avg, .* 'task_duration p\(95\)>\+15%'"),
        ("task_duration p(97)>+10%", r"p\(97\) is not in summary.json: it has p\(50\), p\(75\)"),
        ("task_duration p()>+10%", "from 0 to 100"),
        ("task_duration rate>+10%", "has no 'rate'"),
        ("task_duration{pool:a} avg>+10%", "not compared by 'pool': it has workload, task, queue"),
        ("task_duration{task:a,queue:b} avg>+10%", "one tag at a time"),
        ("canvas_duration{task:a} avg>+10%", "not compared by 'task': it has workload"),
        ("tasks_failed{task:a}>+1", "not compared by 'task': it has no tags here"),
        ("tasks_failed>+1ms", "not a number or a percentage"),
        ("worker_rss_bytes min>+1%", "only its max is compared"),
        ("worker_rss_bytes>+1GB5", "not a size"),
    ],
)
def test_refused_changes(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_fail_if(text)
