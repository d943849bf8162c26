"""Workloads as the file writes them: one model for each executor, with k6's keys in snake_case."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from orchestrator.scenario.canvas_models import CanvasNode
from orchestrator.scenario.fields import AnyRate, Duration, Name, PositiveDuration, Rate, text_like
from orchestrator.scenario.quantities import shown
from orchestrator.scenario.strict_model import StrictModel, kind_tag, tag, with_kind
from orchestrator.scenario.suggestions import did_you_mean, listed

TAGS = ("workload", "task", "queue", "pool", "worker")
"""The tags that every measurement carries."""

AGGREGATES = ("sum", "mean", "min", "max", "count", "last", "collect", "digest")
MAX_VUS = 100_000

_AGGREGATE_PATTERN = rf"^({'|'.join(AGGREGATES)}|[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*)$"
_AGGREGATE_BOUND, _ = text_like(_AGGREGATE_PATTERN, "")


def _aggregate(value: Any) -> Any:
    if isinstance(value, str) and value not in AGGREGATES and ":" not in value:
        hint = did_you_mean(value, AGGREGATES)
        raise ValueError(
            f"{shown(value)} is not an aggregate{hint}: {listed(AGGREGATES)}, or module:function"
        )
    return value


def _own_tag(name: str) -> str:
    if name in TAGS:
        raise ValueError("every measurement has this tag already; choose another name")
    return name


Vus = Annotated[int, Field(ge=1, le=MAX_VUS)]
Iterations = Annotated[int, Field(ge=1, le=1_000_000_000)]
TagValue = Annotated[str, Field(min_length=1, max_length=200)]


class Workload(StrictModel):
    """What all executors take."""

    executor: str
    canvas: CanvasNode = Field(description="What one iteration sends.")
    start_time: Duration = Field(default=0.0, description="Starts this long after the run's start.")
    graceful_stop: Duration = Field(
        default=30.0, description="How long iterations in flight may take after the end."
    )
    timeout: PositiveDuration = Field(
        default=60.0, description="An iteration without its result after this is given up."
    )
    aggregate: Annotated[str, _AGGREGATE_BOUND, BeforeValidator(_aggregate)] | None = Field(
        default=None,
        description="Folds the canvases' values into the run's answer.",
        examples=["sum"],
    )
    tags: dict[Annotated[Name, AfterValidator(_own_tag)], TagValue] = Field(
        default={}, description="Tags of your own, for thresholds."
    )

    @classmethod
    def unknown_key(cls, key: str) -> str:
        takers = [name for name, model in MODELS.items() if key in model.key_names()]
        if takers:
            mine = cls.described_as
            verb = "does" if len(takers) == 1 else "do"
            return f"{mine} does not take this key; {listed(takers)} {verb}"
        return super().unknown_key(key)


class SharedIterations(Workload):
    """A number of iterations, shared by a number of VUs."""

    described_as: ClassVar[str] = "shared-iterations"

    executor: Literal["shared-iterations"]
    vus: Vus = Field(default=1, description="Canvases in flight.")
    iterations: Iterations = Field(default=1, description="In all.")
    max_duration: PositiveDuration = Field(
        default=600.0, description="Stops after this at the latest."
    )

    @model_validator(mode="after")
    def _work_for_all(self) -> Self:
        if self.vus > self.iterations:
            raise ValueError(
                f"iterations ({self.iterations}) can't be less than vus ({self.vus}), as in k6"
            )
        return self


class PerVuIterations(Workload):
    """A number of iterations for each VU."""

    described_as: ClassVar[str] = "per-vu-iterations"

    executor: Literal["per-vu-iterations"]
    vus: Vus = Field(default=1, description="Canvases in flight.")
    iterations: Iterations = Field(default=1, description="Of each VU.")
    max_duration: PositiveDuration = Field(
        default=600.0, description="Stops after this at the latest."
    )


class ConstantVus(Workload):
    """A number of VUs that send one iteration after the other."""

    described_as: ClassVar[str] = "constant-vus"

    executor: Literal["constant-vus"]
    vus: Vus = Field(default=1, description="Canvases in flight.")
    duration: PositiveDuration = Field(description="For how long.")


class VuStage(StrictModel):
    """A change of the number of VUs."""

    duration: Duration = Field(description="How long the change takes.")
    target: int = Field(ge=0, le=MAX_VUS, description="VUs at its end.")


class RampingVus(Workload):
    """A number of VUs that changes in stages."""

    described_as: ClassVar[str] = "ramping-vus"

    executor: Literal["ramping-vus"]
    start_vus: int = Field(default=1, ge=0, le=MAX_VUS, description="VUs at the start.")
    stages: list[VuStage] = Field(min_length=1, description="One after the other.")
    graceful_ramp_down: Duration = Field(default=30.0, description="As graceful_stop, when VUs go.")

    @model_validator(mode="after")
    def _some_vus(self) -> Self:
        if not any((self.start_vus, *(stage.target for stage in self.stages))):
            raise ValueError("no stage has a VU: give a target above 0")
        if not sum(stage.duration for stage in self.stages):
            raise ValueError("the stages take no time: give one a duration")
        return self


class ConstantArrivalRate(Workload):
    """A number of iterations per second, whatever the system answers."""

    described_as: ClassVar[str] = "constant-arrival-rate"

    executor: Literal["constant-arrival-rate"]
    rate: Rate = Field(description="Iterations started.")
    duration: PositiveDuration = Field(description="For how long.")
    max_in_flight: Vus = Field(
        default=1000, description="Iterations that would be more than this are dropped and counted."
    )


class RateStage(StrictModel):
    """A change of the rate."""

    duration: Duration = Field(description="How long the change takes.")
    target: AnyRate = Field(description="The rate at its end.")


class RampingArrivalRate(Workload):
    """A number of iterations per second that changes in stages."""

    described_as: ClassVar[str] = "ramping-arrival-rate"

    executor: Literal["ramping-arrival-rate"]
    start_rate: AnyRate = Field(default=0.0, description="The rate at the start.")
    stages: list[RateStage] = Field(min_length=1, description="One after the other.")
    max_in_flight: Vus = Field(default=1000, description="As for constant-arrival-rate.")

    @model_validator(mode="after")
    def _some_arrivals(self) -> Self:
        before = self.start_rate
        arrivals = 0.0
        for stage in self.stages:
            arrivals += (before + stage.target) / 2 * stage.duration
            before = stage.target
        if not arrivals:
            raise ValueError("the stages start no iteration: give a target rate and a duration")
        return self


class Backlog(Workload):
    """Fills the queues with the workers paused, then times the drain."""

    described_as: ClassVar[str] = "backlog"

    executor: Literal["backlog"]
    size: Iterations = Field(description="Iterations in the backlog.")
    drain_ratio: float = Field(default=1.0, gt=0, le=1, description="Ends when this share is done.")
    max_duration: PositiveDuration = Field(
        default=600.0, description="Fills and drains no longer than this."
    )


MODELS: dict[str, type[Workload]] = {
    "shared-iterations": SharedIterations,
    "per-vu-iterations": PerVuIterations,
    "constant-vus": ConstantVus,
    "ramping-vus": RampingVus,
    "constant-arrival-rate": ConstantArrivalRate,
    "ramping-arrival-rate": RampingArrivalRate,
    "backlog": Backlog,
}


def executor_of(value: Any) -> str | None:
    """The tag of a workload's branch."""
    return kind_tag(value, "executor", MODELS)


def _checked_workload(value: Any) -> Any:
    return with_kind(value, "executor", MODELS, "an executor")


AnyWorkload = Annotated[
    Annotated[SharedIterations, Tag(tag("shared-iterations"))]
    | Annotated[PerVuIterations, Tag(tag("per-vu-iterations"))]
    | Annotated[ConstantVus, Tag(tag("constant-vus"))]
    | Annotated[RampingVus, Tag(tag("ramping-vus"))]
    | Annotated[ConstantArrivalRate, Tag(tag("constant-arrival-rate"))]
    | Annotated[RampingArrivalRate, Tag(tag("ramping-arrival-rate"))]
    | Annotated[Backlog, Tag(tag("backlog"))],
    Discriminator(executor_of),
    BeforeValidator(_checked_workload),
]
