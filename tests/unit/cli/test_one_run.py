import pytest

from orchestrator.cli.one_run import worst
from orchestrator.errors import ExitCode


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0], 0),
        ([0, 1], 1),
        ([1, 5], 5),
        ([5, 3, 1], 3),
        ([0, 130], 130),
        ([4, 130], 4),
    ],
)
def test_verification_outranks_thresholds_and_so_on(codes: list[int], expected: int) -> None:
    assert worst([ExitCode(code) for code in codes]) == expected
