import pytest

from orchestrator.scenario.quantities import duration_s, rate_per_s, shown, size_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("10s", 10.0),
        ("1m30s", 90.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("1.5s", 1.5),
        ("1s500ms", 1.5),
        ("0s", 0.0),
    ],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "-5s", "5 s", "10:30", "1s1m", "1s1s", "5S", "1m-3s", "5s\n", "٣s", "1e3s"]
)
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration: write for example 250ms"):
        duration_s(text)


def test_a_bare_number_shows_the_fix() -> None:
    with pytest.raises(ValueError, match="write 10s"):
        duration_s("10")
    with pytest.raises(ValueError, match="write 20/s"):
        rate_per_s("20")
    with pytest.raises(ValueError, match="write 4B"):
        size_bytes("4")


def test_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        duration_s("367d")
    with pytest.raises(ValueError, match="too long"):
        duration_s("9" * 400 + "s")
    with pytest.raises(ValueError, match="too fast"):
        rate_per_s("9" * 400 + "/s")
    with pytest.raises(ValueError, match="too large"):
        size_bytes("9" * 400 + "B")


def test_rates_are_per_second() -> None:
    assert rate_per_s("200/s") == 200
    assert rate_per_s("30/m") == 0.5
    assert rate_per_s("7200/h") == pytest.approx(2)
    with pytest.raises(ValueError, match="not a rate"):
        rate_per_s("5/d")


def test_sizes_are_bytes() -> None:
    assert [size_bytes(text) for text in ("10B", "1kB", "4KiB", "1.5KiB", "1MB")] == [
        10,
        1000,
        4096,
        1536,
        1_000_000,
    ]
    with pytest.raises(ValueError, match="whole number of bytes"):
        size_bytes("0.5B")
    with pytest.raises(ValueError, match="not a size"):
        size_bytes("4kib")


def test_shown_is_short_and_on_one_line() -> None:
    assert shown("a\nb") == "'a\\nb'"
    assert len(shown("x" * 1000)) < 70
    assert shown({"a": 1}) == "a mapping"
    assert shown([1]) == "a list"
    assert shown(None) == "null"
    assert shown(True) == "true"
    assert shown(10**5000) == "a very large number"
