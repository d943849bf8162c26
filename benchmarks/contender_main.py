"""The process of one contender: a request per line on stdin, a sample per line on stdout.

Run as `python -m benchmarks.contender_main NAME [CORE]`. It ends when stdin does.
"""

import dataclasses
import importlib
import json
import os
import sys
from typing import IO

import anyio
import anyio.to_thread

from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.cores import move_to


def main(argv: list[str]) -> None:
    move_to(int(argv[1]) if len(argv) > 1 else None)
    # What anything prints by mistake must not be taken for a sample.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    anyio.run(_serve, contender(argv[0]), answers)


def contender(name: str) -> Contender:
    """Import one of `CONTENDERS`."""
    module, _, function = CONTENDERS[name].partition(":")
    found: Contender = getattr(importlib.import_module(module), function)
    return found


async def _serve(make: Contender, answers: IO[str]) -> None:
    async with make() as repeat:
        answers.write('{"ready": true}\n')
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            try:
                answer = dataclasses.asdict(await repeat(int(line)))
            except Exception as exc:  # whatever it is, the other end of the pipe must hear of it
                answer = {"error": str(exc) or repr(exc), "kind": type(exc).__name__}
            answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
