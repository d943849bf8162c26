"""The command line: argv -> exit code. The only stage that prints, and the only one that exits.

Importing this costs click and nothing else: each command imports what it needs when it is called.
"""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from orchestrator import __version__
from orchestrator.cli.error_report import report_error
from orchestrator.errors import ExitCode

COMMANDS: Mapping[str, str] = {
    "run": "Run scenarios and give a verdict.",
    "sweep": "Run every combination of some values, and compare.",
    "capacity": "Find the highest arrival rate that holds its objectives.",
    "check": "Validate scenarios and print the plan; start nothing.",
    "schema": "Print the JSON Schema of the scenario file.",
    "report": "Render the report of a run again from what is stored of it.",
    "compare": "Say what differs between runs, and whether it is more than noise.",
    "call": "Send one task, await and print its result.",
    "worker": "Run one worker pool in the foreground.",
    "broker": "Run the embedded broker in the foreground.",
}


class LazyGroup(click.Group):
    """Finds a command's module by its name, and imports it only to run it or to show its own
    help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"orchestrator.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            close = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {close[0]}?" if close else f" Commands: {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExamples:\n"
    "  python -m orchestrator run scenarios/mixed.yaml\n"
    "  python -m orchestrator run my.yaml --set workloads.sums.rate=50/s --json\n"
    "  python -m orchestrator check scenarios/*.yaml\n"
    "  python -m orchestrator call add 4 6\n\n"
    "\b\nExit codes: 0 passed, 1 a threshold failed, 2 usage or scenario invalid,\n"
    "3 environment not ready, 4 a bug of ours, 5 verification failed, 130/143 a signal.",
)
@click.version_option(__version__, prog_name="celery-orchestrator")
def cli() -> None:
    """The load, correctness and fault laboratory for Celery.

    A scenario file says which worker pools to start, what to send and what must hold; `run` starts
    a private broker and real workers, checks every result, and says with its exit code whether it
    held."""


def main(argv: Sequence[str] | None = None) -> None:
    """The process's entry: runs the command and exits with one of `ExitCode`."""
    sys.exit(run_command(sys.argv[1:] if argv is None else argv))


def run_command(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors go to stderr, one clear line each."""
    try:
        code: Any = cli.main(list(argv), prog_name="celery-orchestrator", standalone_mode=False)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.ClickException as exc:
        exc.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; what is left to write has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INTERRUPTED
    except BaseException as exc:
        return report_error(exc)
    return int(code or 0)
