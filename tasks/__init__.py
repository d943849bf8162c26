"""The tutorial's Celery tasks, made right, and the small tasks that canvases need.

Every app here is an ordinary Celery app: nothing in this package knows of the orchestrator.
Importing any module of the package registers its serializer (``tasks.serializer``), so that a
worker and a client that load one of the apps can both read what the other sends.
"""

from tasks.serializer import register_numjson

register_numjson()
