"""``series.csv``: a row for each second, with the units in the header."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from orchestrator.judge.wording import clip
from orchestrator.records import Sample
from orchestrator.report.atomic import atomic_write_text

NAME_LIMIT = 100


def write_series_csv(samples: Sequence[Sample], path: Path) -> None:
    """Write the samples; what a sample does not know of a queue or a pool is empty."""
    queues = _names(sample.backlog for sample in samples)
    pools = _names(sample.pools for sample in samples)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_header(queues, pools))
    writer.writerows(_row(sample, queues, pools) for sample in samples)
    atomic_write_text(path, text.getvalue())


def _names(parts: Iterable[Iterable[str]]) -> list[str]:
    return sorted({name for part in parts for name in part})


def _header(queues: Sequence[str], pools: Sequence[str]) -> list[str]:
    return [
        "at_s",
        "sent_count",
        "completed_count",
        "failed_count",
        "in_flight_count",
        *(f"backlog_{clip(queue, NAME_LIMIT)}_count" for queue in queues),
        *(
            f"{clip(pool, NAME_LIMIT)}_{unit}"
            for pool in pools
            for unit in ("cpu_ratio", "rss_bytes")
        ),
        "orchestrator_cpu_ratio",
        "orchestrator_rss_bytes",
        "others_cpu_ratio",
    ]


def _row(sample: Sample, queues: Sequence[str], pools: Sequence[str]) -> list[str | int]:
    row: list[str | int] = [
        f"{sample.at_s:.3f}",
        sample.sent,
        sample.completed,
        sample.failed,
        sample.in_flight,
        *(sample.backlog.get(queue, "") for queue in queues),
    ]
    for pool in pools:
        use = sample.pools.get(pool)
        row.extend(("", "") if use is None else (f"{use[0]:.3f}", use[1]))
    row.extend((f"{sample.orchestrator_cpu_ratio:.3f}", sample.orchestrator_rss_bytes))
    others = sample.others_cpu_ratio
    row.append("" if others is None else f"{others:.3f}")
    return row
