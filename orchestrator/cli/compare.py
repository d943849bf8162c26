"""``compare``: two runs, or many of each, and whether one is worse than the other by more than
noise."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.github import append_step_summary
from orchestrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from orchestrator.comparison.measured import MeasuredSide
    from orchestrator.records import Comparison, FailIf

ALLOWED = ("scenario", "host", "partial")
STDOUT = Path("-")


@click.command(
    "compare",
    epilog="\b\nExamples:\n"
    "  python -m orchestrator compare runs/smoke-A runs/smoke-B\n"
    "  python -m orchestrator compare base head --fail-if 'throughput<-10%' "
    "--fail-if 'task_duration p(95)>+15%'\n"
    "  python -m orchestrator compare 'runs/pools-A#pool=prefork' 'runs/pools-A#pool=gevent'\n"
    "  python -m orchestrator compare base.json head.json --allow host --md comment.md\n\n"
    "\b\nExit codes: 0 no gate tripped, 1 a --fail-if tripped, 2 usage, or the two cannot be\n"
    "compared.",
)
@click.argument("base", metavar="BASE")
@click.argument("head", metavar="HEAD")
@click.option(
    "--fail-if",
    "fail_ifs",
    metavar="CHANGE",
    multiple=True,
    help="Exit 1 when a figure changed by more than this and more than noise, for example "
    "'throughput<-10%' or 'task_duration{task:add} p(95)>+50ms'; repeatable.",
)
@click.option(
    "--allow",
    "allowed",
    metavar="KIND,...",
    multiple=True,
    help="Compare although these differ: scenario, host, partial (runs that did not end), or all.",
)
@click.option(
    "--least",
    metavar="PERCENT",
    default="3%",
    show_default=True,
    help="The smallest change of a figure that counts.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@click.option("--all", "everything", is_flag=True, help="Print the figures too that are alike.")
@click.option(
    "--md",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write it as Markdown, and append it to $GITHUB_STEP_SUMMARY where that is set; - prints.",
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one page that shows both sides in the same charts.",
)
def command(
    base: str,
    head: str,
    fail_ifs: tuple[str, ...],
    allowed: tuple[str, ...],
    least: str,
    as_json: bool,
    everything: bool,
    md: Path | None,
    html: Path | None,
) -> int:
    """Say what differs between BASE and HEAD, and whether it is more than noise.

    Each is a run directory, a summary.json, an experiment's directory (of a matrix one combination:
    DIR#pool=gevent), or a directory that holds several of these: then all its runs are repeats of
    that side. Nothing is started. Runs of different scenarios or on different machines are not
    compared unless --allow says so."""
    from orchestrator.comparison.compare import compare
    from orchestrator.comparison.measured import MeasuredSide
    from orchestrator.comparison.sides import read_side

    if as_json and md == STDOUT:
        raise UsageError("--json and --md - both print to stdout: give --md a file")
    gates = [_parsed(text) for text in fail_ifs]
    kinds, smallest = _allowed(allowed), _least(least)
    sides = MeasuredSide(read_side(base)), MeasuredSide(read_side(head))
    comparison = compare(*sides, gates=gates, allowed=kinds, least=smallest)
    _print(comparison, as_json=as_json, everything=everything, quiet=md == STDOUT)
    _write(comparison, sides, md, html)
    return ExitCode.THRESHOLD_FAILED if comparison.tripped else ExitCode.PASSED


def _parsed(text: str) -> "FailIf":
    from orchestrator.scenario.changes import parse_fail_if

    try:
        return parse_fail_if(text)
    except ValueError as exc:
        raise UsageError(f"--fail-if {text!r}: {exc}") from exc


def _allowed(texts: Sequence[str]) -> frozenset[str]:
    from orchestrator.scenario.suggestions import did_you_mean, listed

    words = [word.strip() for text in texts for word in text.split(",")]
    for word in words:
        if word not in (*ALLOWED, "all"):
            hint = did_you_mean(word, ALLOWED)
            raise UsageError(f"--allow has no {word!r}{hint}: {listed((*ALLOWED, 'all'))}")
    return frozenset(ALLOWED if "all" in words else words)


def _least(text: str) -> float:
    try:
        least = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        least = -1.0
    if not 0 <= least < 1:
        raise UsageError(f"--least {text!r} is not a percentage: write for example 3%")
    return least


def _print(comparison: "Comparison", *, as_json: bool, everything: bool, quiet: bool) -> None:
    from orchestrator.report.comparison import comparison_document, print_comparison

    if as_json:
        click.echo(json.dumps(comparison_document(comparison), indent=2))
    elif not quiet:
        print_comparison(comparison, sys.stdout, everything=everything)


def _write(
    comparison: "Comparison",
    sides: tuple["MeasuredSide", "MeasuredSide"],
    md: Path | None,
    html: Path | None,
) -> None:
    from orchestrator.report.atomic import atomic_write_text
    from orchestrator.report.markdown_comparison import comparison_markdown

    try:
        if md == STDOUT:
            click.echo(comparison_markdown(comparison), nl=False)
        elif md is not None:
            atomic_write_text(md, comparison_markdown(comparison))
            append_step_summary(md)
        if html is not None:
            from orchestrator.report.html.compared import compared_page

            atomic_write_text(html, compared_page(comparison, *(side.files for side in sides)))
    except OSError as exc:
        raise UsageError(f"{exc.filename or md or html} cannot be written: {exc.strerror}") from exc
