"""Arguments of tasks as the file writes them: plain values, lists, and generators."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag
from typing_extensions import TypeAliasType

from orchestrator.scenario import generators
from orchestrator.scenario.fields import Size
from orchestrator.scenario.quantities import shown
from orchestrator.scenario.strict_model import StrictModel, tag
from orchestrator.scenario.suggestions import did_you_mean, listed

GENERATORS = ("int", "float", "choice", "index", "text", "bytes", "literal")


def _in_order(bounds: list[Any]) -> list[Any]:
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        raise ValueError(
            f"the range is empty: {shown(bounds[0])} is more than {shown(bounds[1])}; "
            f"write [{shown(bounds[1])}, {shown(bounds[0])}]"
        )
    return bounds


class IntArgument(StrictModel):
    """A whole number from a range, both ends included."""

    bounds: Annotated[list[int], AfterValidator(_in_order)] = Field(
        alias="int",
        min_length=2,
        max_length=2,
        description="The lowest and the highest number.",
        examples=[[0, 1000]],
    )

    def generator(self) -> Any:
        return generators.IntRange(self.bounds[0], self.bounds[1])


class FloatArgument(StrictModel):
    """A number from a range, both ends included."""

    bounds: Annotated[list[float], AfterValidator(_in_order)] = Field(
        alias="float",
        min_length=2,
        max_length=2,
        description="The lowest and the highest number.",
        examples=[[0.0, 1.0]],
    )

    def generator(self) -> Any:
        return generators.FloatRange(self.bounds[0], self.bounds[1])


def _no_index(values: list[Any]) -> list[Any]:
    if any(map(_counts, values)):
        raise ValueError("an index inside a choice could not count: it is not always drawn")
    return values


def _counts(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_counts, value))
    return isinstance(value, IndexArgument)


class ChoiceArgument(StrictModel):
    """One of the values, each as likely."""

    choice: "Annotated[list[Argument], AfterValidator(_no_index)]" = Field(
        min_length=1, description="What to choose from.", examples=[[1, 10, 100]]
    )

    def generator(self) -> Any:
        return generators.Choice(tuple(argument_value(value) for value in self.choice))


class IndexArgument(StrictModel):
    """Counts up by one every time that it is drawn over the workload."""

    index: int = Field(description="The first number.", examples=[1])

    def generator(self) -> Any:
        return generators.Index(self.index)


class TextArgument(StrictModel):
    """Random letters, digits, - and _."""

    text: int = Field(ge=0, le=64 * 1024**2, description="How many characters.", examples=[20])

    def generator(self) -> Any:
        return generators.Text(self.text)


class BytesArgument(StrictModel):
    """Random bytes."""

    size: Size = Field(alias="bytes", description="How many.", examples=["4KiB"])

    def generator(self) -> Any:
        return generators.Bytes(self.size)


class LiteralArgument(StrictModel):
    """A mapping (or anything else) that is passed as it is written."""

    literal: Any = Field(description="The value itself.", examples=[{"name": "x", "int": [1, 2]}])

    def generator(self) -> Any:
        return self.literal


GeneratorArgument = (
    IntArgument
    | FloatArgument
    | ChoiceArgument
    | IndexArgument
    | TextArgument
    | BytesArgument
    | LiteralArgument
)


def argument_kind(value: Any) -> str | None:
    """The tag of an argument's branch; None for a mapping that is not exactly one generator."""
    if isinstance(value, list):
        return tag("list")
    if not isinstance(value, dict):
        return tag("scalar")
    kinds = [key for key in value if key in GENERATORS]
    return tag(kinds[0]) if len(kinds) == 1 and len(value) == 1 else None


def _checked_argument(value: Any) -> Any:
    if argument_kind(value) is None:
        raise ValueError(_not_an_argument(value))
    return value


def _not_an_argument(value: Any) -> str:
    advice = "a mapping as an argument is written {literal: {...}}"
    if isinstance(value, dict) and len(value) == 1:
        key = str(next(iter(value)))
        hint = did_you_mean(key, GENERATORS)
        return f"{shown(key)} is not a generator{hint}: {listed(GENERATORS)}; {advice}"
    return f"a generator has one key of {listed(GENERATORS)}; {advice}"


Argument = TypeAliasType(
    "Argument",
    Annotated[
        Annotated[bool | int | float | str | None, Tag(tag("scalar"))]
        | Annotated["list[Argument]", Tag(tag("list"))]
        | Annotated[IntArgument, Tag(tag("int"))]
        | Annotated[FloatArgument, Tag(tag("float"))]
        | Annotated[ChoiceArgument, Tag(tag("choice"))]
        | Annotated[IndexArgument, Tag(tag("index"))]
        | Annotated[TextArgument, Tag(tag("text"))]
        | Annotated[BytesArgument, Tag(tag("bytes"))]
        | Annotated[LiteralArgument, Tag(tag("literal"))],
        Discriminator(argument_kind),
        BeforeValidator(_checked_argument),
    ],
)


def argument_value(value: Any) -> Any:
    """The plain value, or the generator, that a checked argument stands for."""
    if isinstance(value, list):
        return [argument_value(member) for member in value]
    if isinstance(value, GeneratorArgument):
        return value.generator()
    return value
