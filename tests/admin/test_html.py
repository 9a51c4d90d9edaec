"""Markup: whatever is text stays text, wherever it is put."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from vitte.admin.html import Html, document, join, tag

NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='x", "</p>", "&lt;", "javascript:x")  # fmt: skip


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: Html) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


@given(st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_characters="\0\r", codec="utf-8"))))  # fmt: skip
def test_a_text_stays_a_text(text: str) -> None:
    found = read(tag("p", text, class_=text, data_name=text))

    assert found.tags == [("p", [("class", text), ("data-name", text)])]
    assert found.text == text


def test_children_are_anything_that_can_be_shown() -> None:
    made = tag("p", "a", None, 1, ["b", tag("b", "c")], (str(n) for n in range(2)))

    assert made == "<p>a1b<b>c</b>01</p>"


def test_attributes_are_left_out_bare_or_given() -> None:
    assert (
        tag("input", name="x", required=True, disabled=False, value=None)
        == '<input name="x" required>'
    )
    assert tag("label", for_="x", aria_label="y") == '<label for="x" aria-label="y"></label>'


def test_a_document_begins_with_its_type() -> None:
    assert document(tag("p")) == "<!doctype html>\n<p></p>"
    assert isinstance(join(["<"]), Html)
