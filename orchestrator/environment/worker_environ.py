"""The environment variables of a worker: where its broker is, what is set, who watches it."""

import json
import os
from collections.abc import Mapping

from orchestrator.environment import variables
from orchestrator.records import BrokerInfo, TargetPlan

# Celery takes each of these before what the app configures (celery/app/utils.py, Settings). The
# read and write addresses would win over CELERY_BROKER_URL.
_BROKER_VARIABLES = ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL")


_BRIEF_LOG = {
    "worker_log_format": "%(levelname)s %(message)s",
    "worker_task_log_format": "%(levelname)s %(task_name)s[%(task_id)s]: %(message)s",
}


def worker_environ(
    target: TargetPlan, broker: BrokerInfo, *, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """`base` and what makes the target win over the app: its addresses and settings.

    With `broker: app` the app's own broker addresses stand as they are.
    """
    environ = {**base, "PYTHONUNBUFFERED": "1", variables.PARENT: str(os.getpid())}
    if target.broker == "app":
        environ["CELERY_RESULT_BACKEND"] = broker.results_url
    else:
        environ |= target_environ(broker.url, broker.results_url)
    environ[variables.SETTINGS] = json.dumps(dict(target.settings))
    return environ


def target_environ(broker_url: str, results_url: str) -> dict[str, str]:
    """What makes Celery take these addresses before those that the app configures."""
    return {**dict.fromkeys(_BROKER_VARIABLES, broker_url), "CELERY_RESULT_BACKEND": results_url}


def brief_environ() -> dict[str, str]:
    """What makes a worker's log brief: no times (whoever shows it has one), warnings of one
    line."""
    return {variables.SETTINGS: json.dumps(_BRIEF_LOG), variables.BRIEF: "1"}
