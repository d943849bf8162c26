"""Any value as JSON that every reader can take, and that can be told from what it stands for.

What JSON has no exact form for becomes a mapping with one telling key:

- an integer beyond 2**53: ``{"int": "<decimal>"}``; beyond 4300 digits, which CPython refuses to
write in decimal, ``{"int": "0x<hexadecimal>"}``. Python reads both with ``int(text, 0)``. - NaN and
the infinities: ``{"float": "nan"}``, ``"inf"``, ``"-inf"``. - an array: ``{"array": <nested lists>,
"dtype": .., "shape": ..}``; one of more than 10,000 elements is ``{"digest": <SHA-256>, "dtype":
.., "shape": ..}``. - bytes: ``{"bytes": "<base64>"}``. Dates, UUIDs and decimals are their text;
anything else ``{"repr": ".."}``.
"""

import base64
import datetime
import decimal
import math
import sys
import uuid
from collections.abc import Mapping
from typing import Any

from orchestrator.judge.canonical import digest
from orchestrator.judge.wording import brief, digit_count

EXACT_IN_JSON = 2**53
DECIMAL_DIGITS = 4300
ARRAY_CAP = 10_000
_TEXT = (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)


def json_safe(value: Any) -> Any:
    """``value`` as dicts with text keys, lists, text, numbers, booleans and None."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return _integer(int(value))
    if isinstance(value, float):
        number = float(value)
        return number if math.isfinite(number) else {"float": str(number)}
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(item) for item in value]
    return _other(value)


def _integer(value: int) -> Any:
    if abs(value) <= EXACT_IN_JSON:
        return value
    return {"int": str(value) if digit_count(value) <= DECIMAL_DIGITS else hex(value)}


def _other(value: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return _array(value)
    if numpy is not None and isinstance(value, numpy.generic):
        return json_safe(value.item())
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, _TEXT):
        return str(value)
    return {"repr": brief(value)}


def _array(array: Any) -> dict[str, Any]:
    about = {"dtype": str(array.dtype), "shape": list(array.shape)}
    if array.size > ARRAY_CAP:
        return {"digest": digest(array), **about}
    return {"array": json_safe(array.tolist()), **about}
