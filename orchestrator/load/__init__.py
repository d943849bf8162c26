"""Load: a Plan becomes submissions, each at its intended time."""

from orchestrator.load.canvas import BuiltCanvas, CanvasBuilder
from orchestrator.load.driver import Driver, Recorder

__all__ = ["BuiltCanvas", "CanvasBuilder", "Driver", "Recorder"]
