"""The scenario file, version 1: what it may hold. `docs/scenario.md` and the JSON Schema are made
of this."""

import re
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from orchestrator.scenario.fault_models import AnyFault
from orchestrator.scenario.fields import Duration, Name, PositiveDuration, QueueName, text_like
from orchestrator.scenario.quantities import shown
from orchestrator.scenario.strict_model import StrictModel, tag
from orchestrator.scenario.suggestions import did_you_mean, listed
from orchestrator.scenario.workload_models import AnyWorkload

BROKERS = ("embedded", "redis", "valkey", "rabbitmq", "app")
RESULTS = ("auto", "rpc", "none")
REDIS_SCHEMES = ("redis", "rediss", "redis+socket")
AMQP_SCHEMES = ("amqp", "amqps", "pyamqp")
POOLS = ("prefork", "gevent", "eventlet", "threads", "solo")

_SETTING = re.compile(r"[a-z][a-z0-9_]*")
_OWN_SETTINGS = {
    "broker_url": "target.broker",
    "broker_read_url": "target.broker",
    "broker_write_url": "target.broker",
    "result_backend": "target.results",
}
_OWN_OPTIONS = {
    **dict.fromkeys(("-P", "--pool"), "pool"),
    **dict.fromkeys(("-c", "--concurrency"), "concurrency"),
    **dict.fromkeys(("-Q", "--queues"), "queues"),
    "--prefetch-multiplier": "prefetch_multiplier",
    **dict.fromkeys(("-n", "--hostname"), "the pool's name"),
    **dict.fromkeys(("-A", "--app"), "app"),
    **dict.fromkeys(("-b", "--broker"), "target.broker"),
    "--result-backend": "target.results",
}


def _address(words: tuple[str, ...], schemes: tuple[str, ...], what: str) -> BeforeValidator:
    def validate(value: Any) -> Any:
        if not isinstance(value, str) or value in words:
            return value
        scheme, separator, rest = value.partition("://")
        if (
            not rest and scheme in words and scheme not in schemes
        ):  # `rpc://` is what Celery calls it
            return scheme
        if not separator:
            hint = did_you_mean(value, words)
            raise ValueError(f"{shown(value)} is not a {what}{hint}: {listed(words)}, or a URL")
        if scheme not in schemes:
            known = listed(f"{name}://" for name in schemes)
            raise ValueError(f"{shown(scheme)}:// is not a known kind of {what}: {known}")
        for url in value.split(";") if scheme in AMQP_SCHEMES else (value,):
            _check_url(url)
        return value

    return BeforeValidator(validate)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as exc:
        raise ValueError(f"not a URL: {exc}") from exc
    if parts.scheme in REDIS_SCHEMES and not parts.netloc and not parts.path.strip("/"):
        raise ValueError("the URL names no host: write for example redis://localhost:6379/0")


def _setting(name: str) -> str:
    if name in _OWN_SETTINGS:
        raise ValueError(f"this setting is set by {_OWN_SETTINGS[name]}")
    if not _SETTING.fullmatch(name):
        raise ValueError(
            f"{shown(name)} is not a setting: write its lower-case name, for example task_acks_late"
        )
    return name


def _pattern(words: tuple[str, ...], *more: str) -> str:
    redis = rf"({'|'.join(REDIS_SCHEMES).replace('+', '[+]')})://.+"
    return rf"^({'|'.join((*words, redis, *more))})$"


_BROKER_BOUND, _ = text_like(_pattern(BROKERS, rf"({'|'.join(AMQP_SCHEMES)})://.*"), "")
_BROKER = _address(BROKERS, (*REDIS_SCHEMES, *AMQP_SCHEMES), "broker")
_RESULTS = _address(RESULTS, REDIS_SCHEMES, "result backend")
_RESULTS_BOUND, _ = text_like(_pattern(RESULTS, "rpc://"), "")


class Target(StrictModel):
    """What the scenario runs against. It overrides what the app itself is configured for."""

    described_as: ClassVar[str] = "target"

    broker: Annotated[str, _BROKER_BOUND, _BROKER] = Field(
        default="embedded",
        description="embedded: a private Redis or Valkey that lives as long as the run; redis, "
        "valkey, rabbitmq: the same, of that kind; app: what the app is configured for; or a URL.",
        examples=["embedded", "rabbitmq", "redis://localhost:6379/0", "amqp://user@host//"],
    )
    results: Annotated[str, _RESULTS_BOUND, _RESULTS] = Field(
        default="auto",
        description="auto: the same Redis as the broker; with RabbitMQ rpc, or a private Redis "
        "where a canvas has a chord; rpc: by messages through RabbitMQ; none: no results, so none "
        "are checked; or a URL.",
        examples=["auto", "rpc", "redis://localhost:6379/1"],
    )
    settings: dict[Annotated[str, AfterValidator(_setting)], Any] = Field(
        default={},
        description="Celery settings by their lower-case names.",
        examples=[{"task_acks_late": True}],
    )


def _environment(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: str(member) if isinstance(member, int) and not isinstance(member, bool) else member
        for name, member in value.items()
    }


def _option(option: str) -> str:
    flag = option.split("=")[0]
    if not flag.startswith("--"):
        flag = flag[:2]
    if flag in _OWN_OPTIONS:
        raise ValueError(f"{flag} is set by {_OWN_OPTIONS[flag]}")
    if flag in ("-D", "--detach"):
        raise ValueError(f"{flag}: a pool must not detach, or it could not be ended")
    return option


