from orchestrator.client.amqp_failures import DeclarationRefused, UnroutableTasks
from orchestrator.client.failures import Unroutable
from orchestrator.errors import ClientError


def test_what_to_catch() -> None:
    error = UnroutableTasks(task_ids=["a", "b"])
    assert isinstance(error, Unroutable)
    assert error.task_ids == ("a", "b")
    assert "No queue is bound" in str(error)
    assert isinstance(DeclarationRefused(), ClientError)
