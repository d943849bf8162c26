"""Observe: what happened to each task, and what the workers and the broker did meanwhile."""
