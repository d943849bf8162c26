"""Trials -> one row for each combination, with its best figures marked where that is no noise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from orchestrator.judge.statistics import difference, spread
from orchestrator.records import HIGHER_IS_BETTER, Figure, FigureSpread, Row, Trial
from orchestrator.scenario.masking import masked

FIGURES: tuple[Figure, ...] = get_args(Figure)


def rows(variants: Sequence[Mapping[str, Any]], trials: Sequence[Trial]) -> tuple[Row, ...]:
    """One for each of ``variants`` (their settings) of which there is a trial, in their order."""
    made = []
    for settings, where in zip(variants, axes(variants), strict=True):
        own = tuple(trial for trial in trials if trial.settings == settings)
        if own:
            made.append(Row(settings, where, own, {name: _spread(own, name) for name in FIGURES}))
    best = {name: _best(made, name) for name in FIGURES}
    return tuple(
        replace(
            row,
            figures={
                name: replace(figure, best=position == best[name])
                for name, figure in row.figures.items()
            },
        )
        for position, row in enumerate(made)
    )


def axes(variants: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What tells each from the others: ``{"pool": "gevent", "concurrency": "20"}``. Only keys that
    differ are named, by their last part where that is clear."""
    leaves = [dict(_leaves(masked(settings))) for settings in variants]
    keys = dict.fromkeys(key for each in leaves for key in each)
    varied = [key for key in keys if len({repr(each.get(key)) for each in leaves}) > 1]
    last = [key.rpartition(".")[2] for key in varied]
    short = [name if last.count(name) == 1 else key for key, name in zip(varied, last, strict=True)]
    return [
        {name: str(each[key]) for key, name in zip(varied, short, strict=True) if key in each}
        for each in leaves
    ]


def _leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, below in value.items():
        if isinstance(below, Mapping):
            yield from _leaves(below, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", below


def _values(trials: Sequence[Trial], name: Figure) -> list[float]:
    return [value for trial in trials if (value := trial.figures.get(name)) is not None]


def _spread(trials: Sequence[Trial], name: Figure) -> FigureSpread:
    values = _values(trials, name)
    if not values:
        return FigureSpread(None, None)
    found = spread(values)
    return FigureSpread(found.mean, found.deviation)


def _best(made: Sequence[Row], name: Figure) -> int | None:
    """The position of the row that is better than every other by more than the noise; rows with a
    run that is not sound are neither best nor in the way."""
    sign = 1.0 if name in HIGHER_IS_BETTER else -1.0
    sound = {
        position: [sign * value for value in _values(row.trials, name)]
        for position, row in enumerate(made)
        if all(trial.sound for trial in row.trials)
    }
    sound = {position: values for position, values in sound.items() if values}
    if len(sound) < 2:
        return None
    first = max(sound, key=lambda position: spread(sound[position]).mean)
    others = (values for position, values in sound.items() if position != first)
    return first if all(difference(values, sound[first]).low > 0 for values in others) else None
