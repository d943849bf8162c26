"""The base of all models of the scenario file: strict types, no unknown keys, messages for people.

Pydantic's own messages name Python types and validators. Every model turns the errors of its
fields into errors of one kind, `problem`, whose message is ours; the loader then only has to find
the place.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from orchestrator.scenario.quantities import shown
from orchestrator.scenario.suggestions import did_you_mean, listed

PROBLEM = "problem"
UNKNOWN_KEY = "unknown_key"
MAX_PROBLEMS = 200
"""Problems that are looked up; a file with more is not the file that was meant."""
TAG = "\0"
"""Starts every tag of a union, so that a tag in an error's `loc` is never taken for a key of the
file."""


def tag(word: str) -> str:
    """The tag of a union's branch."""
    return TAG + word


def kind_tag(value: Any, key: str, kinds: Iterable[str]) -> str | None:
    """The tag of the branch that a mapping names under ``key``; None: it names none of them."""
    kind = value.get(key) if isinstance(value, dict) else None
    return tag(kind) if isinstance(kind, str) and kind in kinds else None


def with_kind(value: Any, key: str, kinds: Iterable[str], what: str) -> Any:
    """The mapping as it is, when ``key`` names one of ``kinds``. Raises ValueError, which says what
    there is (``what``: an executor)."""
    if not isinstance(value, dict):
        raise ValueError(f"a mapping is needed, not {shown(value)}")
    if kind_tag(value, key, kinds) is None:
        known = listed(kinds)
        if key not in value:
            raise ValueError(f"the key {key} is missing: {known}")
        kind = value[key]
        hint = did_you_mean(kind, kinds) if isinstance(kind, str) else ""
        raise ValueError(f"{shown(kind)} is not {what}{hint}: {known}")
    return value


class StrictModel(BaseModel):
    """A mapping of the scenario file."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    described_as: ClassVar[str] = "this mapping"

    @model_validator(mode="wrap")
    @classmethod
    def _explain(
        cls, data: Any, handler: ModelWrapValidatorHandler["StrictModel"]
    ) -> "StrictModel":
        try:
            return handler(data)
        except ValidationError as exc:
            raise failed(cls.__name__, map(cls._explained, exc.errors(include_url=False))) from None

    @classmethod
    def _explained(cls, error: ErrorDetails) -> InitErrorDetails:
        if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
            return problem(cls.unknown_key(str(error["loc"][0])), error["loc"], kind=UNKNOWN_KEY)
        return explained(error)

    @classmethod
    def key_names(cls) -> list[str]:
        """The keys that this mapping takes."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def unknown_key(cls, key: str) -> str:
        """The message for a key that this mapping does not take."""
        hint = did_you_mean(key, cls.key_names())
        return f"unknown key{hint or f': {cls.described_as} takes {listed(cls.key_names())}'}"


def problem(
    message: str, loc: tuple[int | str, ...] = (), *, kind: str = PROBLEM
) -> InitErrorDetails:
    """One line error with our message."""
    error = PydanticCustomError(kind, "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=loc, input=None)


def failed(title: str, errors: Iterable[InitErrorDetails]) -> ValidationError:
    """The error to raise in a validator that has found several problems."""
    return ValidationError.from_exception_data(title, list(islice(errors, MAX_PROBLEMS + 1)))


def explained(error: ErrorDetails) -> InitErrorDetails:
    """A pydantic error with our words."""
    if error["type"] in (PROBLEM, UNKNOWN_KEY):
        return problem(error["ctx"]["message"], error["loc"], kind=error["type"])
    explain = _MESSAGES.get(error["type"])
    message = explain(error) if explain else f"{error['msg']}, not {shown(error['input'])}"
    return problem(message, error["loc"])


def _choice(error: ErrorDetails) -> str:
    expected = str(error["ctx"]["expected"]).replace(" or ", ", ")
    words = [word.strip("'") for word in expected.split(", ")]
    given = error["input"]
    hint = did_you_mean(given, words) if isinstance(given, str) else ""
    one_of = f"one of {listed(words)}" if len(words) > 1 else words[0]
    return f"{shown(given)} is not {one_of}{hint}"


def _bound(error: ErrorDetails) -> str:
    limits = error["ctx"]
    words = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}
    rule = " and ".join(f"{words[key]} {limit:,}" for key, limit in limits.items() if key in words)
    return f"{shown(error['input'])} is out of range: {rule} is needed"


def _needs(what: str) -> Callable[[ErrorDetails], str]:
    def message(error: ErrorDetails) -> str:
        given = error["input"]
        hint = ""
        if what == "a string" and isinstance(given, int | float | bool):
            hint = f' (quote it: "{shown(given)}")'
        return f"{what} is needed, not {shown(given)}{hint}"

    return message


def _length(error: ErrorDetails) -> str:
    limits = error["ctx"]
    if "min_length" in limits:
        return f"too few: at least {limits['min_length']} needed, not {limits['actual_length']}"
    return f"too many: at most {limits['max_length']} are taken, not {limits['actual_length']}"


def _text_length(error: ErrorDetails) -> str:
    limits = error["ctx"]
    if "min_length" in limits:
        return "must not be empty"
    return f"too long: at most {limits['max_length']} characters"


_MESSAGES: dict[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda error: f"the key {error['loc'][-1]} is missing",
    "literal_error": _choice,
    "value_error": lambda error: str(error["ctx"]["error"]),
    "union_tag_not_found": lambda error: error["msg"],
    "int_type": _needs("a whole number"),
    "int_from_float": _needs("a whole number"),
    "float_type": _needs("a number"),
    "bool_type": _needs("true or false"),
    "string_type": _needs("a string"),
    "list_type": _needs("a list"),
    "dict_type": _needs("a mapping"),
    "model_type": _needs("a mapping"),
    "model_attributes_type": _needs("a mapping"),
    "greater_than": _bound,
    "greater_than_equal": _bound,
    "less_than": _bound,
    "less_than_equal": _bound,
    "too_short": _length,
    "too_long": _length,
    "string_too_short": _text_length,
    "string_too_long": _text_length,
}
