from orchestrator.scenario.tree import (
    Entry,
    ListTree,
    MapTree,
    Mark,
    Marks,
    Path,
    Scalar,
    dotted,
    plain,
)

TREE = MapTree(
    Mark("f", 1, 1),
    {
        "a": Entry(Mark("f", 1, 1), ListTree(Mark("f", 1, 4), (Scalar(Mark("f", 1, 5), 7),))),
        "b.c": Entry(
            Mark("f", 2, 1),
            MapTree(Mark("g", 9, 9), {"d": Entry(Mark("g", 9, 9), Scalar(Mark("g", 9, 12), None))}),
        ),
    },
)


def _place(path: Path, *, at_key: bool = False) -> tuple[str, int, int]:
    mark = Marks(TREE).mark(path, at_key=at_key)
    return mark.file, mark.line, mark.column


def test_plain_is_the_data() -> None:
    assert plain(TREE) == {"a": [7], "b.c": {"d": None}}


def test_a_path_is_found() -> None:
    assert _place(()) == ("f", 1, 1)
    assert _place(("a", 0)) == ("f", 1, 5)
    assert _place(("b.c", "d")) == ("g", 9, 12)
    assert _place(("b.c",), at_key=True) == ("f", 2, 1)


def test_a_path_that_leads_out_is_found_at_the_nearest_value() -> None:
    assert _place(("a", 5, "x")) == ("f", 1, 4)
    assert _place(("b.c", "missing")) == ("g", 9, 9)
    assert _place(("b.c", 0, "d")) == ("g", 9, 12)


def test_a_problem_is_on_one_line_and_masked() -> None:
    problem = Marks(TREE).problem(("b.c", "d"), "cannot\n reach redis://:pw@h")
    assert str(problem) == 'g:9:12: "b.c".d: cannot reach redis://:***@h'


def test_paths_are_written_as_set_takes_them() -> None:
    assert dotted(("a\nb",)) == '"a\\nb"'
    assert len(dotted(("x" * 1000,))) < 100
    assert dotted(("a", 0, "b.c", "")) == 'a.0."b.c".""'
