"""``broker``: the embedded broker in the foreground."""

import os
import signal

import anyio
import click

from orchestrator.errors import UsageError


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

    Prints the server's address on stdout once it answers. Nothing is persisted.
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
            async for _ in signals:
                tasks.cancel_scope.cancel()
                break
