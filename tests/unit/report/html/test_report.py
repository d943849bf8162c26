from pathlib import Path

from orchestrator.report.html.report import write_html
from orchestrator.report.run_directory import write_run_directory
from tests.unit.report.html.stored_run import HOSTILE, store
from tests.unit.report.result_factory import PASSWORD, make_result, make_task


def test_the_page_is_rendered_again_as_the_run_wrote_it(tmp_path: Path) -> None:
    store(tmp_path)
    path = tmp_path / "report.html"
    first = path.read_bytes()
    path.unlink()
    assert write_html(tmp_path) == path
    assert path.read_bytes() == first
    assert PASSWORD.encode() not in first


def test_a_run_without_any_task_has_a_page(tmp_path: Path) -> None:
    write_run_directory(make_result([], samples=[]), tmp_path)
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_the_page_does_not_grow_with_the_number_of_tasks(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    store(few, [make_task(number) for number in range(4000)])
    store(many, [make_task(number % 4000, id=f"{number:036}") for number in range(12_000)])
    sizes = [(place / "report.html").stat().st_size for place in (few, many)]
    assert sizes[1] < 1.1 * sizes[0]
    assert sizes[1] < 300_000


def test_hostile_names_are_written_as_data(tmp_path: Path) -> None:
    store(tmp_path, [make_task(0, task=HOSTILE, queue=HOSTILE, worker=HOSTILE)])
    text = (tmp_path / "report.html").read_text()
    assert text.count("</script>") == 3
    assert "<img" not in text
