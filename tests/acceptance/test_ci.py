"""What users put into their CI: the action, the hook, the pages' snippets; and our own load tests.

No runner of GitHub's is here: the files are held against GitHub's own schemas, and each step's
command is run as a runner would."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.command import ROOT, Command

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCENARIOS = sorted((ROOT / "scenarios" / "ci").glob("*.yaml"))
SCRIPT = ROOT / "scripts" / "github-action"
PAGE = (ROOT / "docs" / "ci.md").read_text()
SNIPPETS = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def held_against(schema: str, path: Path) -> None:
    """Against a schema that check-jsonschema brings with it."""
    argv = ["-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run([sys.executable, *argv], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- the action ---------------------------------------------------------------------------------


def test_the_action_is_one() -> None:
    held_against("github-actions", ROOT / "action.yml")


def test_the_action_uses_its_inputs_and_no_others() -> None:
    text = (ROOT / "action.yml").read_text()
    used = re.findall(r"\binputs\.([\w-]+)", text)
    assert set(used) == set(ACTION["inputs"])
    steps = ACTION["runs"]["steps"]
    ids = {step["id"] for step in steps if "id" in step}
    assert set(re.findall(r"\bsteps\.([\w-]+)", text)) == ids
    for name in ACTION["inputs"]:
        assert f"| `{name}` |" in PAGE, f"docs/ci.md does not know the input {name}"


def test_no_input_is_ever_a_part_of_a_script() -> None:
    """Or whoever names a branch could run what they like."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


