"""Faults as the file writes them: one model for each kind."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from orchestrator.scenario.fields import Duration, PositiveDuration, text_like
from orchestrator.scenario.strict_model import StrictModel, kind_tag, tag, with_kind
from orchestrator.scenario.suggestions import listed

Signal = Literal["SIGKILL", "SIGTERM", "SIGQUIT", "SIGINT"]

_PROCESS_BOUND, _PROCESS_CHECK = text_like(
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\.[1-9][0-9]{0,3})?$",
    "is not the name of a pool, or of one of its workers (add.2)",
)
Process = Annotated[str, _PROCESS_BOUND, _PROCESS_CHECK]


class Fault(StrictModel):
    """What all faults take."""

    kind: str
    at: Duration = Field(description="How long after the start of the load.")

    @classmethod
    def unknown_key(cls, key: str) -> str:
        takers = [name for name, model in FAULTS.items() if key in model.key_names()]
        if takers:
            verb = "does" if len(takers) == 1 else "do"
            return f"{cls.described_as} does not take this key; {listed(takers)} {verb}"
        return super().unknown_key(key)


class WorkerFault(Fault):
    """What faults of workers take."""

    worker: Process = Field(
        description="A pool, with all its workers; or one of them: add.2 is the second of add.",
        examples=["add"],
    )


class WorkerKill(WorkerFault):
    """A signal that ends the workers of a pool."""

    described_as: ClassVar[str] = "worker-kill"

    kind: Literal["worker-kill"]
    signal: Signal = Field(
        default="SIGKILL",
        description="SIGKILL ends a worker with all its children at once, as a lost machine does; "
        "the others go to the worker itself: SIGTERM (warm shutdown), SIGQUIT (cold), SIGINT.",
    )
    grace: Duration = Field(
        default=30.0, description="A worker that has not ended after this is killed."
    )
    restart_after: Duration | None = Field(
        default=None,
        description="A new worker is started this long after the old one has ended. Default: none.",
    )


class ChildKill(WorkerFault):
    """SIGKILL for one child process of each worker of a prefork pool, a busy one if there is one:
    what a machine without memory does. Celery puts another in its place."""

    described_as: ClassVar[str] = "child-kill"

    kind: Literal["child-kill"]


class WorkerPause(WorkerFault):
    """The workers of a pool, their children too, stand still for a while, their connections
    open."""

    described_as: ClassVar[str] = "worker-pause"

    kind: Literal["worker-pause"]
    duration: PositiveDuration = Field(description="For how long.")


class BrokerKill(Fault):
    """The private broker ends and is started again, with what it had stored."""

    described_as: ClassVar[str] = "broker-kill"

    kind: Literal["broker-kill"]
    signal: Signal = Field(default="SIGKILL", description="What ends it; SIGTERM: in good order.")
    restart_after: Duration = Field(
        default=1.0, description="It is started again this long after it has ended."
    )


class BrokerPause(Fault):
    """The private broker stands still for a while, its connections open."""

    described_as: ClassVar[str] = "broker-pause"

    kind: Literal["broker-pause"]
    duration: PositiveDuration = Field(description="For how long.")


FAULTS: dict[str, type[Fault]] = {
    "worker-kill": WorkerKill,
    "child-kill": ChildKill,
    "worker-pause": WorkerPause,
    "broker-kill": BrokerKill,
    "broker-pause": BrokerPause,
}


def fault_kind(value: Any) -> str | None:
    """The tag of a fault."""
    return kind_tag(value, "kind", FAULTS)


def _checked(value: Any) -> Any:
    return with_kind(value, "kind", FAULTS, "a fault")


AnyFault = Annotated[
    Annotated[WorkerKill, Tag(tag("worker-kill"))]
    | Annotated[ChildKill, Tag(tag("child-kill"))]
    | Annotated[WorkerPause, Tag(tag("worker-pause"))]
    | Annotated[BrokerKill, Tag(tag("broker-kill"))]
    | Annotated[BrokerPause, Tag(tag("broker-pause"))],
    Discriminator(fault_kind),
    BeforeValidator(_checked),
]
