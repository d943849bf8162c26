"""Every Python snippet of docs/client.md runs, against a real Redis and a real worker."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.examples_fixture import EXAMPLES, ROOT, Examples, running_examples

GUIDE = (ROOT / "docs" / "client.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
FILES = [path.read_text() for path in EXAMPLES.glob("*.py")]
SNIPPETS = [block for block in BLOCKS if block not in FILES]

OPEN_CLIENT = """\
import asyncio
from celery import chain, chord, group, signature
from celery.exceptions import TaskRevokedError
from orchestrator import Client
from tasks_app import add, app, nap, note, refuse, total, trace_of

async def snippet(client):
{snippet}

async def main():
    async with Client(app) as client:
        await snippet(client)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    with running_examples(tmp_path_factory.mktemp("examples")) as made:
        yield made


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.splitlines()[0][:40])
def test_snippet_runs(examples: Examples, tmp_path: Path, snippet: str) -> None:
    program = tmp_path / "snippet.py"
    program.write_text(OPEN_CLIENT.format(snippet=textwrap.indent(snippet, "    ")))
    assert examples.run("-W", "error", str(program)) == ""


def test_examples_are_shown_as_they_are() -> None:
    for name in ("fastapi_app.py", "test_tasks.py"):
        assert (EXAMPLES / name).read_text() in BLOCKS, f"docs/client.md shows an old {name}"
    assert len(SNIPPETS) >= 8


def test_the_guides_tests_pass(examples: Examples) -> None:
    argv = ["-m", "pytest", "test_tasks.py", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider"]
    assert "2 passed" in examples.run(*argv)
