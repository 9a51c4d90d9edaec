import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from vitte import i18n
from vitte.errors import BadWords
from vitte.i18n import LANGUAGES, Language, Words, language_of

UNTIL = datetime(2026, 11, 30, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[1]

EXAMPLES: dict[str, i18n.Variable] = {"until": UNTIL}
"""What a test says for a variable; a variable that is not here gets a number."""


@pytest.fixture(scope="module")
def words() -> Words:
    return i18n.load()


def scene(folder: Path, *, ru: str, en: str) -> Path:
    for language, text in (("ru", ru), ("en", en)):
        (folder / language).mkdir()
        apology = "error-ours = Oh\n"
        (folder / language / "error.ftl").write_text(apology, encoding="utf-8")
        (folder / language / "start.ftl").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("ru", "ru"),
        ("RU", "ru"),
        ("ru-RU", "ru"),
        ("be", "ru"),
        ("uk_UA", "ru"),
        ("kk", "ru"),
        ("en", "en"),
        ("en-GB", "en"),
        ("pt-br", "en"),
        ("zh-hans", "en"),
        ("rum", "en"),
        ("", "en"),
        (" ", "en"),
        ("-", "en"),
        ("\x00", "en"),
        (None, "en"),
    ],
)
def test_every_language_code_has_a_language(code: str | None, language: Language) -> None:
    assert language_of(code) == language


def test_a_name_cannot_bring_markup_along(words: Words) -> None:
    said = words.say("en", "start-chosen", character="<i>Mira</i> & Co")

    assert "&lt;i&gt;Mira&lt;/i&gt; &amp; Co" in said


def test_a_notice_shows_a_name_as_it_is(words: Words) -> None:
    assert words.plain("en", "start-chosen.notice", character="A&B") == "A&B is here"


@pytest.mark.parametrize(
    ("seconds", "ending"),
    [(1, "1 секунду."), (3, "3 секунды."), (11, "11 секунд."), (21, "21 секунду.")],
)
def test_russian_counts_seconds_as_russians_do(words: Words, seconds: int, ending: str) -> None:
    said = words.say("ru", "limit-minute", seconds=seconds)

    assert said.startswith("Слишком много сообщений")
    assert said.endswith(ending)


def test_english_counts_seconds_as_the_english_do(words: Words) -> None:
    one, many = (words.say("en", "limit-minute", seconds=seconds) for seconds in (1, 21))

    assert one.startswith("Too many messages")
    assert one.endswith("in 1 second.")
    assert many.endswith("in 21 seconds.")


def test_dates_are_written_in_the_language(words: Words) -> None:
    english = words.say("en", "status-premium", days=3, until=UNTIL)
    russian = words.say("ru", "status-premium", days=3, until=UNTIL)

    assert "3 more days, until November 30, 2026." in english
    assert "ещё 3 дня, до 30 ноября 2026" in russian


def test_an_unknown_line_is_an_apology_and_never_an_id(
    words: Words, caplog: pytest.LogCaptureFixture
) -> None:
    said = {words.say("ru", "start-nowhere") for _ in range(3)}

    assert said == {words.say("ru", "error-ours")}
    assert [record.getMessage() for record in caplog.records] == [
        "No line start-nowhere, or not with these variables"
    ]


def test_a_forgotten_variable_is_an_apology_and_never_a_hole(words: Words) -> None:
    assert words.say("en", "start-welcome") == words.say("en", "error-ours")


def test_a_missing_line_is_named_at_the_start(tmp_path: Path) -> None:
    folder = scene(tmp_path, ru="start-a = А\n", en="start-a = A\nstart-b = B\n    .notice = C\n")

    with pytest.raises(BadWords) as caught:
        i18n.load(folder)

    assert caught.value.faults == (
        "start-b: stands only in en",
        "start-b.notice: stands only in en",
    )


def test_a_forgotten_variable_is_named_at_the_start(tmp_path: Path) -> None:
    folder = scene(tmp_path, ru="start-a = Привет, { $name }\n", en="start-a = Hi\n")

    with pytest.raises(BadWords, match=r"start-a: wants \['name'\] in ru but \[\] in en"):
        i18n.load(folder)


