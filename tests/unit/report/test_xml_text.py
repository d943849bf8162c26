import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report.xml_text import xml_line, xml_text

ANY = st.text(st.characters(exclude_categories=()), max_size=60)


@given(ANY)
def test_any_text_can_be_written_and_read_back(text: str) -> None:
    written = xml_text(text)
    node = ET.Element("x", {"y": xml_line(text)})
    node.text = written
    again = ET.fromstring(ET.tostring(node, encoding="unicode"))
    assert (again.text or "") == written
    assert again.get("y") == xml_line(text)


def test_what_is_forbidden_is_spelled_out_and_nothing_else() -> None:
    assert xml_text("a\x00b\x1bc\ufffe\ud800") == "a\\x00b\\x1bc\\ufffe\\ud800"
    assert xml_text("é\tx\ny\r\nz 😀") == "é\tx\ny\nz 😀"


def test_an_attribute_is_one_bounded_line() -> None:
    line = xml_line("a\nb" + "x" * 10_000, 100)
    assert len(line) == 100
    assert line.startswith("a\\x0ab")
