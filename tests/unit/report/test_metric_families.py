import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from orchestrator.report.metric_families import (
    BUCKETS_S,
    Histogram,
    counter,
    exposition,
    gauge,
    histograms,
    info,
    one,
    summary,
)
from tests.unit.report.html.stored_run import HOSTILE


def samples(text: str) -> dict[tuple[str, ...], float]:
    """By name and the values of the labels."""
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    found: list[Sample] = [sample for family in families for sample in family.samples]
    keys = [(sample.name, *sample.labels.values()) for sample in found]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, (sample.value for sample in found), strict=True))


def test_each_kind_of_metric_is_read_back_as_it_was() -> None:
    text = exposition(
        [
            counter("a", "Counted.", ["x"], {("one",): 1, ("two",): 2.5}),
            gauge("b", "Now.", ["x", "y"], {("one", "two"): 3, ("none", "none"): None}),
            one("c", "Single.", 0.25),
            one("d", "Unknown.", None),
            info("e", "About.", {"version": "1"}),
            summary("f_seconds", "Long.", {"0.5": 0.1}, 7, 1.5),
            summary("g_seconds", "Of a sample.", {"0.5": 0.1}, None, None),
        ]
    )
    assert samples(text) == {
        ("a_total", "one"): 1, ("a_total", "two"): 2.5, ("b", "one", "two"): 3, ("c",): 0.25,
        ("e_info", "1"): 1, ("f_seconds_count",): 7, ("f_seconds_sum",): 1.5,
        ("f_seconds", "0.5"): 0.1, ("g_seconds", "0.5"): 0.1,
    }  # fmt: skip
    assert "# TYPE g_seconds gauge" in text
    assert "# HELP d " not in text
    assert text.endswith("# EOF\n")


def test_labels_that_come_out_the_same_are_one_series() -> None:
    middle = len(HOSTILE) // 2
    other = f"{HOSTILE[:middle]}y{HOSTILE[middle + 1 :]}"
    hostile = {(HOSTILE,): 1, (other,): 2, ('a\nb"\\',): 3}
    text = exposition([counter("a", "Counted.", ["x"], hostile), gauge("b", "", ["x"], hostile)])
    found = samples(text)
    assert sum(value for key, value in found.items() if key[0] == "a_total") == 6
    assert all(len(key[1]) <= 200 for key in found)
    assert len(found) == 2 + 2
    assert "\u202e" not in text


def test_a_duration_is_in_the_bucket_whose_bound_it_does_not_exceed() -> None:
    histogram = Histogram()
    for seconds in (0.0, 0.001, 0.0011, 1.0, 299.0, 300.0, 301.0):
        histogram.add(seconds)
    buckets = dict(histogram.buckets)
    assert list(buckets) == [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
    assert buckets["0.001"] == 2
    assert buckets["0.0025"] == 3
    assert buckets["1"] == 4
    assert buckets["300"] == 6
    assert buckets["+Inf"] == 7
    assert histogram.total_s == pytest.approx(901.0021)
    text = exposition([histograms("h_seconds", "Long.", ["x"], {("one",): histogram})])
    found = samples(text)
    assert found[("h_seconds_count", "one")] == 7
    assert found[("h_seconds_sum", "one")] == pytest.approx(901.0021)
