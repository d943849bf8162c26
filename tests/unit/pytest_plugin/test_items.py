"""Which files are collected; that they are run is in tests/acceptance."""

import pytest

pytest_plugins = ["pytester"]


def collected(pytester: pytest.Pytester, *options: str) -> str:
    pytester.path.joinpath("nightly.lab.yaml").write_text("nothing: is read yet\n")
    pytester.path.joinpath("nightly.yaml").write_text("nothing: is read yet\n")
    done = pytester.runpytest_subprocess(
        "--collect-only", "-q", "-p", "no:cacheprovider", *options, timeout=60
    )
    return done.stdout.str()


def test_scenarios_are_tests_where_that_is_asked_for(pytester: pytest.Pytester) -> None:
    lines = collected(pytester, "-o", "celery_lab_collect=true").splitlines()
    assert lines[0] == "nightly.lab.yaml::passes"
    assert "nightly.yaml" not in "".join(lines)


def test_and_nothing_of_the_kind_where_it_is_not(pytester: pytest.Pytester) -> None:
    assert "no tests collected" in collected(pytester)
