import pytest

from benchmarks.contender_main import contender
from benchmarks.contenders import CONTENDERS


@pytest.mark.parametrize("name", sorted(CONTENDERS))
def test_every_contender_is_where_the_registry_says(name: str) -> None:
    assert callable(contender(name))