def test_what_cannot_be_read_is_named_with_its_place(tmp_path: Path) -> None:
    folder = scene(tmp_path, ru="start-a = А\n", en="start-a = A\n\nstart-b = { $name\n")

    with pytest.raises(BadWords, match=r"en/start\.ftl:3: cannot be read"):
        i18n.load(folder)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("start-a = A\nstart-a = B\n", "stands here for the second time"),
        ("begin-a = A\n", "does not begin with start"),
        ("start-a = { start-b }\nstart-b = B\n", "start-a: quotes start-b; only terms are quoted"),
        ("start-a = { -vitte }\n", "Unknown term: -vitte"),
        ('start-a = { LOUD("a") }\n', "Unknown function: LOUD"),
    ],
)
def test_a_careless_file_stops_the_start(tmp_path: Path, text: str, fault: str) -> None:
    folder = scene(tmp_path, ru=text, en=text)

    with pytest.raises(BadWords, match=fault):
        i18n.load(folder)


def test_the_apology_must_need_nothing(tmp_path: Path) -> None:
    folder = scene(tmp_path, ru="start-a = A\n", en="start-a = A\n")
    for language in LANGUAGES:
        (folder / language / "error.ftl").write_text("error-ours = Oh, { $name }\n")

    with pytest.raises(BadWords, match="error-ours: must exist without variables"):
        i18n.load(folder)


def everything_said(words: Words) -> list[tuple[Language, str, str]]:
    """Say every line in every language, once for each of many numbers."""
    return [
        (language, name, words.say(language, name, **variables))
        for name in words.names()
        for number in (0, 1, 2, 5, 21)
        for variables in [
            {wanted: EXAMPLES.get(wanted, number) for wanted in words.variables(name)}
        ]
        for language in LANGUAGES
    ]


def is_plain(name: str) -> bool:
    """Say whether a line is shown as it is: attributes, the command menu, voices, the panel."""
    return "." in name or name.startswith(("admin-", "command-", "voice-"))


class Markup(HTMLParser):
    """Follows the tags of a line, to see that each is known to Telegram and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"b", "i", "u", "s", "code", "pre", "blockquote", "tg-spoiler"}
        assert attrs == []
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_line_can_be_said_and_is_clean_markup(words: Words) -> None:
    for language, name, said in everything_said(words):
        markup = Markup()
        markup.feed(said)
        markup.close()

        assert markup.open == [], (language, name)
        assert said.strip() == said != "", (language, name)
        assert not (is_plain(name) and re.search("[<>&]", said)), (language, name)


GENDERED = re.compile(
    r"\(а\)|\b(?:рада?|готова?|должн?а|должен|уверена?|понял|поняла|сказала?|говорила?|написала?)\b"
)
"""Words by which a Russian line would guess whether it speaks to, or as, a woman or a man."""

WITHOUT_LETTERS = {"help-command", "voice-quote.any1"}
"""Lines that consist of their variables and signs."""


def test_no_line_guesses_at_a_gender(words: Words) -> None:
    for language, name, said in everything_said(words):
        assert language != "ru" or not GENDERED.search(said), name


def test_no_line_stands_in_the_other_language(words: Words) -> None:
    for language, name, said in everything_said(words):
        if name not in WITHOUT_LETTERS | {
            "language-choose.ru",
            "language-choose.en",
            "admin-language-other",
        }:
            assert bool(re.search("[а-яё]", said, re.IGNORECASE)) == (language == "ru"), name


def test_command_descriptions_fit_the_menu(words: Words) -> None:
    for name in words.names("command-"):
        assert all(len(words.plain(language, name)) <= 256 for language in LANGUAGES)


def trees() -> Iterator[tuple[str, ast.AST]]:
    """Read the package's own code."""
    for file in sorted((ROOT / "vitte").rglob("*.py")):
        yield file.name, ast.parse(file.read_text(encoding="utf-8"))


def calls_of_words() -> Iterator[tuple[str, str, set[str | None]]]:
    """Find every ``say`` and ``plain`` that names its line, and the variables it gives."""
    for file, tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="say" | "plain") | ast.Name(id="say" | "plain"),
                    args=[_, ast.Constant(value=str(line))],
                    keywords=keywords,
                ):
                    yield file, line, {keyword.arg for keyword in keywords}
                case _:
                    pass


def test_every_line_that_the_code_says_exists_and_gets_its_variables(words: Words) -> None:
    for file, line, given in calls_of_words():
        assert line in words.names(), f"{file} says {line}"
        if None not in given:  # nothing is given in bulk, as **variables
            assert words.variables(line) == given, f"{file} says {line}"


def test_no_line_is_there_that_nobody_says(words: Words) -> None:
    mentioned: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)):
                    mentioned.add(text)
                case ast.JoinedStr(values=[ast.Constant(value=str(beginning)), *_]):
                    mentioned |= (
                        set(words.names(beginning)) if beginning.endswith(("-", ".")) else set()
                    )
                case _:
                    pass

    spoken = {name for name in words.names() if not name.startswith("voice-")}
    assert spoken - mentioned == set()
