"""In processes of their own, because the module changes the one that it runs in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.environment import worker_main

APP = """
from celery import Celery
app = Celery("mine")
{before}
@app.task
def plain(): pass

@app.task(acks_late=False, time_limit=5)
def decided(): pass

plain.touched = True  # binds it, which reads the configuration
{after}
"""

REPORT = """
import json, sys
from orchestrator.environment.worker_main import overrule_settings
overrule_settings("mine", {"task_acks_late": True, "task_time_limit": 9, "timezone": "Asia/Tokyo"})
import mine
names = ("task_acks_late", "task_time_limit", "timezone")
print(json.dumps({
    "conf": [mine.app.conf[name] for name in names],
    "plain": [mine.plain.acks_late, mine.plain.time_limit],
    "decided": [mine.decided.acks_late, mine.decided.time_limit],
}))
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("app.conf.task_acks_late = False; app.conf.timezone = 'UTC'", ""),
        ("app.conf.update(task_acks_late=False); app.conf.timezone", ""),
        ("app.config_from_object({'task_acks_late': False, 'timezone': 'UTC'})", ""),
        ("", "app.conf.update(task_acks_late=False, timezone='UTC')"),
    ],
)
def test_the_target_wins_however_the_app_is_configured(
    tmp_path: Path, before: str, after: str
) -> None:
    """Also for a task that was bound while the app's module was being imported; but what a task's
    own decorator says is no setting, and stays.
    """
    (tmp_path / "mine.py").write_text(APP.format(before=before, after=after))
    answer = subprocess.run(
        [sys.executable, "-c", REPORT], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(answer.stdout) == {
        "conf": [True, 9, "Asia/Tokyo"],
        "plain": [True, 9],
        "decided": [False, 5],
    }


@pytest.mark.parametrize("pool", ["gevent", "eventlet"])
def test_nothing_is_imported_that_should_have_been_patched_first(pool: str) -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import orchestrator.environment.worker_main\n"
        "early = {'socket', 'ssl', 'threading', 'select', 'subprocess', 'queue', 'logging'}\n"
        "assert not early & (set(sys.modules) - before), early & set(sys.modules)\n"
        "assert not [m for m in sys.modules if m.startswith(('kombu', 'billiard', 'celery.app'))]\n"
    )
    subprocess.run([sys.executable, "-c", code, "-P", pool], check=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
def test_a_worker_whose_parent_is_already_gone_does_not_start() -> None:
    code = (
        "from orchestrator.environment.worker_main import end_with_parent\n"
        "end_with_parent('1'); print('started')"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stderr.strip() == "the orchestrator is gone"
    assert answer.stdout == ""


def test_a_worker_with_its_parent_alive_or_not_named_starts() -> None:
    code = (
        "from orchestrator.environment.worker_main import end_with_parent\n"
        f"end_with_parent('{os.getpid()}'); end_with_parent(None); print('started')"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout == "started\n"


def test_it_is_celerys_own_command_line() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", worker_main.__name__, "--version"], capture_output=True, text=True
    )
    from celery import VERSION_BANNER

    assert answer.stdout.strip() == VERSION_BANNER


def test_a_brief_warning_is_one_line() -> None:
    code = (
        "import sys, warnings; from orchestrator.environment.worker_main import one_line\n"
        "warnings.formatwarning = one_line\n"
        "warnings.warn('\\nSomething is old:\\n  replace it.\\n\\nSee there.', FutureWarning)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stderr == "FutureWarning: Something is old: replace it.\n"


def test_a_brief_log_has_each_task_once() -> None:
    """By its end. `celery.worker.strategy` looks at its level for each message that it writes."""
    code = (
        "from orchestrator.environment.worker_main import leave_out_received\n"
        "leave_out_received()\n"
        "from celery.worker import strategy\n"
        "print(strategy.logger.isEnabledFor(20), strategy.logger.isEnabledFor(30))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout == "False True\n"
