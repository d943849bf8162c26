"""Addresses without their secrets. Every message, log line and report shows these only.

Where an address is ambiguous (an `@` or `?` that should have been percent-encoded) too much is
hidden rather than too little.
"""

import re

HIDDEN = "***"

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
# A sentinel list is `sentinel://:secret@a:26379;sentinel://:secret@b:26379`; a `;` inside a
# password is not followed by a scheme.
_NEXT_OF_LIST = re.compile(rf";(?={_SCHEME})")
_USERINFO = re.compile(rf"^({_SCHEME}[^:/?#@]*):.*@", re.DOTALL)
_QUERY_SECRET = re.compile(
    r"([?&][^=&#]*(?:pass|password|passwd|secret|token)=)[^&#]*", re.IGNORECASE
)
_ADDRESS = re.compile(rf"{_SCHEME}[^\s'\"<>]+")


def mask_url(url: str) -> str:
    """`url` (or a `;`-separated list of them) with every password in it replaced by `***`."""
    return ";".join(_mask_one(part) for part in _NEXT_OF_LIST.split(url))


def mask_text(text: str) -> str:
    """`text` with the passwords of all addresses in it masked; for log lines of others."""
    return _ADDRESS.sub(lambda match: mask_url(match[0]), text)


def _mask_one(url: str) -> str:
    return _QUERY_SECRET.sub(rf"\1{HIDDEN}", _USERINFO.sub(rf"\1:{HIDDEN}@", url))
