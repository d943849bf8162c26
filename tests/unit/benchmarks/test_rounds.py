import pytest

from benchmarks.records import Row, Sample
from benchmarks.rounds import facts_per_task, figure_of, paired_ratios, quantile

ROW = Row("row", "title", "x", 3.0)


def test_a_ratio_is_that_of_its_round() -> None:
    assert paired_ratios([2.0, 30.0], [1.0, 10.0]) == (2.0, 3.0)


def test_sides_must_have_the_same_rounds() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired_ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("values", "status"), [([2, 3, 9], "held"), ([2, 2.9, 9], "missed")])
def test_the_median_is_judged(values: list[float], status: str) -> None:
    figure = figure_of(ROW, values, judged=True)
    assert figure.status == status
    assert (figure.value, figure.lowest, figure.highest) == (values[1], 2, 9)
    assert figure.repeats == 3


def test_a_scaled_down_run_is_not_judged() -> None:
    assert figure_of(ROW, [1.0], judged=False).status == "info"


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.1, 1), (0.5, 5), (0.9, 9), (0.91, 10), (1.0, 10)]
)
def test_quantiles_by_nearest_rank(share: float, expected: int) -> None:
    assert quantile(list(range(10, 0, -1)), share) == expected


def test_facts_name_contender_and_kind_of_time() -> None:
    facts = facts_per_task({"stock": [Sample(10, 1.0, 0.5), Sample(10, 2.0, 0.5)]}, "publish")
    assert [(fact.name, fact.values) for fact in facts] == [
        ("publish, stock: wall", (100_000.0, 200_000.0)),
        ("publish, stock: CPU", (50_000.0, 50_000.0)),
    ]
