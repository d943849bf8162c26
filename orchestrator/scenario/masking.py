"""Secrets never leave the loader in a message or in the scenario as run."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"

# Up to the last `@` of the authority: a password may hold an `@` that should have been encoded.
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^:/?#@\s]*):[^\s/]*@|(://[^:/?#@\s]*):[^\s]*@")
_QUERY_SECRET = re.compile(r"([?&][^=&#\s]*(?:pass|secret|token)[^=&#\s]*=)[^&#\s]*", re.IGNORECASE)
_SECRET_KEY = re.compile(r"passw|secret|token|credential|api_?key|private_?key", re.IGNORECASE)


def mask_text(text: str) -> str:
    """`text` with the passwords of all URLs in it replaced by `***`."""
    if "://" not in text:
        return text
    masked = _USERINFO.sub(lambda match: f"{match[1] or match[2]}:{HIDDEN}@", text)
    return _QUERY_SECRET.sub(rf"\1{HIDDEN}", masked)


def masked(value: Any) -> Any:
    """Plain data with every URL password masked, and every value whose key names a secret."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, list | tuple):
        return [masked(member) for member in value]
    if isinstance(value, Mapping):
        return {key: _masked_entry(key, member) for key, member in value.items()}
    return value


def _masked_entry(key: str, value: Any) -> Any:
    if isinstance(value, str) and value and _SECRET_KEY.search(key):
        return HIDDEN
    return masked(value)
