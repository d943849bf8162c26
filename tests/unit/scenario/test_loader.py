import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ScenarioError
from orchestrator.scenario import calls, load, load_variants, load_with_marks

ROOT = Path(__file__).parents[3]
MIXED = ROOT / "scenarios" / "mixed.yaml"

WRONG = """\
version: 1
nmae: x
name: wrong
app: a
workers:
  w: {queues: [add], pol: prefork}
workloads:
  a:
    executor: constant-vus
    duration: 10
    canvas: {task: add, queue: ${Q}}
thresholds:
  verifed: ["rate==1"]
"""


def test_all_problems_at_once_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(WRONG.replace("${Q}", '"${Q}"'))
    with pytest.raises(ScenarioError) as caught:
        load(path, overrides=["seed=x"], environ={})
    assert str(caught.value).replace(str(path), "s.yaml").splitlines() == [
        "--set:1:6: seed: a whole number is needed, not 'x'",
        "s.yaml:2:1: nmae: unknown key (did you mean 'name'?)",
        "s.yaml:6:22: workers.w.pol: unknown key (did you mean 'pool'?)",
        "s.yaml:10:15: workloads.a.duration: a duration needs a unit: "
        "write 10s (or 10ms, 10m, 10h)",
        "s.yaml:11:32: workloads.a.canvas.queue: the environment variable Q is not set: "
        "set it, or write ${Q:-default}",
        "s.yaml:13:3: thresholds.verifed: 'verifed' is not a metric (did you mean 'verified'?)",
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_scenario_loads(path: Path) -> None:
    plan = load(path, environ={})
    assert plan.name == path.stem
    assert plan.description
    assert plan.thresholds


def test_pools_runs_every_kind_of_pool() -> None:
    variants, _ = load_variants(ROOT / "scenarios" / "pools.yaml", environ={})
    kinds = {pool.pool for variant in variants for pool in variant.plan.pools}
    assert kinds == {"prefork", "gevent", "eventlet", "threads", "solo"}


def test_marks_find_a_task_later() -> None:
    plan, marks = load_with_marks(MIXED, environ={})
    places = {call.task: marks.problem(path, "unknown") for path, call in calls(plan)}
    line = MIXED.read_text().splitlines()[places["digits"].line - 1]
    assert line[places["digits"].column - 1 :].startswith("digits")
    assert places["digits"].path == "workloads.factorials.canvas.chord.body.task"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (None, "s.yaml:1:1: cannot be read: No such file or directory"),
        (b"", "s.yaml:1:1: the file is empty"),
        (b"a: 1\nb: \xff\n", "s.yaml:2:4: the file is not UTF-8 text"),
        (b"- 1\n", "s.yaml:1:1: a scenario is a mapping: write key: value lines"),
        (b"5", "s.yaml:1:1: a scenario is a mapping"),
        (b"a: [", "s.yaml:1:5: not valid YAML"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, raw: bytes | None, message: str) -> None:
    path = tmp_path / "s.yaml"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(ScenarioError) as caught:
        load(path, environ={})
    assert message in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_directory_is_no_scenario(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: Is a directory"):
        load(tmp_path, environ={})


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + MIXED.read_bytes())
    assert load(path, environ={}).name == "mixed"


def test_overrides_and_their_order(tmp_path: Path) -> None:
    target = tmp_path / "t.yaml"
    target.write_text("broker: redis://file\nresults: ${R}\n")
    plan = load(
        MIXED,
        overrides=["workloads.sums.rate=50/s", "target.broker=redis://set", "seed=9"],
        target=str(target),
        environ={"R": "auto"},
    )
    assert plan.workloads[0].rate_per_s == 50.0
    assert plan.seed == 9
    assert (plan.target.broker, plan.target.results, plan.target.settings) == (
        "redis://set",
        "auto",
        {},
    )


def test_the_broker_option_wins_over_everything() -> None:
    plan = load(
        MIXED, overrides=["target.broker=app"], target="redis://t", broker="redis://b", environ={}
    )
    assert plan.target.broker == "redis://b"
    assert plan.target.settings == {"task_acks_late": True}
    assert load(MIXED, target="redis://t", environ={}).target.broker == "redis://t"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"broker": "embeded"}, "--broker:1:1: target.broker: 'embeded' is not a broker"),
        ({"broker": "amqp://u:pw@h:x"}, "--broker:1:1: target.broker: not a URL"),
        ({"target": "sqs://x"}, "--target:1:1: target.broker: 'sqs':// is not a known kind"),
        ({"target": "no-such-file.yaml"}, "no-such-file.yaml:1:1: cannot be read"),
        ({"overrides": ["workloads.sums.rate=5"]}, "--set:1:21: workloads.sums.rate: a rate"),
    ],
)
def test_problems_in_options_name_the_option(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(MIXED, **options, environ={})
    assert str(caught.value).startswith(message)
    assert "pw" not in str(caught.value)


def test_a_target_file_names_its_own_problems(tmp_path: Path) -> None:
    target = tmp_path / "t.yaml"
    target.write_text("broker: app\nbrokr: x\n")
    with pytest.raises(ScenarioError) as caught:
        load(MIXED, target=str(target), environ={})
    assert str(caught.value) == f"{target}:2:1: target.brokr: unknown key (did you mean 'broker'?)"
    target.write_text("- 1")
    with pytest.raises(ScenarioError, match="a target file holds what stands under target"):
        load(MIXED, target=str(target), environ={})


def test_nesting_through_aliases_is_bounded(problems: Callable[..., list[str]]) -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} {'[' * 30}*a{n - 1}{']' * 30}" for n in range(1, 20)]
    assert any("nested too deeply" in problem for problem in problems("\n".join(lines)))


def test_a_flood_of_problems_is_cut(problems: Callable[..., list[str]]) -> None:
    found = problems("\n".join(f"k{n}: 1" for n in range(5000)))
    assert len(found) == 201
    assert found[-1].endswith("and more: only the first 200 problems are shown")


def test_secrets_are_not_in_messages(problems: Callable[..., list[str]]) -> None:
    found = problems(workloads={"a": {"executor": "redis://:secret@h/0"}})
    assert "secret" not in "\n".join(found)


def test_the_stage_is_cheap_and_pure() -> None:
    code = (
        "import sys, orchestrator.scenario\n"
        "print([name for name in ('celery', 'kombu', 'redis', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
