import click
import pytest

from orchestrator.cli import run_command
from orchestrator.cli.reports import report_option
from orchestrator.errors import ExitCode
from orchestrator.report.kinds import KINDS


def parsed(*argv: str) -> object:
    @click.command()
    @report_option("Which.")
    def command(kinds: object) -> object:
        return kinds

    return command.main(list(argv), standalone_mode=False)


def test_kinds_are_separated_by_commas() -> None:
    assert parsed() is None
    assert parsed("--report", "html") == ("html",)
    assert parsed("--report", "junit, md,junit,") == ("junit", "md")


@pytest.mark.parametrize("value", ["pdf", "html,pdf", "HTML", "", ","])
def test_an_unknown_kind_is_refused_with_those_that_there_are(value: str) -> None:
    with pytest.raises(click.BadParameter, match="html,junit,md,csv,metrics") as caught:
        parsed("--report", value)
    assert ("pdf" in value) == ("there is no report 'pdf'" in caught.value.message)


def test_a_capacity_without_that_kind_is_refused_before_it_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["capacity", "x.yaml", "--slo", "task_duration p(95)<1s", "--report", "junit,metrics"]
    assert run_command(argv) == ExitCode.USAGE
    assert "there is no metrics report of a capacity" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["run", "sweep", "report", "capacity"])
def test_help_names_every_kind_and_a_wrong_one_ends_with_2(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([name, "--help"]) == ExitCode.PASSED
    assert ",".join(KINDS) in capsys.readouterr().out.replace("\n", "")
    assert run_command([name, "x", "--report", "pdf"]) == ExitCode.USAGE
    assert "accepted are html,junit,md,csv,metrics" in capsys.readouterr().err
