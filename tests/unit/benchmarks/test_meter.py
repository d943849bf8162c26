import time

from benchmarks.meter import PROFILER, metered, prepared


def test_sleep_is_wall_time_and_work_is_both() -> None:
    with metered() as slept:
        time.sleep(0.05)
    with metered() as worked:
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
    assert slept.wall_s >= 0.05
    assert slept.cpu_s < 0.04
    assert worked.cpu_s >= 0.05
    assert worked.wall_s >= worked.cpu_s * 0.9


def test_a_profiler_sees_what_the_clock_sees_and_not_what_was_prepared() -> None:
    seen: list[str] = []

    class Profiler:
        def __enter__(self) -> None:
            seen.append("on")

        def __exit__(self, *_: object) -> None:
            seen.append("off")

    token = PROFILER.set(Profiler())
    try:
        with prepared():
            seen.append("prepared")
        with metered():
            seen.append("measured")
    finally:
        PROFILER.reset(token)
    assert seen == ["prepared", "on", "measured", "off"]
