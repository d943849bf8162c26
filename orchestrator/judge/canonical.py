"""One byte string for each value, the same in every process and run: what digests are made of.

A tuple is a list and the order of a dict's keys does not count, as in JSON. Integers may have any
size: they never go through their decimal form.
"""

import dataclasses
import math
import struct
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any


def digest(value: object) -> str:
    """The SHA-256 of ``value``'s canonical form, in hexadecimal."""
    return sha256(encode(value)).hexdigest()


def encode(value: Any) -> bytes:
    """The canonical form. Distinct values of the JSON types, numbers, bytes and arrays differ."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return _array(value)
    if numpy is not None and isinstance(value, numpy.generic):
        value = value.item()
    return _plain(value)


def _plain(value: Any) -> bytes:
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return _framed(b"i", f"{value:x}".encode())
    if isinstance(value, float):
        return b"d" + struct.pack(">d", math.nan if value != value else value)
    if isinstance(value, str):
        return _framed(b"s", value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes | bytearray | memoryview):
        return _framed(b"b", bytes(value))
    return _container(value)


def _container(value: Any) -> bytes:
    if isinstance(value, list | tuple):
        return _joined(b"l", map(encode, value))
    if isinstance(value, Mapping):
        pairs = ((encode(key), encode(item)) for key, item in value.items())
        return _joined(b"m", (part for pair in sorted(pairs) for part in pair))
    if isinstance(value, set | frozenset):
        return _joined(b"u", sorted(map(encode, value)))
    return _foreign(value)


def _foreign(value: Any) -> bytes:
    """Dates, UUIDs, decimals, dataclasses and the like: by type and content, not by address."""
    kind: Any = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}".encode()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        content = encode(
            {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        )
    elif kind.__repr__ is object.__repr__:
        content = encode(getattr(value, "__dict__", {}))
    else:
        content = repr(value).encode("utf-8", "surrogatepass")
    return _joined(b"o", (name, content))


def _array(value: Any) -> bytes:
    if value.dtype.hasobject:
        return _joined(b"a", (encode(list(value.shape)), encode(value.ravel().tolist())))
    ordered = value.astype(value.dtype.newbyteorder("<"), order="C", copy=False)
    parts = (ordered.dtype.str.encode(), encode(list(value.shape)), ordered.tobytes())
    return _joined(b"a", parts)


def _framed(tag: bytes, content: bytes) -> bytes:
    return tag + str(len(content)).encode() + b":" + content


def _joined(tag: bytes, parts: Iterable[bytes]) -> bytes:
    framed = [_framed(b"", part) for part in parts]
    return _framed(tag, b"".join(framed))
