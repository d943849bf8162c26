"""The scenario stage: a YAML file -> a checked Plan, and the canvases of its iterations.

Pure: it reads the files that it is given and does nothing else.
"""

from orchestrator.scenario.drawing import Drawer, draw
from orchestrator.scenario.json_schema import json_schema
from orchestrator.scenario.loader import Variant, load, load_variants, load_with_marks
from orchestrator.scenario.plan import threshold_of
from orchestrator.scenario.tree import Marks
from orchestrator.scenario.walk import calls, has_chord, task_names

__all__ = [
    "Drawer",
    "Marks",
    "Variant",
    "calls",
    "draw",
    "has_chord",
    "json_schema",
    "load",
    "load_variants",
    "load_with_marks",
    "task_names",
    "threshold_of",
]