class Runner:
    """Does a step of the action as GitHub's runner does."""

    def __init__(self, directory: Path, command: Command) -> None:
        self.output = directory / "output"
        self.environ = {
            **command.environ(),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.output),
            "RUNNER_TEMP": str(directory / "runner temp"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def step(
        self, name: str, inputs: Mapping[str, str], environ: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        (step,) = [each for each in ACTION["runs"]["steps"] if each["name"] == name]
        values = {key: each.get("default", "") for key, each in ACTION["inputs"].items()}
        values |= inputs
        env = {key: _filled_in(text, values) for key, text in step["env"].items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=ROOT / _filled_in(step["working-directory"], values),
            env={**self.environ, **env, **(environ or {})},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())


def _filled_in(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: values[match[1]], text)


@pytest.fixture
def runner(tmp_path: Path, command: Command) -> Runner:
    return Runner(tmp_path, command)


def test_the_action_runs_scenarios_and_leaves_their_directories(
    runner: Runner, tmp_path: Path
) -> None:
    sets = "workloads.tasks.iterations=8\n\nseed=8\n"
    inputs = {"scenario": "scenarios/smoke.yam[l]", "set": sets, "args": "-q --json"}
    page = tmp_path / "job.md"
    done = runner.step("Run the scenarios", inputs, {"GITHUB_STEP_SUMMARY": str(page)})
    assert done.returncode == 0, done.stderr
    assert "smoke" in page.read_text()
    document = yaml.safe_load(done.stdout)
    assert document["scenario"]["seed"] == 8
    assert document["workloads"]["tasks"]["iterations"] == 8
    outputs = runner.outputs()
    assert outputs["exit-code"] == "0"
    (directory,) = Path(outputs["runs"]).iterdir()
    assert {"summary.json", "report.html", "junit.xml"} <= {
        path.name for path in directory.iterdir()
    }


def test_the_action_ends_with_the_tools_exit_code(runner: Runner) -> None:
    inputs = {"scenario": "scenarios/smoke.yaml", "set": "worker.all.pool=solo; exit 0"}
    done = runner.step("Run the scenarios", inputs)
    assert done.returncode == 2
    assert "worker: unknown key (did you mean 'workers'?)" in done.stderr
    assert runner.outputs()["exit-code"] == "2"


@pytest.mark.parametrize(
    ("inputs", "arguments"),
    [
        ({}, [f"{ROOT}[embedded]"]),
        (
            {"version": "1.2.3", "install": "-r requirements.txt ./app"},
            ["celery-orchestrator[embedded]==1.2.3", "-r", "requirements.txt", "./app"],
        ),
    ],
)
def test_the_action_installs(
    runner: Runner, tmp_path: Path, inputs: Mapping[str, str], arguments: list[str]
) -> None:
    """With a Python that only says what it was asked for."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    path = f"{python.parent}{os.pathsep}{runner.environ['PATH']}"
    done = runner.step("Install celery-orchestrator", inputs, {"PATH": path})
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[:3] == ["-m", "pip", "install"]
    assert [word for word in said[3:] if not word.startswith("--")] == arguments


# ---- our own workflow ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_workflows_are_such(path: Path) -> None:
    held_against("github-workflows", path)


def test_the_workflow_calls_what_a_person_calls() -> None:
    targets = re.findall(r"^([\w.-]+):.*##", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    steps = [step for path in WORKFLOWS for step in _steps(yaml.safe_load(path.read_text()))]
    made = [word for step in steps for word in re.findall(r"^make (\S+)$", step.get("run", ""))]
    assert {"lint", "test", "test-celery-5.6"} <= set(made)
    assert set(made) <= set(targets)
    (ours,) = [step for step in steps if step.get("uses") == "./"]
    assert set(ours["with"]) <= set(ACTION["inputs"])
    assert sorted(ROOT.glob(ours["with"]["scenario"])) == SCENARIOS


def _steps(workflow: Any) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_load_tests_pass(command: Command, path: Path) -> None:
    done = command.scenario(path, "--json")
    assert done.code == 0, done.err + done.out


def test_the_load_tests_have_every_pool_and_every_canvas() -> None:
    text = "\n".join(path.read_text() for path in SCENARIOS)
    for kind in ("prefork", "threads", "solo", "gevent", "eventlet"):
        assert f"pool: {kind}" in text
    for node in ("task", "group", "chord", "chain", "map", "starmap", "chunks"):
        assert re.search(rf"\b{node}:", text)


# ---- pre-commit ---------------------------------------------------------------------------------


def pre_commit(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environ = {
        **os.environ,
        "PRE_COMMIT_HOME": str(directory / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_hook_finds_mistakes_in_scenarios_and_passes_over_other_files(tmp_path: Path) -> None:
    """As pre-commit runs it, but in the environment that is here: installing one takes a minute
    and a network."""
    manifest = ROOT / ".pre-commit-hooks.yaml"
    done = pre_commit(tmp_path, "validate-manifest", str(manifest))
    assert done.returncode == 0, done.stdout
    (hook,) = yaml.safe_load(manifest.read_text())
    (tmp_path / "scenarios").mkdir()
    good = (ROOT / "scenarios" / "smoke.yaml").read_text().replace("tasks.app", "not_here.app")
    (tmp_path / "scenarios" / "a.yaml").write_text(good)
    (tmp_path / "other.yaml").write_text("no: scenario\n")
    hooks = [{**hook, "language": "system"}]
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    for argv in (["init", "-q"], ["add", "scenarios", "other.yaml", ".pre-commit-config.yaml"]):
        subprocess.run(["git", *argv], cwd=tmp_path, check=True, timeout=20)
    done = pre_commit(tmp_path, "run", "--all-files")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "scenarios" / "a.yaml").write_text(good.replace("vus:", "vu:"))
    done = pre_commit(tmp_path, "run", "--all-files")
    assert done.returncode == 1
    assert "scenarios/a.yaml:14:5: workloads.tasks.vu: unknown key" in done.stdout


# ---- the page -----------------------------------------------------------------------------------


def test_the_snippets_of_the_page_are_valid(tmp_path: Path) -> None:
    kinds = {".github/workflows/load.yml": "github-workflows", ".gitlab-ci.yml": "gitlab-ci"}
    assert {name for name, _ in SNIPPETS} == {*kinds, ".pre-commit-config.yaml"}
    for name, text in SNIPPETS:
        path = tmp_path / "snippet.yaml"
        path.write_text(text)
        if name in kinds:
            held_against(kinds[name], path)
        else:
            done = pre_commit(tmp_path, "validate-config", str(path))
            assert done.returncode == 0, done.stdout


def test_the_page_uses_the_action_and_the_hook_that_there_are() -> None:
    texts = dict(SNIPPETS)
    (job,) = yaml.safe_load(texts[".github/workflows/load.yml"])["jobs"].values()
    (ours,) = [step for step in job["steps"] if "celery-orchestrator" in step["uses"]]
    assert set(ours["with"]) <= set(ACTION["inputs"])
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert f"- id: {hook['id']}" in PAGE
