"""Every Python snippet that shows the client runs, against a real Redis and a real worker."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.examples_fixture import EXAMPLES, ROOT, Examples, running_examples

BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
GUIDE = (ROOT / "docs" / "client.md").read_text()
BLOCKS = BLOCK.findall(GUIDE)
FILES = [path.read_text() for path in EXAMPLES.glob("*.py")]
HERE = "<!-- run by tests/integration/test_client_docs.py -->\n\n"
HOW_TO = (ROOT / "docs" / "howto" / "celery-from-fastapi.md").read_text()
SNIPPETS = [
    *(block for block in BLOCKS if block not in FILES),
    *(block for text in HOW_TO.split(HERE)[1:] for block in BLOCK.findall(text)[:1]),
]

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


def test_the_snippet_of_the_readme_runs(examples: Examples, tmp_path: Path) -> None:
    """With fewer tasks than it shows."""
    (shown,) = BLOCK.findall((ROOT / "README.md").read_text())
    assert shown.count("range(100_000)") == 1
    lines = shown.replace("range(100_000)", "range(100)").splitlines()
    imports = [line for line in lines if line.startswith("from ")]
    program = tmp_path / "readme.py"
    program.write_text(
        "\n".join(
            [
                "import asyncio",
                "from celery import group",
                "from tasks_app import add, app, total",
                *imports,
                "async def main():",
                *(f"    {line}" for line in lines if line not in imports),
                "asyncio.run(main())",
            ]
        )
    )
    printed = examples.run("-W", "error", str(program)).splitlines()
    assert printed[0] == str(sum(2 * i for i in range(1000)))
    assert sorted(int(line.split()[1]) for line in printed[1:]) == list(range(1, 101))


def test_examples_are_shown_as_they_are() -> None:
    for name in ("fastapi_app.py", "test_tasks.py"):
        assert (EXAMPLES / name).read_text() in BLOCKS, f"docs/client.md shows an old {name}"
    assert len(SNIPPETS) >= 9


def test_the_guides_tests_pass(examples: Examples) -> None:
    argv = ["-m", "pytest", "test_tasks.py", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider"]
    assert "2 passed" in examples.run(*argv)
