from celery import Celery

from orchestrator.observe.backlog import open_backlog
from orchestrator.observe.rabbitmq_backlog import RabbitBacklog
from orchestrator.observe.redis_backlog import RedisBacklog


async def test_the_kind_of_the_broker_decides() -> None:
    app = Celery("backlog", set_as_current=False)
    for url, kind in (("redis://h/0", RedisBacklog), ("amqp://h//", RabbitBacklog)):
        backlog = open_backlog(app, url, ["add"], private=True, held=None)
        assert isinstance(backlog, kind)
        await backlog.aclose()
