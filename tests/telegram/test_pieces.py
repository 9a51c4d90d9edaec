"""Cutting long texts: joined, the pieces are the text, and each one fits."""

from hypothesis import given
from hypothesis import strategies as st

from vitte.telegram.pieces import LONGEST, pieces, units

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
