"""Canvas nodes as the file writes them: exactly one of task, group, chord, chain, map, starmap,
chunks."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator
from typing_extensions import TypeAliasType

from orchestrator.scenario.arguments import Argument
from orchestrator.scenario.fields import (
    Duration,
    Function,
    PositiveDuration,
    QueueName,
    TaskName,
    TypeName,
)
from orchestrator.scenario.quantities import shown
from orchestrator.scenario.strict_model import StrictModel, tag
from orchestrator.scenario.suggestions import did_you_mean, listed

NODE_KINDS = ("task", "group", "chord", "chain", "map", "starmap", "chunks")
EXPECT_KINDS = ("value", "type", "approx", "raises", "call")
MAX_COUNT = 1_000_000


def _not_one_of(what: str, kinds: tuple[str, ...], value: Any) -> str:
    """The message for a mapping that must have exactly one key of `kinds`."""
    rule = f"{what} has exactly one of {listed(kinds)}"
    if not isinstance(value, dict):
        return f"{rule}; it is a mapping, not {shown(value)}"
    found = [key for key in value if key in kinds]
    if found:
        return f"{rule}, not {listed(found)} together"
    hint = next((hint for key in value if (hint := did_you_mean(str(key), kinds))), "")
    return f"{rule}{hint}"


def _iso_time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ValueError(
            f"{shown(text)} is not a time: write for example 2030-01-31T12:00:00+00:00 "
            "(for a time from now, use countdown: 10s)"
        ) from exc
    if moment.tzinfo is None:
        raise ValueError(f"{shown(text)} has no time zone: write {text[:40]}+00:00")
    return moment.isoformat()


class ExpectValue(StrictModel):
    """The task's result equals this value."""

    described_as: ClassVar[str] = "this expect"

    value: Any = Field(description="The result.", examples=[42])


class ExpectType(StrictModel):
    """The task's result is of this type."""

    described_as: ClassVar[str] = "this expect"

    type: TypeName = Field(description="The type's name.", examples=["int"])


class ExpectApprox(StrictModel):
    """The task's result is close to this number."""

    described_as: ClassVar[str] = "this expect"

    approx: float = Field(description="The number.", examples=[1.5])
    rel: float = Field(default=1e-9, ge=0, description="The relative tolerance.")


class ExpectRaises(StrictModel):
    """The task fails with this exception."""

    described_as: ClassVar[str] = "this expect"

    raises: TypeName = Field(description="The exception's name.", examples=["ValueError"])


class ExpectCall(StrictModel):
    """A function of yours, called with the task's arguments, returns what the task must return."""

    described_as: ClassVar[str] = "this expect"

    call: Function = Field(description="The function.", examples=["references:product"])


def expect_kind(value: Any) -> str | None:
    """The tag of the branch of `expect`."""
    kinds = [key for key in value if key in EXPECT_KINDS] if isinstance(value, dict) else []
    return tag(kinds[0]) if len(kinds) == 1 else None


def _checked_expect(value: Any) -> Any:
    if expect_kind(value) is None:
        raise ValueError(_not_one_of("expect", EXPECT_KINDS, value))
    return value


Expect = Annotated[
    Annotated[ExpectValue, Tag(tag("value"))]
    | Annotated[ExpectType, Tag(tag("type"))]
    | Annotated[ExpectApprox, Tag(tag("approx"))]
    | Annotated[ExpectRaises, Tag(tag("raises"))]
    | Annotated[ExpectCall, Tag(tag("call"))],
    Discriminator(expect_kind),
    BeforeValidator(_checked_expect),
]


class RetryPolicy(StrictModel):
    """How publishing is tried again when the broker cannot be reached."""

    max_retries: int | None = Field(default=None, ge=0, description="null: without end.")
    interval_start: Duration | None = Field(
        default=None, description="The wait before the first retry."
    )
    interval_step: Duration | None = Field(default=None, description="What each wait is longer by.")
    interval_max: Duration | None = Field(default=None, description="The longest wait.")


def link_kind(value: Any) -> str:
    """A list of task nodes, or one."""
    return tag("list") if isinstance(value, list) else tag("one")


Links = TypeAliasType(
    "Links",
    Annotated[
        Annotated["TaskNode", Tag(tag("one"))]
        | Annotated["Annotated[list[TaskNode], Field(min_length=1)]", Tag(tag("list"))],
        Discriminator(link_kind),
    ],
)


class TaskOptions(StrictModel):
    """What `apply_async` takes besides the arguments."""

    described_as: ClassVar[str] = "options"

    countdown: Duration | None = Field(
        default=None, description="Run no earlier than this from now."
    )
    eta: Annotated[str, AfterValidator(_iso_time)] | None = Field(
        default=None,
        description="Run no earlier than this time (ISO 8601).",
        examples=["2030-01-31T12:00:00+00:00"],
    )
    expires: PositiveDuration | None = Field(
        default=None, description="Do not run later than this from now."
    )
    priority: int | None = Field(
        default=None, ge=0, le=255, description="On Redis 0 is first and 9 is last."
    )
    time_limit: PositiveDuration | None = Field(
        default=None, description="The task is killed after this."
    )
    soft_time_limit: PositiveDuration | None = Field(
        default=None, description="SoftTimeLimitExceeded is raised in the task after this."
    )
    retry: bool | None = Field(default=None, description="Whether publishing is tried again.")
    retry_policy: RetryPolicy | None = Field(
        default=None, description="How publishing is tried again."
    )
    link: Links | None = Field(default=None, description="Task nodes to run with the result.")
    link_error: Links | None = Field(default=None, description="Task nodes to run when it fails.")
    serializer: str | None = Field(
        default=None, min_length=1, examples=["json"], description="Of the message."
    )
    compression: str | None = Field(
        default=None, min_length=1, examples=["gzip"], description="Of the message."
    )
    headers: dict[str, str | int | float | bool | None] | None = Field(
        default=None, description="Message headers of your own."
    )

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if self.countdown is not None and self.eta is not None:
            raise ValueError("countdown and eta exclude each other")
        if self.soft_time_limit and self.time_limit and self.soft_time_limit >= self.time_limit:
            raise ValueError("soft_time_limit must be shorter than time_limit, or it never acts")
        return self


