"""The ``numjson`` serializer: JSON that carries whole numbers of any size and numpy arrays exactly.

Plain JSON fails on both: CPython refuses to print integers of more than 4,300 digits, and Celery's
encoder knows no arrays. Here an integer beyond 64 bits travels in hexadecimal, which takes time
linear in its length and has no limit; an array travels as its raw little-endian buffer with dtype
and shape; NaN and the infinities are tagged, so that the text is always valid JSON. Everything else
is what kombu's own JSON makes of it (datetime, UUID, Decimal, bytes, ``__json__``, registered
types; tuples become lists, keys become strings), and kombu's JSON can be read as well. No pickle:
decoding builds numbers, arrays and kombu's types, and runs no code that the message names.

A tag is kombu's: ``{"__type__": name, "__value__": value}``. A user's mapping that looks like one
is wrapped in a tag of ours, and so comes back as it was.
"""

import base64
import json
import math
from typing import Any

import numpy as np
import orjson
from kombu.serialization import registry
from kombu.utils import json as kombu_json

NAME = "numjson"
CONTENT_TYPE = "application/x-numjson+json"

# bool, signed, unsigned, float, complex, timedelta, datetime, bytes, text: fixed-size raw values.
_KINDS = frozenset("biufcmMSU")
# A longdouble has another layout on another machine.
_WIDEST = {"f": 8, "c": 16}
_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1
_TYPE, _VALUE = "__type__", "__value__"


def dumps(value: Any) -> bytes:
    """Return ``value`` as UTF-8 JSON text.

    Raises TypeError for what it cannot carry: objects; object, structured and masked arrays.
    """
    lowered = _lower(value)
    try:
        return orjson.dumps(lowered)
    except TypeError:
        # Keys that are not text, lone surrogates, nesting beyond orjson's limit: json's ways with
        # them.
        return json.dumps(lowered, separators=(",", ":")).encode()


def loads(text: str | bytes | bytearray | memoryview) -> Any:
    """Return what ``dumps`` (or kombu's JSON) was given. Raises ValueError for other text."""
    # json, not orjson: orjson reads a decimal integer beyond 64 bits, which kombu writes, as a
    # float.
    return _decoder.decode(text if isinstance(text, str) else str(text, "utf-8"))


def register_numjson() -> None:
    """Make ``numjson`` known to kombu in this process; a second call changes nothing."""
    registry.register(  # type: ignore[no-untyped-call]
        NAME, dumps, loads, content_type=CONTENT_TYPE, content_encoding="utf-8"
    )


# ---- encoding ---------------------------------------------------------------------------------


def _lower(value: Any) -> Any:
    """Return ``value`` in JSON's own terms. Exact types first: this runs for every message."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is int:
        return value if _INT64_MIN <= value <= _INT64_MAX else _tag("numjson.int", hex(value))
    if kind is list or kind is tuple:
        return [_lower(item) for item in value]
    if kind is dict:
        return _lower_mapping(value)
    if kind is float:
        return value if math.isfinite(value) else _tag("numjson.float", repr(value))
    return _lower_other(value)


def _lower_mapping(mapping: dict[Any, Any]) -> dict[Any, Any]:
    lowered = {key: _lower(item) for key, item in mapping.items()}
    if _is_tag(lowered):
        return _tag("numjson.dict", list(lowered.items()))
    return lowered


def _lower_other(value: Any) -> Any:
    """Numpy's values, subclasses of the plain types (a Signature is a dict), and kombu's types."""
    if isinstance(value, np.generic):
        return _tag("numjson.scalar", _describe(np.asarray(value)))
    if isinstance(value, np.ndarray):
        return _tag("numjson.array", _describe(value))
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _lower(int.__int__(value))
    if isinstance(value, float):
        return _lower(float.__float__(value))
    if isinstance(value, (list, tuple)):
        return [_lower(item) for item in value]
    if isinstance(value, dict):
        return _lower_mapping(value)
    reduced = kombu_json.JSONEncoder().default(value)  # type: ignore[no-untyped-call]
    if isinstance(reduced, dict) and _is_tag(reduced):
        return _tag(reduced[_TYPE], _lower(reduced[_VALUE]))
    return _lower(reduced)


def _describe(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return dtype (with the byte order to restore), shape and the little-endian buffer."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            "a masked array cannot be sent: its mask would be lost; send .filled() or .data"
        )
    _check_dtype(array.dtype)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "data": base64.b64encode(little.tobytes()).decode("ascii"),
    }


def _check_dtype(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in _KINDS or dtype.itemsize > _WIDEST.get(dtype.kind, dtype.itemsize):
        raise TypeError(
            f"an array of dtype {dtype} cannot be sent: object, structured and extended-precision "
            "arrays are refused; use plain numbers, times or fixed-width text"
        )


def _tag(name: str, value: Any) -> dict[str, Any]:
    return {_TYPE: name, _VALUE: value}


def _is_tag(mapping: dict[Any, Any]) -> bool:
    return len(mapping) == 2 and _TYPE in mapping and _VALUE in mapping


# ---- decoding ---------------------------------------------------------------------------------


def _revive(mapping: dict[str, Any]) -> Any:
    if not _is_tag(mapping):
        return mapping
    value = mapping[_VALUE]
    match mapping[_TYPE]:
        case "numjson.int":
            return int(value, 16)
        case "numjson.float":
            return float(value)
        case "numjson.array":
            return _restore(value)
        case "numjson.scalar":
            return _restore(value)[()]
        case "numjson.dict":
            return dict(value)
    return kombu_json.object_hook(mapping)


def _restore(described: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return the array, in memory of its own and writable."""
    dtype = np.dtype(described["dtype"])
    _check_dtype(dtype)
    data = base64.b64decode(described["data"], validate=True)
    shape = tuple(described["shape"])
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"an array of dtype {dtype} and shape {shape} does not fit {len(data)} bytes"
        )
    little: np.ndarray[Any, Any] = np.ndarray(shape, dtype.newbyteorder("<"), buffer=data)
    return little.astype(dtype)


_decoder = json.JSONDecoder(object_hook=_revive)
