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
        "faults": [{"at": "4s", "kind": "worker-kill", "worker": "add"}],
    }
    found = [(mark["label"], mark["from_s"], mark["to_s"]) for mark in marks(scenario)]
    assert found == [
        ("warm-up", 0.0, 2.0),
        ("ramp begins", 1.0, None),
        ("ramp to 5/s", 4.0, None),
        ("worker-kill add", 4.0, None),
    ]


def test_a_scenario_that_cannot_be_read_has_no_marks() -> None:
    assert marks({}) == []
    assert marks({"warmup": 3, "workloads": ["x"], "faults": [{"at": "soon"}, "x"]}) == []
