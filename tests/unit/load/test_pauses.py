import gc
import sys

from orchestrator.load.pauses import without_long_pauses


def test_what_was_there_before_is_looked_at_no_more() -> None:
    before = gc.get_freeze_count()
    with without_long_pauses():
        assert gc.get_freeze_count() > before + 1000
        made = [[number] for number in range(100)]
        assert any(each is made for each in gc.get_objects())
    assert gc.get_freeze_count() == 0


def test_threads_give_way_soon() -> None:
    before = sys.getswitchinterval()
    with without_long_pauses():
        assert sys.getswitchinterval() < 0.001
    assert sys.getswitchinterval() == before
