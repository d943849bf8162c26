from pathlib import Path

import pytest

from orchestrator.cli.github import (
    SUMMARY_LIMIT,
    Annotation,
    Annotations,
    append_step_summary,
    command_line,
    of_problem,
)
from orchestrator.errors import Problem

ON_GITHUB = {"GITHUB_ACTIONS": "true"}


def unescaped(text: str) -> str:
    """As the runner undoes the escapes of a message."""
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_a_problem_becomes_an_annotation_at_its_place() -> None:
    problem = Problem("s.yaml", 5, 38, "workers.add.concurency", "unknown key")
    assert command_line(of_problem(problem)) == (
        "::error file=s.yaml,line=5,col=38,title=scenario::workers.add.concurency: unknown key"
    )


@pytest.mark.parametrize("text", ["50 %", "a\nb", "a\r\nb", "%0A", "x::y", "a, b: c", "::error::x"])
def test_nothing_in_it_is_a_command_of_its_own(text: str) -> None:
    line = command_line(Annotation(text, title=text, file=text, line=1))
    assert "\n" not in line
    assert "\r" not in line
    head, _, message = line.removeprefix("::error ").partition("::")
    assert unescaped(message) == text
    properties = dict(part.split("=") for part in head.split(","))
    title = unescaped(properties["title"].replace("%3A", ":").replace("%2C", ","))
    assert title == text
    assert properties["line"] == "1"


def test_a_message_is_bounded() -> None:
    assert len(command_line(Annotation("x" * 100_000))) < 1_100


def test_a_file_is_named_from_the_workspace_wherever_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "load").mkdir()
    monkeypatch.chdir(tmp_path / "load")
    at = Annotation("m", file="s.yaml")
    assert command_line(at, str(tmp_path)) == "::error file=load/s.yaml::m"
    assert command_line(at, str(tmp_path / "other")) == "::error file=s.yaml::m"
    absolute = Annotation("m", file=str(tmp_path / "load" / "s.yaml"))
    assert command_line(absolute, str(tmp_path)) == "::error file=load/s.yaml::m"


def test_ten_at_most_and_the_last_says_that_there_are_more(
    capsys: pytest.CaptureFixture[str],
) -> None:
    annotations = Annotations(ON_GITHUB)
    annotations.add([Annotation(f"number {n}") for n in range(4)])
    annotations.add([Annotation(f"number {n}") for n in range(4, 25)])
    annotations.add([Annotation("too late")])
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert printed.out == ""
    assert lines[:9] == [f"::error::number {n}" for n in range(9)]
    assert lines[9:] == ["::error::and 16 more: see the log of the step"]


def test_ten_are_ten(capsys: pytest.CaptureFixture[str]) -> None:
    Annotations(ON_GITHUB).add([Annotation("x")] * 10)
    assert capsys.readouterr().err.splitlines() == ["::error::x"] * 10


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": "false"}])
def test_elsewhere_there_are_none(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    Annotations(environ).add([Annotation("x")])
    assert capsys.readouterr().err == ""


# ---- the summary of the step ----


def appended(tmp_path: Path, before: bytes, text: str) -> bytes:
    document, target = tmp_path / "summary.md", tmp_path / "step"
    document.write_text(text)
    target.write_bytes(before)
    append_step_summary(document, {"GITHUB_STEP_SUMMARY": str(target)})
    return target.read_bytes()


def test_the_document_is_added_to_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert appended(tmp_path, b"# before\n", "# ours\n") == b"# before\n# ours\n\n"
    assert capsys.readouterr().err == ""


def test_nothing_is_written_where_nobody_asked(tmp_path: Path) -> None:
    append_step_summary(tmp_path / "none.md", {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [0, 500_000, SUMMARY_LIMIT - 2_000])
def test_a_long_one_is_cut_at_a_line_and_says_where_the_rest_is(tmp_path: Path, there: int) -> None:
    lines = "".join(f"| {n:>7} é |\n" for n in range(100_000))
    written = appended(tmp_path, b"x" * there, lines)
    assert len(written) <= SUMMARY_LIMIT < 1024 * 1024
    assert len(written) > SUMMARY_LIMIT - 100
    text = written[there:].decode()
    kept, _, note = text.partition("\n\n")
    assert lines.startswith(kept + "\n")
    assert str(tmp_path / "summary.md") in note


def test_a_full_one_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = b"x" * (SUMMARY_LIMIT - 10)
    assert appended(tmp_path, before, "# ours\n" * 10) == before
    assert capsys.readouterr().err == f"the step's summary is full; see {tmp_path}/summary.md\n"
    assert appended(tmp_path, b"x" * 2 * SUMMARY_LIMIT, "# ours\n") == b"x" * 2 * SUMMARY_LIMIT


def test_one_that_cannot_be_written_is_a_line_and_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "summary.md"
    document.write_text("# ours\n")
    append_step_summary(document, {"GITHUB_STEP_SUMMARY": str(tmp_path)})
    append_step_summary(tmp_path / "none.md", {"GITHUB_STEP_SUMMARY": str(tmp_path / "step")})
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "the step's summary cannot be written: Is a directory",
        "the step's summary cannot be written: No such file or directory",
    ]
