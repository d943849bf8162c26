from orchestrator.client.parts import Parts
from orchestrator.client.session import Parts as PartsOfSession
from tests.unit.client.recording_app import Recorder


def test_a_session_may_do_without_results_and_without_a_fast_road() -> None:
    recorder = Recorder()
    parts = Parts(recorder.backend, recorder.broker, recorder.capturer, object(), None, [])  # type: ignore[arg-type]
    assert (parts.fast, parts.blocks) == (None, None)
    assert PartsOfSession is Parts
