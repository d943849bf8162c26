from typing import Any

from orchestrator.report.html.marks import marks


def test_the_warm_up_is_a_band_and_stages_are_moments() -> None:
    scenario = {
        "warmup": "2s",
        "workloads": {
            "flat": {"duration": "9s"},
            "ramp": {
                "start_time": "1s",
                "stages": [
                    {"duration": "3s", "target": "20/s"},
                    {"duration": "500ms", "target": "5/s"},
                ],
            },
        },
    }
    found = [(mark["label"], mark["from_s"], mark["to_s"]) for mark in marks(scenario)]
    assert found == [
        ("warm-up", 0.0, 2.0),
        ("ramp begins", 1.0, None),
        ("ramp to 5/s", 4.0, None),
    ]


def test_faults_are_bands_from_their_strike_to_their_end() -> None:
    faults: list[dict[str, Any]] = [
        {"kind": "worker-kill", "worker": "add", "struck_s": 4.01, "ended_s": 6.5},
        {"kind": "worker-kill", "worker": "add", "struck_s": 8.0, "ended_s": None},
        {"kind": "child-kill", "worker": "add", "struck_s": 9.0, "ended_s": 9.002},
        {"kind": "broker-pause", "worker": None, "struck_s": None, "ended_s": None},
    ]
    assert [tuple(mark.values()) for mark in marks({}, faults)] == [
        ("fault", "worker-kill add", 4.01, 6.5),
        ("fault", "worker-kill add", 8.0, None),
        ("fault", "child-kill add", 9.0, None),
    ]


def test_a_scenario_that_cannot_be_read_has_no_marks() -> None:
    assert marks({}) == []
    assert marks({"warmup": 3, "workloads": ["x"]}) == []
