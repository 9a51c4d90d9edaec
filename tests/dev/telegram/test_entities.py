from collections.abc import Iterator
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitte.dev.telegram import Refused
from vitte.dev.telegram.entities import Entity, Formatted, formatted, length
from vitte.markup import READERS

# Text as people write it: any character but lone surrogates and control characters.
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)


def cut(text: str, entity: Entity) -> str:
    """The part of a text that an entity covers, counted in UTF-16 units."""
    start, end = entity["offset"], entity["offset"] + entity["length"]
    return text.encode("utf-16-le")[start * 2 : end * 2].decode("utf-16-le")


def parts(read: Formatted) -> list[tuple[str, str]]:
    return [(entity["type"], cut(read.text, entity)) for entity in read.entities]


def complaint(text: str, mode: str) -> str:
    with pytest.raises(Refused) as caught:
        formatted(text, mode)
    assert caught.value.status == 400
    return caught.value.description.removeprefix("Bad Request: ")


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("<b>bold</b>", "bold", [("bold", "bold")]),
        ("<STRONG>a</STRONG><i>b</i><em>c</em>", "abc", ["bold", "italic", "italic"]),
        ("<u>a</u><ins>b</ins><s>c</s><del>d</del>", "abcd", None),
        ("👋 <b>👨‍👩‍👧 family</b>", "👋 👨‍👩‍👧 family", [("bold", "👨‍👩‍👧 family")]),
        ("<b>a<i>b</i></b>", "ab", [("bold", "ab"), ("italic", "b")]),
        ("&lt;b&gt; &amp;amp; &quot;&#33;&#x1F44B;", '<b> &amp; "!👋', []),
        ("&nbsp; stays, so does & and &;", "&nbsp; stays, so does & and &;", []),
        ("<tg-spoiler>a</tg-spoiler>", "a", [("spoiler", "a")]),
        ('<span class="tg-spoiler">a</span>', "a", [("spoiler", "a")]),
        ("<code>a</code>", "a", [("code", "a")]),
        ("<pre>a</pre>", "a", [("pre", "a")]),
        ("<blockquote>a</blockquote>", "a", [("blockquote", "a")]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", "a")]),
        ("<b></b>nothing", "nothing", []),
        ("<b>any end</>", "any end", [("bold", "any end")]),
    ],
)
def test_html_is_read(source: str, text: str, found: list[Any] | None) -> None:
    read = formatted(source, "HTML")

    assert read.text == text
    if found is not None:
        kinds = [entry if isinstance(entry, str) else entry[0] for entry in found]
        assert [entity["type"] for entity in read.entities] == kinds
        assert all(entry in parts(read) for entry in found if not isinstance(entry, str))


def test_html_links_and_mentions_keep_where_they_lead() -> None:
    read = formatted(
        '<a href="https://example.com/?a=1&amp;b=2">a</a> <a href="tg://user?id=42">b</a> '
        '<a href="example.com">c</a> <a href="no address">d</a> <a>example.org</a>',
        "HTML",
    )

    links = [entity for entity in read.entities if entity["type"] == "text_link"]
    [mention] = [entity for entity in read.entities if entity["type"] == "text_mention"]
    assert [link["url"] for link in links] == [
        "https://example.com/?a=1&b=2",
        "http://example.com/",
        "http://example.org/",
    ]
    assert mention["user"]["id"] == 42


def test_code_with_a_language_is_one_block() -> None:
    source = '<pre><code class="language-python">print()</code></pre>'

    [entity] = formatted(source, "HTML").entities

    assert entity == {"type": "pre", "offset": 0, "length": 7, "language": "python"}


def test_custom_emoji_and_moments_keep_what_they_name() -> None:
    source = '<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji><tg-time unix="1700000000">x</tg-time>'

    emoji, moment = formatted(source, "html").entities

    assert emoji["custom_emoji_id"] == "5368324170671202286"
    assert moment == {"type": "date_time", "offset": 2, "length": 1, "unix_time": 1_700_000_000}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("ä<blink>a</blink>", 'Unsupported start tag "blink" at byte offset 2'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a ="x">a</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x/y>a</a>", "Unexpected end of name token at byte offset 8"),
        ('<a href="x>a</a>', "Unclosed start tag at byte offset 0"),
        ('<tg-emoji emoji-id="x">a</tg-emoji>', "Invalid custom emoji identifier specified"),
    ],
)
def test_broken_html_is_refused_with_the_place(source: str, words: str) -> None:
    assert complaint(source, "HTML") == f"can't parse entities: {words}"


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("*bold*", "bold", [("bold", "bold")]),
        ("_a_ __b__ ~c~ ||d||", "a b c d", ["italic", "underline", "strikethrough", "spoiler"]),
        ("`a*b` ```\nc_d```", "a*b c_d", ["code", "pre"]),
        ("*a _b_ c*", "a b c", [("bold", "a b c"), ("italic", "b")]),
        ("a\\.b\\*", "a.b*", []),
        ("[a](https://example.com/\\))", "a", ["text_link"]),
        (">a\n>b\nc", "a\nb\nc", [("blockquote", "a\nb")]),
        (">a\n>b||\nc", "a\nb\nc", [("expandable_blockquote", "a\nb")]),
        ("👋 *👨‍👩‍👧*", "👋 👨‍👩‍👧", [("bold", "👨‍👩‍👧")]),
    ],
)
def test_markdown_2_is_read(source: str, text: str, found: list[Any]) -> None:
    read = formatted(source, "MarkdownV2")

    assert read.text == text
    assert len(read.entities) == len(found)
    for entry in found:
        if isinstance(entry, str):
            assert entry in {entity["type"] for entity in read.entities}
        else:
            assert entry in parts(read)


