from uuid import UUID

from orchestrator.client.ids import IdSource


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
