import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import psutil
import pytest

from orchestrator.environment.child import Child, start_child
from orchestrator.environment.guardian import Guardian, open_guardian
from orchestrator.errors import EnvironmentNotReady

SLEEP = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEP
VERY_STUBBORN = "import signal; signal.signal(signal.SIGQUIT, signal.SIG_IGN);" + STUBBORN
SLEEPER = "import time; time.sleep(60)"
WITH_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]);"


@asynccontextmanager
async def child_of(code: str, folder: Path) -> AsyncIterator[Child]:
    async with open_guardian() as guardian:
        child = await start(code, folder, guardian)
        try:
            yield child
        finally:
            await child.stop(warm_s=0.0)


async def start(code: str, folder: Path, guardian: Guardian) -> Child:
    return await start_child(
        [sys.executable, "-c", code],
        name="child",
        log_path=folder / "child.log",
        guardian=guardian,
        env={**os.environ, "GREETING": "hello"},
        cwd=folder,
    )


async def ready(child: Child) -> None:
    with anyio.fail_after(20):
        while "ready" not in child.log_tail():  # noqa: ASYNC110
            await anyio.sleep(0.01)


async def test_output_and_exit_code_are_kept(tmp_path: Path) -> None:
    code = (
        "import os, sys; print(os.environ['GREETING'], os.getcwd(), repr(sys.stdin.read()));"
        "print('redis://:secret@h/0', file=sys.stderr); sys.exit(7)"
    )
    async with child_of(code, tmp_path) as child:
        assert await child.wait() == 7
        assert child.exit_code == 7
        assert sorted(child.log_tail()) == [f"hello {tmp_path} ''", "redis://:***@h/0"]
        assert child.log_tail(1) == (child.log_tail()[-1],)


async def test_it_leads_a_session_of_its_own(tmp_path: Path) -> None:
    async with child_of(SLEEP, tmp_path) as child:
        await ready(child)
        assert os.getpgid(child.pid) == os.getsid(child.pid) == child.pid
        assert child.exit_code is None


@pytest.mark.parametrize(
    ("code", "signum"),
    [(SLEEP, signal.SIGTERM), (STUBBORN, signal.SIGQUIT), (VERY_STUBBORN, signal.SIGKILL)],
)
async def test_stopping_goes_from_warm_to_cold_to_the_end(
    tmp_path: Path, code: str, signum: signal.Signals
) -> None:
    async with child_of(code, tmp_path) as child:
        await ready(child)
        warm_s = 10.0 if signum is signal.SIGTERM else 0.1
        cold_s = 10.0 if signum is signal.SIGQUIT else 0.1
        assert await child.stop(warm_s=warm_s, cold_s=cold_s) == -signum
        assert child.stopping
        assert await child.stop(warm_s=10.0) == -signum  # a second time does no harm


@pytest.mark.parametrize("ended", [True, False])
async def test_the_whole_group_is_gone(tmp_path: Path, ended: bool) -> None:
    code = WITH_CHILD + ("print('ready', flush=True)" if ended else SLEEP)
    async with child_of(code, tmp_path) as child:
        await ready(child)
        if ended:
            await child.wait()
        members = [p for p in psutil.process_iter() if _group_of(p) == child.pid]
        assert len(members) == (1 if ended else 2)
        await child.stop(warm_s=0.1)
        assert not [p for p in members if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


async def test_stopping_cannot_be_cancelled(tmp_path: Path) -> None:
    async with child_of(SLEEP, tmp_path) as child:
        await ready(child)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await child.stop(warm_s=10.0)
        assert child.exit_code == -signal.SIGTERM


async def test_without_a_guardian_nothing_runs(tmp_path: Path) -> None:
    async with open_guardian() as guardian:
        psutil.Process(guardian.pid).kill()
        psutil.Process(guardian.pid).wait(10)
        with pytest.raises(EnvironmentNotReady, match="guardian"):
            await start("open('ran', 'w')", tmp_path, guardian)
    assert not os.path.exists(tmp_path / "ran")  # noqa: ASYNC240


async def test_a_child_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    async with open_guardian() as guardian:
        with pytest.raises(EnvironmentNotReady, match="child could not be started"):
            await start(SLEEP, tmp_path / "missing", guardian)


async def test_no_log_is_an_empty_tail(tmp_path: Path) -> None:
    async with child_of("pass", tmp_path) as child:
        await child.wait()
        child.log_path.unlink()
        assert child.log_tail() == ()


def _group_of(process: psutil.Process) -> int:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return -1
