import pytest

from orchestrator.report.experiment_models import CapacitySummary, ExperimentSummary
from orchestrator.report.summary_models import Part
from tests.unit.report.test_summary_models import bare_keys


@pytest.mark.parametrize("model", [ExperimentSummary, CapacitySummary])
def test_every_key_is_described_with_its_unit(model: type[Part]) -> None:
    assert bare_keys(model.model_json_schema()) == []
