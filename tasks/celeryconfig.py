"""Celery settings that all apps of this package share; see the tutorial's file of the same name."""

import os

from tasks.serializer import NAME

broker_url = os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/0")
# The tutorial uses rpc://. It cannot join a chord and keeps no result for a second reader, so where
# the broker is a Redis the results live there too.
result_backend = os.environ.get("CELERY_RESULT_BACKEND") or (
    broker_url if broker_url.startswith(("redis", "sentinel")) else "rpc://"
)
# Results that go as messages (rpc://) outlive a restart of the broker.
result_persistent = True
# By default every greenlet opens a result backend, and so a connection, of its own for each task:
# one for all of them lets gevent and eventlet workers run three times as many tasks per second.
result_backend_thread_safe = True
broker_connection_retry_on_startup = True

task_serializer = NAME
result_serializer = NAME
accept_content = [NAME, "json"]
result_accept_content = [NAME, "json"]

task_routes = {
    "add_module.tasks.add": {"queue": "add"},
    "factorial_module.tasks.factorial": {"queue": "factorial"},
    "mat_mul_module.tasks.mat_mul": {"queue": "mat_mul"},
    "canvas_module.tasks.sum": {"queue": "add"},
    "canvas_module.tasks.identity": {"queue": "add"},
    "canvas_module.tasks.sleep": {"queue": "add"},
    "canvas_module.tasks.fail": {"queue": "add"},
    "canvas_module.tasks.flaky": {"queue": "add"},
    "canvas_module.tasks.digits": {"queue": "factorial"},
    "canvas_module.tasks.trace": {"queue": "mat_mul"},
}
