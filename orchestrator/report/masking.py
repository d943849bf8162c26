"""A scenario without its secrets: what reports may show of it."""

import re
from collections.abc import Mapping
from typing import Any

from orchestrator.environment.masking import HIDDEN, mask_text

SECRET_WORDS = frozenset(
    {
        "password", "passwd", "passphrase", "pwd", "pass", "secret", "secrets", "token", "tokens",
        "credential", "credentials", "apikey", "authkey", "accesskey",
    }
)  # fmt: skip
"""Words that make a key's value a secret wherever it stands."""
SETTINGS = frozenset({"env", "settings"})
"""Below these keys `key` is such a word too: AWS_ACCESS_KEY_ID, security_key."""
NOT_SECRET = frozenset({"task_default_routing_key", "routing_key"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def masked(value: Any) -> Any:
    """``value`` as plain lists, dicts and scalars, in which the passwords of addresses and the
    values of keys that are named like secrets are replaced by ``***``."""
    return _masked(value, in_settings=False)


def _masked(value: Any, *, in_settings: bool) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {
            key: HIDDEN
            if _hides(str(key), item, in_settings=in_settings)
            else _masked(item, in_settings=in_settings or key in SETTINGS)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(item, in_settings=in_settings) for item in value]
    return value


def _hides(key: str, value: Any, *, in_settings: bool) -> bool:
    """Whether ``key`` names a secret; empty values and switches (true, false) hide nothing."""
    if value is None or isinstance(value, bool) or value == "" or key in NOT_SECRET:
        return False
    words = {word.lower() for word in _WORDS.findall(key)}
    return bool(words & SECRET_WORDS) or (in_settings and "key" in words)
