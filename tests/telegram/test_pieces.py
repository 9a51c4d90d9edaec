"""Cutting long texts: joined, the pieces are the text, and each one fits."""

import re

from hypothesis import given
from hypothesis import strategies as st

from vitte.dev.telegram.entities import Formatted, formatted
from vitte.telegram.pieces import LONGEST, html_pieces, pieces, units

# Letters, ends of sentences and paragraphs, and characters that take two UTF-16 units.
PARTS = st.characters(codec="utf-8") | st.sampled_from(["a", "ж", "😀", " ", ". ", "!", "\n\n"])
TEXTS = st.lists(PARTS, max_size=300).map("".join)
FACES = st.lists(st.sampled_from(["😀", "👨‍👩‍👧", "a"]), min_size=1, max_size=60)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(TEXTS, st.integers(2, 40))
def test_the_pieces_join_to_the_text_and_each_one_fits(text: str, longest: int) -> None:
    cut = list(pieces(text, longest))

    assert "".join(cut) == text
    assert all(0 < utf16(piece) <= longest for piece in cut)


@given(TEXTS)
def test_units_are_those_of_utf_16(text: str) -> None:
    assert units(text) == utf16(text)


@given(FACES.map("".join), st.integers(2, 9))
def test_no_surrogate_pair_is_cut(text: str, longest: int) -> None:
    for piece in pieces(text, longest):
        assert piece.encode("utf-16-le").decode("utf-16-le") == piece


def test_what_fits_stays_one_and_nothing_gives_nothing() -> None:
    assert list(pieces("a" * LONGEST)) == ["a" * LONGEST]
    assert list(pieces("")) == []


def test_a_character_of_two_units_does_not_slip_over_the_edge() -> None:
    text = "a" * (LONGEST - 1) + "😀"

    assert list(pieces(text)) == ["a" * (LONGEST - 1), "😀"]


def test_a_cut_falls_between_paragraphs_then_lines_then_sentences_then_words() -> None:
    assert list(pieces("one two. three\nfour\n\nfive six", 24)) == [
        "one two. three\nfour\n\n",
        "five six",
    ]
    assert list(pieces("one two. three\nfour five", 18)) == ["one two. three\n", "four five"]
    assert list(pieces("one two. three four", 12)) == ["one two. ", "three four"]
    assert list(pieces("one two three", 9)) == ["one two ", "three"]
    assert list(pieces("onetwothree", 6)) == ["onetwo", "three"]


def test_a_text_of_a_megabyte_is_cut_without_delay() -> None:
    text = "word " * 200_000

    assert "".join(pieces(text)) == text


# -- Texts in HTML

TAGS = [
    ("<b>", "</b>"),
    ("<i>", "</i>"),
    ('<a href="https://example.com/?a=1&amp;b=2">', "</a>"),
    ("<code>", "</code>"),
    ("<tg-spoiler>", "</tg-spoiler>"),
    ("<blockquote>", "</blockquote>"),
]
LETTERS = st.sampled_from(["a", "ж", "😀", " ", ". ", "\n", "&amp;", "&lt;", "&#128512;"])
WRITTEN: st.SearchStrategy[str] = st.lists(LETTERS, min_size=1, max_size=12).map("".join)


def tagged(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def tag(parts: list[str], around: tuple[str, str]) -> str:
        return around[0] + "".join(parts) + around[1]

    return st.builds(tag, st.lists(inner, min_size=1, max_size=3), st.sampled_from(TAGS))


HTML: st.SearchStrategy[str] = st.recursive(WRITTEN, tagged, max_leaves=5)
DOCUMENTS = st.lists(HTML, min_size=1, max_size=5).map("".join)


def read(html: str) -> Formatted:
    """What Telegram reads of it, but without its trimming: a mark stands at each end."""
    text, entities = formatted(f"|{html}|", "HTML")
    return Formatted(text[1:-1], entities)


def spread(reading: Formatted) -> list[frozenset[str]]:
    """Which entities each UTF-16 unit of a text is in."""
    inside: list[set[str]] = [set() for _ in range(utf16(reading.text) + 2)]
    for entity in reading.entities:
        for place in range(entity["offset"], entity["offset"] + entity["length"]):
            inside[place].add(f"{entity['type']} {entity.get('url', '')}")
    return [frozenset(each) for each in inside[1:-1]]


@given(DOCUMENTS, st.integers(4, 60))
def test_pieces_of_html_read_as_the_whole_does_and_each_fits(html: str, longest: int) -> None:
    whole = read(html)

    cut = [read(piece) for piece in html_pieces(html, longest)]

    assert "".join(piece.text for piece in cut) == whole.text
    assert [each for piece in cut for each in spread(piece)] == spread(whole)
    if len(html) > longest:
        assert all(0 < utf16(piece.text) <= longest for piece in cut)


@given(DOCUMENTS, st.integers(4, 60))
def test_no_entity_that_would_fit_is_cut(html: str, longest: int) -> None:
    """Of those that stand in no other: what is inside a longer one is cut with it."""
    if len(html) <= longest:
        return
    ends: set[int] = set()
    length = 0
    for piece in html_pieces(html, longest):
        length += utf16(read(piece).text)
        ends.add(length)

    for start, end in outermost(html):
        if end - start <= longest:
            assert not any(start < cut < end for cut in ends)


def outermost(html: str) -> list[tuple[int, int]]:
    """Where the outermost tags begin and end, in UTF-16 units of what is read."""
    found: list[tuple[int, int]] = []
    depth = begin = place = 0
    for token in re.finditer(r"<(/?)[^>]*>|&[^;]*;|.", html, re.DOTALL):
        if token[1] is None:
            place += utf16(read(token[0]).text)
            continue
        depth += -1 if token[1] else 1
        if depth == 1 and not token[1]:
            begin = place
        elif depth == 0:
            found.append((begin, place))
    return found


def test_html_that_fits_stays_as_it_is() -> None:
    assert list(html_pieces("<b>Anna</b> &amp; Boris")) == ["<b>Anna</b> &amp; Boris"]
    assert list(html_pieces("")) == []


def test_what_is_longer_than_a_message_is_closed_and_opened_again() -> None:
    cut = list(html_pieces("<b>one two <i>three</i> four</b>", 10))

    assert cut == ["<b>one two </b>", "<b><i>three</i> four</b>"]


def test_a_link_goes_whole_into_the_next_piece() -> None:
    link = '<a href="https://example.com">a longer link</a>'

    assert list(html_pieces(f"some words and {link}", 20)) == ["some words and ", link]


def test_html_of_a_megabyte_is_cut_without_delay() -> None:
    html = "<b>word</b> &amp; " * 60_000

    assert "".join(html_pieces(html)) == html
