import json

import pytest

from orchestrator.cli import run_command


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["type"] == "object"
    assert "workloads" in schema["properties"]


def test_the_one_of_the_summary_is_printed_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["schema", "--summary"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert "verdicts" in schema["$defs"]["RunSummary"]["properties"]
