"""YAML text -> a `Tree` with a mark on every value.

Built from libyaml's events and not by its composer: the composer recurses in C without a bound,
drops duplicate keys, and expands "billion laughs" before anyone can count.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from orchestrator.errors import Problem, ScenarioError
from orchestrator.scenario.scalars import resolve, substitute, tagged, unknown_tag
from orchestrator.scenario.tree import Entry, ListTree, MapTree, Mark, Path, Scalar, Tree

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 64
MAX_ALIASED = 10_000
"""Values that aliases (`*name`) may stand for in all."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


@dataclass(slots=True)
class _Frame:
    """A collection that is being read; `key` is set between a key and its value."""

    mark: Mark
    anchor: str | None
    is_map: bool
    members: list[Tree] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    merges: list[tuple[Mark, Tree]] = field(default_factory=list)
    weight: int = 1
    key: str | None = None
    key_mark: Mark | None = None
    merging: bool = False
    repeated: bool = False


def read_yaml(
    text: str, file: str, environ: Mapping[str, str], *, column: int = 1
) -> tuple[Tree, list[Problem]]:
    """Read one document. Gives its tree and what is wrong with single values in it; raises
    ScenarioError where there is no tree to give. `column` is where the first line starts."""
    reader = _Reader(file, environ, column)
    reader.check_text(text)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            reader.take(event)
    except yaml.MarkedYAMLError as exc:
        raise ScenarioError([reader.syntax_problem(exc, text)]) from exc
    except yaml.YAMLError as exc:
        raise ScenarioError([Mark(file).problem((), f"not valid YAML: {exc}")]) from exc
    if reader.root is None:
        raise ScenarioError([Mark(file, 1, column).problem((), "the file is empty")])
    return reader.root, reader.problems


