"""The pytest plugin in real runs of pytest, with real workers, and what it leaves behind."""

import signal
import subprocess
import sys

import pytest

from tests.acceptance.command import Command
from tests.acceptance.shop import SCENARIO, SHOP, run

pytest_plugins = ["pytester"]

# ---- workers ------------------------------------------------------------------------------------


def test_workers_in_plain_tests(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import pytest
        from celery import chord
        from orchestrator.errors import PoolFailed
        from shop import add, app, boom, die, slow, total

        def test_calls(celery_lab):
            with celery_lab.workers(app) as client:
                assert client.call(add.s(1, 2)) == 3
                assert client.gather(add.s(i, i) for i in range(20)) == [2 * i for i in range(20)]
                handle = client.submit(chord([add.s(i, i) for i in range(5)], total.s()))
                assert handle.result() == 20
                assert handle.done()
                assert handle.async_result.id == handle.id
                assert client.call(slow.s(5)) == 5
                with pytest.raises(ValueError, match="out of stock"):
                    client.call(boom.s())
                # Code under test that knows nothing of all this reaches the same workers.
                assert add.delay(3, 4).get(timeout=10) == 7
            assert app.conf.broker_url == "memory://"
            assert add.delay(1, 1).get() == 2  # eager again

        def test_two_pools_of_one_test_share_a_broker(celery_lab):
            with (
                celery_lab.workers(app, queues=["celery"], pool="solo") as client,
                celery_lab.workers("shop:app", queues=["slow"], pool="prefork", concurrency=1),
            ):
                assert client.call(add.s(1, 2)) == 3
                assert client.call(slow.s(7)) == 7

        def test_a_dead_worker_is_said(celery_lab):
            with pytest.raises(PoolFailed, match="exit code 3 during the run"):
                with celery_lab.workers(app, pool="solo") as client:
                    client.call(die.s())
        """
    )
    run(shop).assert_outcomes(passed=3)


def test_workers_in_asynchronous_tests_and_fixtures(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import asyncio
        import pytest
        from shop import add, app

        @pytest.fixture
        async def client(celery_lab):
            async with celery_lab.aworkers(app, concurrency=4) as client:
                yield client

        async def test_await(client):
            assert await client.call(add.s(1, 2), timeout=20) == 3
            handles = [await client.submit(add.s(i, 1)) for i in range(5)]
            assert await asyncio.gather(*handles) == [1, 2, 3, 4, 5]

        async def test_a_scenario(celery_lab):
            result = await asyncio.to_thread(celery_lab.run, "shop.yaml")
            result.assert_passed()
        """
    )
    run(shop).assert_outcomes(passed=2)


def test_workers_that_a_module_shares_and_its_own_config(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import pytest
        from shop import add, app

        @pytest.fixture(scope="module")
        def celery_lab_config():
            return {"pool": "prefork", "concurrency": 1, "env": {"SHOP": "open"}}

        @pytest.fixture(scope="module")
        def client(celery_lab_module):
            with celery_lab_module.workers(app, settings={"task_default_priority": 5}) as client:
                yield client

        def test_one(client):
            assert client.call(add.s(1, 2)) == 3
            assert app.conf.task_default_priority == 5

        def test_another(client):
            assert client.call(add.s(3, 4)) == 7
            assert ".> concurrency: 1 (prefork)" in (client.logs / "worker.log").read_text()
        """
    )
    run(shop).assert_outcomes(passed=2)


def test_a_failure_is_short_and_names_the_remedy(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        from celery import Celery

        def test_nowhere(celery_lab):
            with celery_lab.workers(Celery("nowhere", set_as_current=False)):
                pass

        def test_no_such_module(celery_lab):
            with celery_lab.workers("shopp:app"):
                pass

        def test_does_not_start(celery_lab):
            with celery_lab.workers("shop:app", pool="solo", options=["--no-such-option"]):
                pass
        """
    )
    done = run(shop)
    done.assert_outcomes(failed=3)
    text = done.stdout.str()
    assert "UsageError: the app 'nowhere' is in no module's variable" in text
    assert "AppNotLoaded: app 'shopp:app': there is no module 'shopp'" in text
    assert "PoolFailed: The worker pool 'worker' (solo) ended with exit code 2" in text
    assert "no such option" in text.lower()
    assert "site-packages" not in text, "frames that are not the user's"


# ---- scenarios ----------------------------------------------------------------------------------


