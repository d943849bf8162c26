"""``broker``: the embedded broker in the foreground."""

import os
import signal
from collections.abc import AsyncIterator

import anyio
import click

from orchestrator.errors import UsageError

LINGER_S = 8.0
"""How long a stopped broker waits for its clients to leave."""


@click.command("broker", epilog="\b\nExample:\n  python -m orchestrator broker --port 6390")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The port on 127.0.0.1.  [default: a free one]"
)
@click.option(
    "--password-env",
    metavar="NAME",
    help="The environment variable that holds the password.  [default: none, loopback only]",
)
def command(port: int | None, password_env: str | None) -> None:
    """Run the embedded broker in the foreground, on loopback, until a signal ends it.

    Prints the server's address on stdout once it answers. Nothing is persisted. A signal ends it as
    soon as its clients have left, a second one at once.
    """
    password = None
    if password_env is not None and not (password := os.environ.get(password_env)):
        raise UsageError(f"the environment variable {password_env} is not set")
    anyio.run(_serve, port, password)


async def _serve(port: int | None, password: str | None) -> None:
    from orchestrator.environment.guardian import open_guardian
    from orchestrator.environment.masking import mask_url
    from orchestrator.environment.redis_server import open_redis

    async with (
        open_guardian() as guardian,
        open_redis(
            guardian, log_path=guardian.directory / "broker.log", port=port, password=password
        ) as server,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(server.supervise)
        click.echo(f"{server.info.kind} {server.info.version} on {mask_url(server.info.url)}")
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            await anext(signals)
            await _outlast_clients(server.info.url, signals)
        tasks.cancel_scope.cancel()


async def _outlast_clients(url: str, signals: AsyncIterator[signal.Signals]) -> None:
    """Let workers that were told to end at the same moment do so in peace; a second signal ends the
    wait."""
    from orchestrator.environment.redis_clients import deserted

    async def stop_on_signal() -> None:
        await anext(signals)
        scope.cancel()

    with anyio.move_on_after(LINGER_S) as scope:
        async with anyio.create_task_group() as waiting:
            waiting.start_soon(stop_on_signal)
            await deserted(url)
            waiting.cancel_scope.cancel()
