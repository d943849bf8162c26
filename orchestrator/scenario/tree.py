"""A document as read: values that know where they were written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import Problem
from orchestrator.scenario.masking import mask_text

Path = tuple[str | int, ...]
"""The way from a scenario's root to a value: keys, and positions in lists."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; line and column count from 1, in characters."""

    file: str
    line: int = 1
    column: int = 1

    def problem(self, path: Path, message: str) -> Problem:
        """What is wrong here; secrets in the message are masked, and it is on one line."""
        text = " ".join(mask_text(message).split())
        return Problem(self.file, self.line, self.column, dotted(path), text)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null."""

    mark: Mark
    value: str | int | float | bool | None

    @property
    def weight(self) -> int:
        return 1 + (len(self.value) // 100 if isinstance(self.value, str) else 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a mapping."""

    key_mark: Mark
    value: "Tree"


@dataclass(frozen=True, slots=True)
class ListTree:
    """A list; `weight` is its size when every alias in it is written out."""

    mark: Mark
    members: Sequence["Tree"]
    weight: int = 1


@dataclass(frozen=True, slots=True)
class MapTree:
    """A mapping in the order of the file; `weight` as for a list."""

    mark: Mark
    entries: Mapping[str, Entry]
    weight: int = 1


Tree = Scalar | ListTree | MapTree


def plain(tree: Tree) -> Any:
    """The dicts, lists and scalars of a tree, without the marks."""
    if isinstance(tree, Scalar):
        return tree.value
    if isinstance(tree, ListTree):
        return [plain(member) for member in tree.members]
    return {key: plain(entry.value) for key, entry in tree.entries.items()}


def dotted(path: Path) -> str:
    """`workloads.sums.canvas.chain.0`; a key that holds a dot is quoted, as `--set` takes it."""
    return ".".join(_part(part) for part in path)


def _part(part: str | int) -> str:
    text = str(part)
    if len(text) > 80:
        text = f"{text[:80]}..."
    if not text.isprintable():
        text = text.encode("unicode_escape").decode("ascii")
        return f'"{text}"'
    return f'"{text}"' if not text or "." in str(part) else text


@dataclass(frozen=True, slots=True)
class Marks:
    """Finds the place in the files for a path into the scenario."""

    root: Tree

    def problem(self, path: Path, message: str, *, at_key: bool = False) -> Problem:
        """A problem at the value of `path` (at its key with `at_key`); where the path leads out of
        the document, at the nearest value around it."""
        return self.mark(path, at_key=at_key).problem(path, message)

    def mark(self, path: Path, *, at_key: bool = False) -> Mark:
        tree = self.root
        mark = tree.mark
        for position, part in enumerate(path):
            step = _step(tree, part)
            if step is None:
                # `link: {...}` stands for `link: [{...}]`, so a 0 may have no place of its own.
                if part == 0 and isinstance(tree, MapTree):
                    continue
                break
            key_mark, tree = step
            last = position == len(path) - 1
            mark = key_mark if at_key and last else tree.mark
        return mark


def _step(tree: Tree, part: str | int) -> tuple[Mark, Tree] | None:
    if isinstance(tree, MapTree):
        entry = tree.entries.get(str(part))
        return (entry.key_mark, entry.value) if entry else None
    if isinstance(tree, ListTree) and isinstance(part, int) and part < len(tree.members):
        member = tree.members[part]
        return member.mark, member
    return None
