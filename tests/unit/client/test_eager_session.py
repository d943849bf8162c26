import pytest
from celery import chain, group

from orchestrator.client.eager_session import EagerSession
from orchestrator.client.failures import EmptyCanvas
from tests.unit.client.recording_app import recording_app


async def test_eager_session() -> None:
    app = recording_app(task_always_eager=True)
    session = EagerSession(app)
    add, total = app.tasks["add"], app.tasks["total"]
    canvas = group(add.s(1, 2), chain(add.s(1, 1), add.s(5)))
    handles = await session.submit_all([add.s(1, 2), canvas, total.s([1, 2])])
    assert [await handle for handle in handles] == [3, [3, 7], 3]
    [failed] = await session.submit_all([total.s(["x"])])
    with pytest.raises(TypeError):
        await failed
    with pytest.raises(EmptyCanvas):
        await session.submit_all([chain()])
    await handles[0].revoke()
    handles[0].forget()
    await session.close()
