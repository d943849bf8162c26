"""How fast the client is, against stock Celery and against the limit: `make bench`."""