class _Reader:
    def __init__(self, file: str, environ: Mapping[str, str], column: int) -> None:
        self.root: Tree | None = None
        self.problems: list[Problem] = []
        self._file = file
        self._environ = environ
        self._column = column
        self._stack: list[_Frame] = []
        self._anchors: dict[str, Tree | None] = {}
        self._aliased = 0
        self._documents = 0

    def check_text(self, text: str) -> None:
        """ScenarioError for what no YAML may hold."""
        if len(text) > MAX_CHARACTERS:
            self._refuse(
                Mark(self._file), f"the file is too large: at most {MAX_CHARACTERS} characters"
            )
        match = yaml.reader.Reader.NON_PRINTABLE.search(text)
        if match:
            before = text[: match.start()]
            line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
            self._refuse(
                self._at(line, column),
                f"the character U+{ord(match[0]):04X} is not allowed in YAML",
            )

    def syntax_problem(self, exc: yaml.MarkedYAMLError, text: str) -> Problem:
        yaml_mark: Any = exc.problem_mark or exc.context_mark
        lines = text.split("\n")
        message = f"not valid YAML: {exc.problem or exc.context}"
        if exc.problem and exc.context:
            message += f" ({exc.context})"
        if yaml_mark is None or yaml_mark.line >= len(lines):
            return self._at(len(lines) - 1, len(lines[-1])).problem((), message)
        if "${" in lines[yaml_mark.line]:
            message += ' (inside [] and {} a variable is quoted: "${NAME}")'
        return self._mark(yaml_mark).problem((), message)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(
                    self._mark(event.start_mark), "a second document: a file holds one scenario"
                )

    def _mark(self, mark: Any) -> Mark:
        return self._at(mark.line, mark.column)

    def _at(self, line: int, column: int) -> Mark:
        """The mark of a place that counts from 0."""
        return Mark(self._file, line + 1, column + (self._column if line == 0 else 1))

    def _refuse(self, mark: Mark, message: str) -> None:
        raise ScenarioError([*self.problems, mark.problem(self._path(), message)])

    def _path(self) -> Path:
        path: list[str | int] = []
        for frame in self._stack:
            if not frame.is_map:
                path.append(len(frame.members))
            elif frame.key is not None:
                path.append(frame.key)
        return tuple(path)

    def _wants_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].is_map and self._stack[-1].key is None

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        mark = self._mark(event.start_mark)
        if self._wants_key():
            is_merge = event.value == "<<" and event.implicit[0]
            self._key(self._substituted(event.value, mark), mark, is_merge=is_merge)
            if event.anchor:
                self._anchors[event.anchor] = Scalar(mark, event.value)
            return
        tree = Scalar(mark, self._value(event, mark))
        if event.anchor:
            self._anchors[event.anchor] = tree
        self._add(tree)

    def _substituted(self, text: str, mark: Mark) -> str:
        try:
            return substitute(text, self._environ)
        except ValueError as exc:
            self.problems.append(mark.problem(self._path(), str(exc)))
            return text

    def _value(self, event: yaml.ScalarEvent, mark: Mark) -> Any:
        text = self._substituted(event.value, mark)
        try:
            if event.tag is not None:
                return tagged(text, event.tag)
            return resolve(text) if event.implicit[0] else text
        except ValueError as exc:
            self.problems.append(mark.problem(self._path(), str(exc)))
            return text

    def _key(self, key: str, mark: Mark, *, is_merge: bool) -> None:
        frame = self._stack[-1]
        frame.key, frame.key_mark, frame.merging = key, mark, is_merge
        first = frame.merges[0][0] if is_merge and frame.merges else None
        if not is_merge and key in frame.entries:
            first = frame.entries[key].key_mark
        frame.repeated = first is not None
        if first is not None:
            self.problems.append(
                mark.problem(
                    self._path(),
                    f"the key is here a second time: it is in line {first.line} already",
                )
            )

    def _alias(self, event: yaml.AliasEvent) -> None:
        mark = self._mark(event.start_mark)
        name = str(event.anchor)
        if name not in self._anchors:
            self._refuse(mark, f"the alias *{name[:60]} has no anchor &{name[:60]} before it")
        tree = self._anchors[name]
        if tree is None:
            self._refuse(mark, f"the alias *{name[:60]} stands inside its own anchor")
            return
        if self._wants_key():
            if not isinstance(tree, Scalar):
                self._refuse(mark, "a key is a word, not a list or a mapping")
            self._key(str(getattr(tree, "value", "")), mark, is_merge=False)
            return
        self._aliased += tree.weight
        if self._aliased > MAX_ALIASED:
            self._refuse(mark, f"the aliases stand for too many values: at most {MAX_ALIASED}")
        self._add(tree)

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        mark = self._mark(event.start_mark)
        if self._wants_key():
            self._refuse(
                mark, "a key is a word, not a list or a mapping (quote a key that holds braces)"
            )
        if len(self._stack) >= MAX_DEPTH:
            self._refuse(mark, f"nested too deeply: at most {MAX_DEPTH} levels")
        if event.tag not in _COLLECTION_TAGS:
            self.problems.append(mark.problem(self._path(), unknown_tag(event.tag)))
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Frame(mark, event.anchor, isinstance(event, yaml.MappingStartEvent)))

    def _close(self) -> None:
        frame = self._stack.pop()
        tree: Tree
        if frame.is_map:
            tree = MapTree(frame.mark, self._merged(frame), frame.weight)
        else:
            tree = ListTree(frame.mark, tuple(frame.members), frame.weight)
        if frame.anchor:
            self._anchors[frame.anchor] = tree
        self._add(tree)

    def _add(self, tree: Tree) -> None:
        if not self._stack:
            self.root = tree
            return
        frame = self._stack[-1]
        frame.weight += tree.weight
        if not frame.is_map:
            frame.members.append(tree)
            return
        key, key_mark = frame.key, frame.key_mark
        frame.key = None
        if key is None or key_mark is None or frame.repeated:
            return
        if frame.merging:
            frame.merges.append((key_mark, tree))
        else:
            frame.entries[key] = Entry(key_mark, tree)

    def _merged(self, frame: _Frame) -> dict[str, Entry]:
        """`<<`: what the mapping itself says wins, then the first of a list."""
        entries = dict(frame.entries)
        for mark, tree in frame.merges:
            for source in _sources(tree):
                if isinstance(source, MapTree):
                    entries = {**source.entries, **entries}
                else:
                    self.problems.append(
                        mark.problem(self._path(), "<< takes a mapping or a list of mappings")
                    )
        return entries


def _sources(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, ListTree):
        yield from tree.members
    else:
        yield tree
