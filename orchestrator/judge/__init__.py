"""Outcomes -> verdicts -> judgement. Pure: no I/O, no clock, no Celery."""
