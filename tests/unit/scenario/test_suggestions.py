import pytest

from orchestrator.scenario.suggestions import did_you_mean, listed


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("concurency", ["concurrency", "count"], " (did you mean 'concurrency'?)"),
        ("Gevent", ["gevent"], " (did you mean 'gevent'?)"),
        ("max-in-flight", ["max_in_flight"], " (did you mean 'max_in_flight'?)"),
        ("zzz", ["gevent"], ""),
        ("", ["gevent"], ""),
    ],
)
def test_the_nearest_word_is_suggested(word: str, known: list[str], hint: str) -> None:
    assert did_you_mean(word, known) == hint


def test_words_are_listed_in_order() -> None:
    assert listed(["b", "a"]) == "b, a"
