"""What one YAML scalar means: environment variables, then the type.

Types are those of YAML 1.2's core schema, in decimal only: `no`, `on`, `010`, `10:30` and dates
are the strings that they look like, where YAML 1.1 makes booleans, octal and sexagesimal numbers
of them.
"""

import math
import re
from collections.abc import Mapping

MAX_TEXT = 1_000_000
"""Characters that one scalar may have after its variables were filled in."""

_MAX_DIGITS = 4_000  # CPython's own limit is 4,300
_DOLLAR = re.compile(r"\$(?:(\$)|\{([^}]*)(\})?)")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:-(.*))?", re.DOTALL)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TAG = "tag:yaml.org,2002:"

Value = str | int | float | bool | None


def substitute(text: str, environ: Mapping[str, str]) -> str:
    """Fill in `${VAR}` and `${VAR:-default}` (which is for unset and empty ones, as in a shell);
    `$$` is a dollar, and any other dollar is itself. ValueError for a variable that is not set."""
    if "$" not in text:
        return text
    parts: list[str] = []
    length = end = 0
    for match in _DOLLAR.finditer(text):
        parts += text[end : match.start()], _variable(match, environ)
        end = match.end()
        length += len(parts[-1]) + len(parts[-2])
        if length > MAX_TEXT:
            raise ValueError(
                f"the text is too long with its variables filled in: at most {MAX_TEXT}"
            )
    return "".join([*parts, text[end:]])


def _variable(match: re.Match[str], environ: Mapping[str, str]) -> str:
    if match[1]:
        return "$"
    if not match[3]:
        raise ValueError(
            "${ without its }: write ${NAME}, ${NAME:-default}, or $${ for the text itself"
        )
    inside = _VARIABLE.fullmatch(match[2])
    if inside is None:
        raise ValueError(
            f"${{{match[2][:60]}}} is not a variable: write ${{NAME}}, ${{NAME:-default}}, "
            "or $${ for the text itself"
        )
    name, with_default, default = inside[1], inside[2], inside[3]
    value = environ.get(name)
    if with_default and not value:
        return default
    if value is None:
        raise ValueError(
            f"the environment variable {name} is not set: set it, or write ${{{name}:-default}}"
        )
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"the environment variable {name} is not valid UTF-8")
    return value


def resolve(text: str) -> Value:
    """The value of a plain (unquoted) scalar. ValueError for a number that is not finite or too
    long."""
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] not in "+-.0123456789":
        return text
    if _INT.fullmatch(text):
        return _whole(text)
    if _FLOAT.fullmatch(text):
        return _finite(text)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number (quote it if the text is meant)")
    return text


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits is too long: at most {_MAX_DIGITS}")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:60]} is too large for a float")
    return number


def tagged(text: str, tag: str) -> Value:
    """The value of a scalar with an explicit tag: `!!str`, `!!int`, `!!float`, `!!bool` or
    `!!null`."""
    kind = tag.removeprefix(_TAG)
    if kind in ("!", "str"):
        return text
    if kind not in ("int", "float", "bool", "null"):
        raise ValueError(unknown_tag(tag))
    value = resolve(text)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = _finite(text)
    fits = {"int": int, "float": float, "bool": bool, "null": type(None)}[kind]
    if type(value) is not fits:
        raise ValueError(f"{text[:60]!r} is not of the type !!{kind}")
    return value


def unknown_tag(tag: str) -> str:
    """The message for a tag that we do not know."""
    name = tag.replace(_TAG, "!!")[:60]
    return f"the tag {name} is not known: a scenario knows !!str, !!int, !!float, !!bool and !!null"
