import time

from benchmarks.meter import metered


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