def test_scenarios(shop: pytest.Pytester) -> None:
    shop.path.joinpath("nightly.lab.yaml").write_text(SCENARIO)
    shop.makepyfile(
        """
        import pytest

        def test_run(celery_lab, request):
            result = celery_lab.run("shop.yaml", set=["workloads.sums.iterations=3"], seed=5)
            result.assert_passed()
            assert result.value("sums") == 2 + 3 + 4
            assert result.verdicts["ok"] == 3
            assert 0 < result.metrics["task_duration"].p95_ms < 20_000
            assert result.thresholds[0].passed
            assert (result.directory / "summary.json").exists()
            assert ("celery_lab_report", str(result.report)) in request.node.user_properties

        def test_fails(celery_lab):
            wrong = {"workloads.sums.canvas.expect": {"value": 3}}
            celery_lab.run("shop.yaml", set=wrong).assert_passed()

        @pytest.mark.celery_lab(scenario="shop.yaml")
        def test_marked(celery_lab_result):
            assert celery_lab_result.counters["tasks_sent"] == 5

        @pytest.mark.celery_lab("shop.yaml", set={"thresholds.task_duration": ["p(95)<1ms"]})
        def test_marked_and_fails():
            raise RuntimeError("the body is not run")
        """
    )
    done = run(shop, "-o", "celery_lab_collect=true", "--celery-lab-out=runs", "-rA")
    done.assert_outcomes(passed=3, failed=2)
    done.stdout.fnmatch_lines(
        [
            "*AssertionError: scenario shop did not pass: verification failed (exit code 5)",
            "*wrong: 4 of 5 tasks",
            "*expected 3, got 2",
            f"*report: {shop.path}/runs/shop-*/report.html",
            "*did not pass: a threshold failed (exit code 1)",
            "*threshold task_duration: p(95)<1ms, observed *",
            "PASSED nightly.lab.yaml::passes",
        ]
    )
    assert "the body is not run" not in done.stdout.str()


def test_what_a_test_cannot_run_is_said_in_one_line(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import pytest

        def test_unknown_key(celery_lab):
            celery_lab.run("shop.yaml", sed=5)

        def test_no_file(celery_lab):
            celery_lab.run("shopp.yaml")

        def test_many_runs(celery_lab):
            celery_lab.run("shop.yaml", repeats=3)

        def test_no_marker(celery_lab_result):
            pass

        def test_no_such_pool(celery_lab):
            with celery_lab.workers("shop:app", pool="thread"):
                pass
        """
    )
    done = run(shop)
    done.assert_outcomes(failed=4, errors=1)
    text = done.stdout.str()
    assert "unknown key (did you mean 'seed'?)" in text
    assert "shopp.yaml:1:1: cannot be read" in text
    assert "means 3 runs, and a test makes one" in text
    assert "celery_lab_result needs the marker" in text
    assert "there is no pool 'thread': take one of prefork" in text


# ---- an early end ------------------------------------------------------------------------------

INTERRUPTIBLE = """\
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell has it ignored
sys.exit(pytest.main(["-p", "no:cacheprovider", *sys.argv[1:]]))
"""


def test_an_interrupt_ends_the_run_and_all_that_was_started(
    shop: pytest.Pytester, command: Command
) -> None:
    endless = """{
        "workloads.sums": {"executor": "constant-vus", "vus": 1, "duration": "300s",
                           "canvas": {"task": "mark", "args": []}},
    }"""
    shop.makepyfile(
        shop=f"{SHOP}@app.task\ndef mark():\n    open('running', 'w').close()\n",
        test_endless=f"""
        def test_run(celery_lab):
            celery_lab.run("shop.yaml", set={endless})
        """,
    )
    argv = [sys.executable, "-c", INTERRUPTIBLE, "--celery-lab-out=runs"]
    with subprocess.Popen(argv, cwd=shop.path, stdout=subprocess.PIPE, text=True) as process:
        try:
            command.wait_until((shop.path / "running").exists, within_s=60)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=40)
        finally:
            process.kill()
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in out


# ---- among other plugins ------------------------------------------------------------------------


def test_it_stands_beside_celerys_own_plugin(shop: pytest.Pytester) -> None:
    shop.makeconftest('pytest_plugins = ["celery.contrib.pytest"]')
    shop.makepyfile(
        """
        def test_theirs(celery_app, celery_worker):
            @celery_app.task
            def double(x): return 2 * x
            celery_worker.reload()
            assert double.delay(4).get(timeout=10) == 8

        def test_ours(celery_lab):
            from shop import add, app
            with celery_lab.workers(app, pool="solo") as client:
                assert client.call(add.s(1, 2)) == 3
        """
    )
    # Celery's in-process worker warns and leaks as it likes.
    run(shop, "-Wignore", "-ofilterwarnings=").assert_outcomes(passed=2)


def test_it_costs_nothing_where_it_is_not_used(shop: pytest.Pytester) -> None:
    """In a pytest without other plugins: anyio has one of its own, which imports anyio."""
    shop.makeini("[pytest]\n")
    shop.makepyfile(
        """
        import sys

        def test_nothing_heavy_was_imported(pytestconfig):
            assert pytestconfig.pluginmanager.hasplugin("orchestrator.pytest_plugin")
            heavy = {"celery", "kombu", "redis", "numpy", "anyio", "pydantic", "rich", "asyncio"}
            assert not heavy & set(sys.modules)
        """
    )
    shop.path.joinpath("shop.py").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        run(shop, "-p", "orchestrator.pytest_plugin").assert_outcomes(passed=1)


def test_the_entry_point_is_installed(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        def test_loaded(pytestconfig):
            assert pytestconfig.pluginmanager.hasplugin("celery_lab")
        """
    )
    run(shop, "--strict-markers").assert_outcomes(passed=1)