class CanvasModel(StrictModel):
    """A canvas node; a misspelt key beside its kind is looked for here."""

    described_as: ClassVar[str] = "this canvas node"


class TaskNode(CanvasModel):
    """One task."""

    described_as: ClassVar[str] = "a task node"

    task: TaskName = Field(
        description="The registered name, or a last part of it that is unique in the app.",
        examples=["add", "add_module.tasks.add"],
    )
    args: list[Argument] = Field(
        default=[], description="Positional arguments; may hold generators."
    )
    kwargs: dict[str, Argument] = Field(
        default={}, description="Keyword arguments; may hold generators."
    )
    queue: QueueName | None = Field(
        default=None, description="The queue. Default: as the app routes it."
    )
    options: TaskOptions | None = Field(
        default=None, description="What `apply_async` takes besides."
    )
    immutable: bool = Field(
        default=False, description="Take no result of a task before it (Celery's `si`)."
    )
    expect: Expect | None = Field(
        default=None,
        description="What the task must give. Default: the reference that the app attaches to it.",
    )


class Each(StrictModel):
    """The same node many times; its generators are drawn anew for each."""

    described_as: ClassVar[str] = "a repeated node"

    each: "CanvasNode" = Field(description="The node.")
    count: int = Field(ge=1, le=MAX_COUNT, description="How many times.", examples=[10])


def members_kind(value: Any) -> str:
    """`{each: node, count: N}`, or a list of nodes."""
    return tag("each") if isinstance(value, dict) else tag("list")


Members = TypeAliasType(
    "Members",
    Annotated[
        Annotated[Each, Tag(tag("each"))]
        | Annotated["Annotated[list[CanvasNode], Field(min_length=1)]", Tag(tag("list"))],
        Discriminator(members_kind),
    ],
)


class GroupNode(CanvasModel):
    """Nodes that run side by side."""

    group: Members = Field(description="The nodes that run side by side.")


class ChordSpec(StrictModel):
    """A header that runs side by side, and a body that takes the list of its results."""

    described_as: ClassVar[str] = "a chord"

    header: Members = Field(description="The nodes that run side by side.")
    body: "CanvasNode" = Field(description="Runs with the list of the header's results.")


class ChordNode(CanvasModel):
    """A header and a body."""

    chord: ChordSpec


class ChainNode(CanvasModel):
    """Nodes one after the other; each takes the result of the one before it as its first
    argument."""

    chain: "list[CanvasNode]" = Field(min_length=1, description="The links.")


class MapSpec(StrictModel):
    """One message that calls a task once for each item."""

    described_as: ClassVar[str] = "map"

    task: TaskName = Field(description="The task, as in a task node.", examples=["add"])
    items: list[Argument] = Field(min_length=1, description="The argument of each call.")
    queue: QueueName | None = Field(
        default=None, description="The queue. Default: as the app routes the task."
    )


class StarmapSpec(StrictModel):
    """One message that calls a task once for each list of arguments."""

    described_as: ClassVar[str] = "starmap"

    task: TaskName = Field(description="The task, as in a task node.", examples=["add"])
    items: list[list[Argument]] = Field(min_length=1, description="The arguments of each call.")
    queue: QueueName | None = Field(
        default=None, description="The queue. Default: as the app routes the task."
    )


class ChunksSpec(StarmapSpec):
    """As starmap, in messages of `size` calls each."""

    described_as: ClassVar[str] = "chunks"

    size: int = Field(ge=1, description="How many calls go into one message.", examples=[10])


class MapNode(CanvasModel):
    """`task.map(items)`."""

    map: MapSpec


class StarmapNode(CanvasModel):
    """`task.starmap(items)`."""

    starmap: StarmapSpec


class ChunksNode(CanvasModel):
    """`task.chunks(items, size)`."""

    chunks: ChunksSpec


def canvas_kind(value: Any) -> str | None:
    """The tag of the branch of a canvas node."""
    kinds = [key for key in value if key in NODE_KINDS] if isinstance(value, dict) else []
    return tag(kinds[0]) if len(kinds) == 1 else None


def _checked_node(value: Any) -> Any:
    if canvas_kind(value) is None:
        raise ValueError(_not_one_of("a canvas node", NODE_KINDS, value))
    return value


CanvasNode = TypeAliasType(
    "CanvasNode",
    Annotated[
        Annotated[TaskNode, Tag(tag("task"))]
        | Annotated[GroupNode, Tag(tag("group"))]
        | Annotated[ChordNode, Tag(tag("chord"))]
        | Annotated[ChainNode, Tag(tag("chain"))]
        | Annotated[MapNode, Tag(tag("map"))]
        | Annotated[StarmapNode, Tag(tag("starmap"))]
        | Annotated[ChunksNode, Tag(tag("chunks"))],
        Discriminator(canvas_kind),
        BeforeValidator(_checked_node),
    ],
)
