import signal
import subprocess
import sys
from pathlib import Path

from orchestrator.environment import guardian_main
from orchestrator.environment.guardian_main import end_groups, signal_groups, watch

STUBBORN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(60)"
)


def process_in_a_group(code: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code],
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_the_lines_say_what_is_left() -> None:
    lines = [b"d/tmp/orc-a b\n", b"+11\n", b"+12\n", b"-11\n", b"-99\n", b"+13\n"]
    assert watch(lines) == ({12, 13}, ["/tmp/orc-a b"])


def test_a_line_cut_short_by_our_death_is_still_read() -> None:
    assert watch([b"+11\n", b"+12"]) == ({11, 12}, [])


def test_a_group_that_does_not_exist_is_not_alive() -> None:
    with process_in_a_group("print('ready')") as ended:
        ended.wait()
        assert signal_groups([ended.pid], 0) == set()


def test_a_group_that_ignores_sigterm_is_killed() -> None:
    with process_in_a_group(STUBBORN) as stubborn:
        end_groups({stubborn.pid}, grace_s=0.05)
        assert stubborn.wait(10) == -signal.SIGKILL


def test_the_whole_process_cleans_up_when_its_input_ends(tmp_path: Path) -> None:
    directory = tmp_path / "private"
    directory.mkdir()
    (directory / "file").touch()
    code = "import time; print('ready', flush=True); time.sleep(60)"
    with process_in_a_group(code) as victim, process_in_a_group(code) as spared:
        guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", guardian_main.__file__], stdin=subprocess.PIPE
        )
        with guardian:
            lines = f"d{directory}\n+{victim.pid}\n+{spared.pid}\n-{spared.pid}\n"
            guardian.communicate(lines.encode(), timeout=20)
        assert guardian.returncode == 0
        assert victim.wait(10) == -signal.SIGTERM
        assert spared.poll() is None
        spared.kill()
    assert not directory.exists()


def test_signals_meant_for_us_do_not_end_it() -> None:
    folder = str(Path(guardian_main.__file__).parent)
    code = (
        f"import sys; sys.path.insert(0, {folder!r}); import guardian_main\n"
        "def watch(lines):\n"
        "    print('ready', flush=True)\n"
        "    return {0 for line in lines if False}, []\n"
        "guardian_main.watch = watch\n"
        "guardian_main.main()\n"
    )
    with process_in_a_group(code) as guardian:
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            guardian.send_signal(signum)
        assert guardian.stdin is not None
        guardian.stdin.close()
        assert guardian.wait(20) == 0
