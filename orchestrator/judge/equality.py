"""When is an actual value the expected one? Pure, total (nothing raises) and free of numpy until it
is loaded.

Integers are exact and of their own kind (``1`` is not ``True``, and ``10`` is not ``10.0``), floats
agree within a relative tolerance, a tuple is a list (JSON makes one of the other), arrays agree in
shape, kind and values.
"""

import cmath
import math
import sys
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

REL_TOLERANCE = 1e-9
EPS_FACTOR = 16
"""Arrays of a narrow dtype (float32) are compared no finer than this many of its epsilons."""

_OF_BUILTINS: frozenset[Any] = frozenset(
    kind.__eq__
    for kind in (
        object, bool, int, float, complex, str, bytes, bytearray,
        list, tuple, dict, set, frozenset, OrderedDict, Counter,
    )
)  # fmt: skip


def equal(expected: object, actual: object, rel: float = REL_TOLERANCE) -> bool:
    """True when ``actual`` is ``expected``; ``rel`` is the relative tolerance of floats. Never
    raises.

    An expected object with an ``__eq__`` of its own (a matcher, ``pytest.approx``) decides itself,
    at any depth.
    """
    try:
        return _equal(expected, actual, rel)
    except Exception:  # a foreign __eq__ may raise anything: what cannot be compared is not equal
        return False


def close(expected: object, actual: object, rel: float = REL_TOLERANCE) -> bool:
    """As `equal`, but numbers are compared by value alone: ``2`` is close to ``2.0``."""
    expected, actual = _plain(expected), _plain(actual)
    if _is_number(expected) and _is_number(actual):
        try:
            return _numbers_close(expected, actual, rel)
        except OverflowError:  # an integer beyond the range of a float
            return bool(expected == actual)
    if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        return len(expected) == len(actual) and all(
            close(*pair, rel) for pair in zip(expected, actual, strict=True)
        )
    return equal(expected, actual, rel)


def _equal(expected: Any, actual: Any, rel: float) -> bool:
    expected, actual = _plain(expected), _plain(actual)
    if _is_array(expected) or (_is_array(actual) and isinstance(expected, list | tuple)):
        return _arrays_equal(expected, actual, rel)
    if type(expected).__eq__ not in _OF_BUILTINS:
        return bool(expected == actual)
    if isinstance(expected, list | tuple):
        return isinstance(actual, list | tuple) and _sequences_equal(expected, actual, rel)
    if isinstance(expected, dict):
        return isinstance(actual, Mapping) and _mappings_equal(expected, actual, rel)
    if isinstance(expected, bool | int | float | complex):
        return _kind(expected) == _kind(actual) and _numbers_close(expected, actual, rel)
    return bool(expected == actual)


def _sequences_equal(expected: Sequence[Any], actual: Sequence[Any], rel: float) -> bool:
    return len(expected) == len(actual) and all(
        _equal(*pair, rel) for pair in zip(expected, actual, strict=True)
    )


def _mappings_equal(expected: Mapping[Any, Any], actual: Mapping[Any, Any], rel: float) -> bool:
    return len(expected) == len(actual) and all(
        key in actual and _equal(value, actual[key], rel) for key, value in expected.items()
    )


def _kind(value: object) -> type | None:
    return next((kind for kind in (bool, int, float, complex) if isinstance(value, kind)), None)


def _is_number(value: object) -> bool:
    return _kind(value) in (int, float, complex)


def _numbers_close(expected: Any, actual: Any, rel: float) -> bool:
    if isinstance(expected, int) and isinstance(actual, int):
        return expected == actual
    if isinstance(expected, complex) or isinstance(actual, complex):
        return cmath.isclose(expected, actual, rel_tol=rel) or _both_nan(expected, actual)
    return math.isclose(expected, actual, rel_tol=rel) or _both_nan(expected, actual)


def _both_nan(expected: Any, actual: Any) -> bool:
    return bool(expected != expected and actual != actual)


# ---- numpy, only when something else has imported it ----


def _numpy() -> Any:
    return sys.modules.get("numpy")


def _is_array(value: object) -> bool:
    numpy = _numpy()
    return numpy is not None and isinstance(value, numpy.ndarray)


def _plain(value: Any) -> Any:
    """A numpy scalar as the Python number that it stands for."""
    numpy = _numpy()
    if numpy is not None and isinstance(value, numpy.generic):
        return value.item()
    return value


def _arrays_equal(expected: Any, actual: Any, rel: float) -> bool:
    if not (_is_array(expected) and _is_array(actual)):
        # One side went through JSON and is a nested list now.
        return _equal(_as_list(expected), _as_list(actual), rel)
    if expected.shape != actual.shape or _array_kind(expected) != _array_kind(actual):
        return False
    numpy = _numpy()
    if expected.dtype.kind in "fc":
        eps = max(float(numpy.finfo(array.dtype).eps) for array in (expected, actual))
        tolerance = max(rel, EPS_FACTOR * eps)
        return bool(numpy.allclose(actual, expected, rtol=tolerance, atol=0.0, equal_nan=True))
    if expected.dtype.kind == "O":
        return _equal(expected.tolist(), actual.tolist(), rel)
    return bool(numpy.array_equal(expected, actual))


def _array_kind(array: Any) -> str:
    return "i" if array.dtype.kind in "iu" else str(array.dtype.kind)


def _as_list(value: Any) -> Any:
    return value.tolist() if _is_array(value) else value
