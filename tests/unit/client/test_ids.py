from uuid import UUID

import pytest

from orchestrator.client.ids import PAGE, IdSource


def test_ids_are_valid_random_uuids_in_one_family() -> None:
    source = IdSource()
    ids = [source() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    for task_id in ids:
        assert str(UUID(task_id)) == task_id
        assert UUID(task_id).version == 4
        assert task_id.startswith(source.prefix)


def test_sources_know_their_own() -> None:
    one, other = IdSource(), IdSource()
    assert one.owns(one())
    assert not one.owns(other())
    assert not one.owns("mine")


def test_many_at_once() -> None:
    source = IdSource()
    one, other = source.take(PAGE + 2), source.take(3)
    ids = [*one, *other, source()]
    assert len(set(ids)) == len(ids) == PAGE + 6
    assert (len(one), one.pages, other.pages) == (PAGE + 2, 2, 1)
    for task_id in (one[0], one[-1], one[PAGE - 1], other[2]):
        assert str(UUID(task_id)) == task_id
        assert UUID(task_id).version == 4
        assert source.owns(task_id)
    assert one[PAGE].startswith(one.head(1))
    assert one[1:4] == [one[1], one[2], one[3]]
    for outside in (PAGE + 2, -PAGE - 3):
        with pytest.raises(IndexError):
            _ = one[outside]
