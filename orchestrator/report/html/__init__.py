"""The HTML report: one file, made from what is stored in a run directory, that asks nobody for
anything."""