def test_markdown_2_keeps_languages_links_and_emoji() -> None:
    code, link, emoji = formatted(
        "```python\nprint()```[a](http://example.com/b)![👍](tg://emoji?id=5)",
        "MarkdownV2",
    ).entities

    assert code["language"] == "python"
    assert link["url"] == "http://example.com/b"
    assert emoji["custom_emoji_id"] == "5"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a.b", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a!", "Character '!' is reserved and must be escaped with the preceding '\\'"),
        ("a|b", "Character '|' is reserved and must be escaped with the preceding '\\'"),
        ("a>b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("ä*b", "Can't find end of Bold entity at byte offset 2"),
        ("_b", "Can't find end of Italic entity at byte offset 0"),
        ("```py\nb", "Can't find end of PreCode entity at byte offset 0"),
        ("[a](b", "Can't find end of a URL at byte offset 4"),
        ("![a]b", "The entity must contain a tg://emoji or tg://time URL"),
        ("![a](b)", "Invalid tg://emoji or tg://time URL specified"),
    ],
)
def test_broken_markdown_2_is_refused_with_the_place(source: str, words: str) -> None:
    assert complaint(source, "MarkdownV2") == f"can't parse entities: {words}"


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("*a* _b_ `c` ```d```", "a b c d", ["bold", "italic", "code", "pre"]),
        ("[a](http://example.com) [b]", "a b", ["text_link"]),
        ("a\\_b\\*c", "a_b*c", []),
        ("a.b! - nothing is reserved", "a.b! - nothing is reserved", []),
    ],
)
def test_the_first_markdown_is_read(source: str, text: str, found: list[str]) -> None:
    read = formatted(source, "Markdown")

    assert read.text == text
    assert [entity["type"] for entity in read.entities] == found


def test_broken_first_markdown_is_refused_with_the_place() -> None:
    words = "can't parse entities: Can't find end of the entity starting at byte offset 2"

    assert complaint("ä*b", "Markdown") == words


def test_an_unknown_parse_mode_is_refused() -> None:
    assert complaint("a", "yaml") == "unsupported parse_mode"


def test_telegram_finds_commands_links_and_names_by_itself() -> None:
    text = "/start@vitte_bot, @anna #tag https://example.com/a. b@example.com $USD 5/6 a@b"

    assert parts(formatted(text, None)) == [
        ("bot_command", "/start@vitte_bot"),
        ("mention", "@anna"),
        ("hashtag", "#tag"),
        ("url", "https://example.com/a"),
        ("email", "b@example.com"),
        ("cashtag", "$USD"),
    ]


def test_nothing_is_found_inside_code() -> None:
    assert parts(formatted("<code>/start</code> /help", "HTML")) == [
        ("code", "/start"),
        ("bot_command", "/help"),
    ]


def test_spaces_around_a_text_are_cut_and_its_entities_move() -> None:
    read = formatted(" \n<b> bold </b>\n", "HTML")

    assert read.text == "bold"
    assert parts(read) == [("bold", "bold")]


@pytest.mark.parametrize(
    ("entity", "words"),
    [
        ({"type": "bold", "offset": 9, "length": 1}, "entity begins after the end of the text"),
        ({"type": "bold", "offset": 2, "length": 9}, "entity beginning at UTF-16 offset 2 ends"),
        ({"type": "bold", "offset": -1, "length": 2}, "receive an entity with incorrect offset"),
    ],
)
def test_entities_outside_the_text_are_refused(entity: Entity, words: str) -> None:
    with pytest.raises(Refused, match=words):
        formatted("hello", None, [entity])


def test_a_bot_may_give_the_entities_itself() -> None:
    entities = [
        {"type": "bold", "offset": 0, "length": 2},
        {"type": "url", "offset": 0, "length": 2},
    ]

    assert formatted("👋 hi", None, entities).entities == [entities[0]]


@given(words)
def test_length_counts_utf_16_units(text: str) -> None:
    assert length(text) == len(text.encode("utf-16-le")) // 2


@given(words)
def test_escaped_html_comes_back_as_it_was(text: str) -> None:
    read = formatted(f"<b>{escape(text)}</b>", "HTML")

    assert read.text == text.strip()


@given(words)
def test_escaped_markdown_2_comes_back_as_it_was(text: str) -> None:
    escaped = "".join(f"\\{mark}" if mark in "_*[]()~`>#+-=|{}.!\\" else mark for mark in text)

    assert formatted(f"*{escaped}*", "MarkdownV2").text == text.strip()


@given(st.lists(st.tuples(st.sampled_from(["b", "i", "u", "s"]), words), max_size=6))
def test_every_html_entity_covers_just_what_was_marked(pieces: list[tuple[str, str]]) -> None:
    source = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in pieces)

    text, found = READERS["html"](source)

    assert text == "".join(text for _, text in pieces)
    assert [cut(text, entity) for entity in found] == [text for _, text in pieces if text]


marked = st.text(st.sampled_from("*_`[]()~|>!\\#.<b></>&amp; \n👋ä"), max_size=40)


@given(marked, st.sampled_from(["HTML", "MarkdownV2", "Markdown"]))
def test_any_text_is_read_or_refused_and_entities_lie_inside(source: str, mode: str) -> None:
    read = read_or_refused(source, mode)

    if isinstance(read, Refused):
        assert read.description.startswith("Bad Request: can't parse entities: ")
    else:
        assert all(inside(read))


def read_or_refused(source: str, mode: str) -> Formatted | Refused:
    try:
        return formatted(source, mode)
    except Refused as no:
        return no


def inside(read: Formatted) -> Iterator[bool]:
    for entity in read.entities:
        yield 0 <= entity["offset"] < entity["offset"] + entity["length"] <= length(read.text)
