from orchestrator.load.clock import NS_PER_S, after, now_ns, sleep_until


def test_after_adds_seconds_in_nanoseconds() -> None:
    assert after(5, 1.5) == 5 + 1_500_000_000


async def test_sleep_until_is_never_early() -> None:
    at_ns = now_ns() + NS_PER_S // 50
    await sleep_until(at_ns)
    assert now_ns() >= at_ns - 1_000_000  # the event loop rounds to its own clock's resolution


async def test_a_time_that_has_passed_returns_at_once() -> None:
    await sleep_until(now_ns() - NS_PER_S)