class Pool(StrictModel):
    """One entry of workers: `celery worker -P pool -c concurrency -Q queues`, `count` times."""

    described_as: ClassVar[str] = "a pool"

    queues: list[QueueName] = Field(min_length=1, description="The queues that it consumes.")
    pool: Literal["prefork", "gevent", "eventlet", "threads", "solo"] = Field(
        default="prefork", description="How the worker runs tasks side by side."
    )
    concurrency: int = Field(
        default=1, ge=1, le=100_000, description="Tasks at a time in each worker."
    )
    count: int = Field(default=1, ge=1, le=1000, description="How many workers.")
    prefetch_multiplier: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="Messages fetched ahead for each slot; 0: no limit.",
    )
    env: Annotated[dict[str, str], BeforeValidator(_environment)] = Field(
        default={}, description="Environment variables.", examples=[{"OMP_NUM_THREADS": "1"}]
    )
    options: list[Annotated[str, AfterValidator(_option)]] = Field(
        default=[],
        description="More options of `celery worker`.",
        examples=[["--max-tasks-per-child=100"]],
    )

    @model_validator(mode="after")
    def _solo_is_alone(self) -> Self:
        if self.pool == "solo" and self.concurrency != 1:
            raise ValueError("a solo pool runs one task at a time: concurrency must be 1")
        return self


class ThresholdObject(StrictModel):
    """A check that may end the run early."""

    described_as: ClassVar[str] = "a threshold"

    threshold: str = Field(
        min_length=1, max_length=200, description="The check.", examples=["p(99)<2s"]
    )
    abort_on_fail: bool = Field(default=False, description="End the run as soon as it fails.")
    delay_abort_eval: Duration = Field(default=0.0, description="No early end before this.")
    window: PositiveDuration | None = Field(
        default=None, description="Look at this last part only. Default: all so far."
    )


def check_kind(value: Any) -> str:
    """A check is an expression, or a mapping with one."""
    return tag("object") if isinstance(value, dict) else tag("expression")


Check = Annotated[
    Annotated[str, Field(min_length=1, max_length=200), Tag(tag("expression"))]
    | Annotated[ThresholdObject, Tag(tag("object"))],
    Discriminator(check_kind),
]
Checks = Annotated[list[Check], Field(min_length=1)]


def workers_kind(value: Any) -> str:
    """Pools, or the word `attach`."""
    return tag("attach") if isinstance(value, str) else tag("pools")


Workers = Annotated[
    Annotated[Literal["attach"], Tag(tag("attach"))]
    | Annotated[dict[Name, Pool], Field(min_length=1), Tag(tag("pools"))],
    Discriminator(workers_kind),
]

_FILE_NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
_FILE_NAME_BOUND, _FILE_NAME_CHECK = text_like(
    _FILE_NAME_PATTERN, "is not a name: a-z, 0-9, - and _ (at most 64, the first a letter or digit)"
)
_APP_BOUND, _APP_CHECK = text_like(
    r"^[A-Za-z_][A-Za-z0-9_.]*(:[A-Za-z_][A-Za-z0-9_.]*)?$",
    "is not an app: write what `celery -A` takes, for example tasks.app:app",
)


def _version(value: Any) -> Any:
    if type(value) is not int or value != 1:
        raise ValueError(f"{shown(value)} is not a version of the scenario file: write version: 1")
    return value


class Scenario(StrictModel):
    """A load test of a Celery app: where it runs, who works, what is sent, and what must hold."""

    described_as: ClassVar[str] = "a scenario"

    version: Annotated[Literal[1], BeforeValidator(_version)] = Field(
        description="The version of this file format."
    )
    name: Annotated[str, _FILE_NAME_BOUND, _FILE_NAME_CHECK] = Field(
        description="Names the run directory.", examples=["mixed"]
    )
    description: str = Field(default="", max_length=10_000, description="For people.")
    seed: int = Field(
        default=0, ge=-(2**63), lt=2**63, description="The same seed gives the same arguments."
    )
    app: Annotated[str, _APP_BOUND, _APP_CHECK] = Field(
        description="The Celery app: what `celery -A` takes.", examples=["tasks.app:app"]
    )
    target: Target = Field(default=Target(), description="What it runs against.")
    workers: Workers = Field(
        description="The worker pools to start, by name; or attach: the workers that consume from "
        "the target already."
    )
    workloads: dict[Name, AnyWorkload] = Field(min_length=1, description="What is sent, by name.")
    thresholds: dict[str, Checks] = Field(
        default={},
        description="What must hold: a metric, with tags if wanted, and its checks.",
        examples=[{"verified": ["rate==1"], "task_duration{task:add}": ["p(95)<500ms"]}],
    )
    warmup: Duration = Field(
        default=0.0, description="The first part of the run, left out of all figures."
    )
    repeats: int = Field(default=1, ge=1, le=1000, description="How often the scenario is run.")
    matrix: dict[str, Annotated[list[Any], Field(min_length=1)]] | None = Field(
        default=None,
        description="Runs the scenario with every combination of these values of these keys.",
        examples=[{"workers.add.pool": ["prefork", "threads"]}],
    )
    faults: list[AnyFault] = Field(
        default=[],
        max_length=1000,
        description="What goes wrong on purpose, and when.",
        examples=[[{"at": "10s", "kind": "worker-kill", "worker": "add", "restart_after": "2s"}]],
    )
