"""Text that XML 1.0 can hold. Most control characters are forbidden in it, even when escaped."""

import re

from orchestrator.judge.wording import clip

LINE_LIMIT = 1000
_FORBIDDEN = re.compile("[^\t\n\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """``text``, lines and all, with what XML forbids spelled out (``\\x00``)."""
    return _FORBIDDEN.sub(_spelled, text.replace("\r\n", "\n"))


def xml_line(text: str, limit: int = LINE_LIMIT) -> str:
    """``text`` on one line of at most ``limit`` characters, for an attribute."""
    return xml_text(clip(text, limit))


def _spelled(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
