"""The names of the environment variables that pass from us to our workers.

Nothing is imported here: `worker_main` and the probe read these before the standard library is
patched.
"""

SETTINGS = "ORCHESTRATOR_SETTINGS"
"""JSON: the target's Celery settings, applied by `worker_main`."""

PARENT = "ORCHESTRATOR_PARENT"
"""The process id with which the worker ends; read by `worker_main`."""

PROBE = "ORCHESTRATOR_PROBE"
"""The path of the unix socket to which the probe in the worker writes; without it there is no
probe.
"""

POOL = "ORCHESTRATOR_POOL"
"""The process name (`add`, or `add.2` where a pool has several) with which the probe says hello."""

BRIEF = "ORCHESTRATOR_BRIEF"
"""Set: a warning takes one line; read by `worker_main`."""
