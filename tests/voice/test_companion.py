import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitte import i18n
from vitte.i18n import LANGUAGES, Language
from vitte.voice import Companion, DialogView, Line, Temperament
from vitte.voice.hearing import EARS
from vitte.voice.patterns import listed
from vitte.voice.repertoire import Repertoire

WORDS = i18n.load()
COMPANION = Companion(WORDS)
REPERTOIRE = Repertoire(WORDS)
TEMPERAMENTS: tuple[Temperament, ...] = ("warm", "curious", "playful")
NAMES: dict[Language, str] = {"ru": "Мила", "en": "Mila"}

CHATS: dict[str, tuple[Language, Temperament, list[str]]] = {
    "a hard week": (
        "en",
        "warm",
        [
            "hi",
            "Not so good",
            "I had a fight with my mother",
            "She never listens to me",
            "yes",
            "I moved out last year",
            "I don't know",
            "My cat keeps me company",
            "Bella",
            "lol",
            "I broke my phone yesterday",
            "are you a bot?",
            "Call me Liz",
            "what's my name?",
            "do you remember what I told you?",
            "thanks, good night!",
        ],
    ),
    "plans and films": (
        "en",
        "playful",
        [
            "Hey!",
            "great, you?",
            "We are planning a trip to Japan",
            "in spring",
            "I want to learn Japanese",
            "because I love anime",
            "What is the capital of Japan?",
            "tell me a joke",
            "haha",
            "another one",
            "I'm bored now",
            "maybe",
            "why is the sky blue?",
            "bye",
        ],
    ),
    "усталость": (
        "ru",
        "warm",
        [
            "Привет!",
            "Нормально, устала немного",
            "На работе завал",
            "Начальник опять кричал на всех",
            "Да",
            "У меня кот заболел",
            "Мурзик",
            "Не знаю",
            "А ты кто вообще?",
            "Меня зовут Вера",
            "Хочу уехать к морю",
            "Потому что надоело всё",
            "Что мне делать?",
            "как меня зовут?",
            "Помнишь, что я говорила?",
            "Мне пора спать, спокойной ночи",
        ],
    ),
    "пустяки": (
        "ru",
        "curious",
        [
            "здравствуй, Мила, как дела?",
            "тоже хорошо",
            "я вчера купил велосипед",
            "красный",
            "сегодня весь день дождь",
            "сижу дома, смотрю сериал",
            "расскажи анекдот",
            "ахаха",
            "ещё",
            "мне кажется, я старею",
            "а ты?",
            "тебе бывает грустно?",
            "ладно",
            "спасибо",
            "пока!",
        ],
    ),
}


def view(
    language: Language = "en",
    temperament: Temperament = "warm",
    *,
    dialog: int = 7,
    person: str = "Anna",
) -> DialogView:
    return DialogView(
        dialog=dialog,
        language=language,
        name=NAMES[language],
        temperament=temperament,
        person=person,
    )


def talk(dialog: DialogView, texts: list[str]) -> list[str]:
    """Hold a conversation and give the replies."""
    lines: list[Line] = []
    for text in texts:
        lines.append(Line(role="user", text=text))
        reply = " ".join(COMPANION.answer(dialog, lines[-31:]))
        lines.append(Line(role="character", text=reply))
    return [line.text for line in lines if line.role == "character"]


def answer(text: str, dialog: DialogView | None = None) -> str:
    return talk(dialog or view(), [text])[-1]


def is_from(reply: str, message: str, language: Language) -> bool:
    """Whether a reply holds a variant of a message."""
    return message in REPERTOIRE.used(language, reply)


@pytest.mark.parametrize("chat", CHATS)
def test_a_chat_of_two_minutes_never_says_the_same_twice_and_is_understood(chat: str) -> None:
    """Run with ``-s`` to read the chats as a person would."""
    language, temperament, texts = CHATS[chat]

    replies = talk(view(language, temperament), texts)

    for text, reply in zip(texts, replies, strict=True):
        print(f"> {text}\n  {reply}")  # noqa: T201 - to be read by a person
    assert len(set(replies)) == len(replies)
    lost = [text for text, reply in zip(texts, replies, strict=True) if is_foreign(reply, language)]
    assert lost == []


def is_foreign(reply: str, language: Language) -> bool:
    return is_from(reply, "foreign", language)


def test_a_name_that_was_told_is_remembered_and_used() -> None:
    replies = talk(view(), ["call me Liz", "it rained today", "what's my name?", "bye"])

    assert "Liz" in replies[0]
    assert "Liz" in replies[2]
    assert "Anna" not in "".join(replies)


def test_without_a_told_name_the_one_from_telegram_serves() -> None:
    assert "Анна" in answer("как меня зовут?", view("ru", person="Анна"))


def test_what_was_told_some_turns_ago_is_brought_up_again() -> None:
    told = "My grandmother taught me to paint"
    texts = [
        told,
        "yes",
        "it is blue",
        "no",
        "I don't know",
        "no",
        "hm",
        "no",
        "I don't know",
        "no",
    ]

    replies = talk(view(), texts)

    assert any(told in reply for reply in replies[3:])


def test_asked_what_it_remembers_it_quotes_what_belongs_to_the_question() -> None:
    texts = ["I started a new job in May", "My dog is called Rex", "what did I say about my job?"]

    assert "I started a new job in May" in talk(view(), texts)[-1]


@pytest.mark.parametrize("text", ["Are you a bot?", "who are you", "ты человек?", "ты нейросеть?"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_honest_about_being_a_program(language: Language, text: str) -> None:
    reply = answer(text, view(language, "playful"))

    assert "program" in reply or "code" in reply or "программа" in reply


HARM = [
    "I want to die",
    "i dont know, I'm thinking of killing myself",
    "what's the point, I don't want to live anymore",
    "I cut myself again",
    "я не хочу больше жить",
    "Хочу умереть.",
    "думаю покончить с собой",
    "режу себя",
    "Hello! " + "It was a long day. " * 100 + "I want to kill myself. " + "So it is. " * 100,
]


@pytest.mark.parametrize("text", HARM)
@pytest.mark.parametrize("language", LANGUAGES)
def test_harm_is_taken_seriously_and_a_living_person_is_named(
    language: Language, text: str
) -> None:
    dialog = view(language, "playful")

    replies = talk(dialog, ["haha", text, "ok", "no", "yes", "lol", "bye"])

    assert "112" in replies[1]
    assert "findahelpline.com" in replies[1]
    assert all(is_from(reply, "harm-stay", language) for reply in replies[2:4])
    assert all(is_from(reply, "harm-after", language) for reply in replies[4:6])
    assert is_from(replies[6], "harm-bye", language)


@pytest.mark.parametrize(
    "text",
    ["I'm dying of laughter", "my phone died", "я умираю со смеху", "убить бы время", "жить хочу!"],
)
def test_a_manner_of_speaking_is_no_alarm(text: str) -> None:
    assert "112" not in answer(text)


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("мне так грустно", "sad"),
        ("мне не грустно, я смотрю сериал", "films"),
        ("I'm not sad, I read a book", "books"),
        ("I feel lonely", "lonely"),
        ("меня всё бесит", "angry"),
        ("я сдала экзамен!", "happy"),
        ("I'm such an idiot", "harsh"),
        ("My cat is sick", "ill-pets"),
        ("взяла собаку из приюта", "pets"),
        ("у меня болит голова", "health"),
    ],
)
def test_feelings_and_subjects_are_noticed(text: str, theme: str) -> None:
    language: Language = "en" if text.isascii() else "ru"

    assert is_from(answer(text, view(language)), f"about-{theme}", language)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Спасибо!", "thanks"),
        ("пока", "bye"),
        ("пока не знаю", "unsure"),
        ("😂😂", "laugh"),
        (")))", "laugh"),
        ("❤️", "heart"),
        ("...", "marks"),
        ("42", "number"),
        ("👍", "emoji"),
        ("Ich verstehe leider kein Wort davon", "foreign"),
        ("你好，你是谁", "foreign"),
        ("مرحبا كيف حالك", "foreign"),
        ("What time is it?", "fact"),
        ("почему трава зелёная", "why"),
        ("ты дурак", "insult"),
        ("я тебя люблю", "kind"),
        ("", "marks"),
        ("ты завтра будешь?", "self-here"),
        ("думаешь, стоит позвонить?", "advice"),
        ("пожелай мне удачи", "luck"),
    ],
)
def test_everything_has_its_own_kind_of_answer_in_the_dialogs_language(
    text: str, message: str
) -> None:
    assert is_from(answer(text, view("ru")), message, "ru")


def test_words_in_the_other_language_are_understood_and_answered_in_the_dialogs() -> None:
    assert is_from(answer("I'm so tired", view("ru")), "about-tired", "ru")
    assert is_from(answer("я устала", view("en")), "about-tired", "en")


def test_a_text_said_twice_is_noticed() -> None:
    replies = talk(view(), ["I met a bear in the forest", "I met a bear in the forest"])

    assert is_from(replies[1], "repeat", "en")


def test_nothing_playful_is_said_to_the_sad() -> None:
    texts = ["мне очень грустно", "не знаю", "кот умер", "я плакала", "да"]

    for dialog in range(30):
        replies = " ".join(talk(view("ru", "playful", dialog=dialog), texts))

        assert "чувство юмора" not in replies
        assert "Ну и ну" not in replies


def test_the_same_dialog_goes_the_same_way_and_another_one_its_own() -> None:
    texts = ["hi", "I lost my keys", "no", "it was raining"]

    assert talk(view(dialog=1), texts) == talk(view(dialog=1), texts)
    assert len({tuple(talk(view(dialog=number), texts)) for number in range(10)}) > 5


def test_no_reply_returns_within_the_next_few_whatever_is_said() -> None:
    for language in LANGUAGES:
        replies = talk(view(language), ["ok", "мм", "no", "да"] * 10)

        for place, reply in enumerate(replies):
            assert reply not in replies[max(place - 4, 0) : place]


async def test_the_pieces_join_to_the_reply() -> None:
    recent = [Line(role="user", text="Hello, I lost my keys")]

    pieces = [piece async for piece in COMPANION.reply(view(), recent)]

    assert len(pieces) > 1
    assert "".join(pieces) == " ".join(COMPANION.answer(view(), recent))


@pytest.mark.parametrize(
    ("language", "said", "turned"),
    [
        ("en", "I broke my phone", "you broke your phone"),
        ("en", "I was at home with my sister", "you were at home with your sister"),
        ("en", "I'm late again", "you're late again"),
        ("en", "My cat ate my dinner", "your cat ate your dinner"),
        ("en", "I told you that", None),
        ("en", "she left", None),
        ("ru", "я купила машину", "ты купила машину"),
        ("ru", "Я люблю свою работу", "ты любишь свою работу"),
        ("ru", "у меня болит голова", "у тебя болит голова"),
        ("ru", "мой брат уехал", "твой брат уехал"),
        ("ru", "я вчера не пошёл на работу", "ты вчера не пошёл на работу"),
        ("ru", "мне кажется, я устала", "тебе кажется, ты устала"),
        ("ru", "мне кажется, я схожу с ума", None),
        ("ru", "я вяжу шарф", None),
        ("ru", "я пришёл и гуляю", None),
        ("ru", "я тебя понимаю", None),
        ("ru", "мы поехали", None),
    ],
)
def test_a_sentence_is_turned_round_only_where_grammar_allows(
    language: Language, said: str, turned: str | None
) -> None:
    assert EARS[language].turn(said) == turned


def test_every_theme_that_is_heard_has_words_and_no_word_is_left_over() -> None:
    themes = {theme for ear in EARS.values() for theme in (*ear.feelings, *ear.subjects)} | {"fine"}
    kinds = {kind.removeprefix("short ") for ear in EARS.values() for kind in ear.kinds}
    others = listed("""
        hello hello-again hello-short foreign laugh heart tears emoji marks number long harm
        harm-stay harm-after harm-bye repeat name remember-nothing recall self-well joke-liked
        yes no unsure short echo question why fact want react reflect quote ask
    """)
    expected = {f"{depth}-{theme}" for theme in themes for depth in ("about", "more")}
    expected |= (kinds - {"again"}) | others

    messages = {name.removeprefix("voice-").partition(".")[0] for name in WORDS.names("voice-")}

    assert messages == expected
    assert all(set(ear.kinds) == set(EARS["en"].kinds) for ear in EARS.values())
    assert all(set(ear.subjects) == set(EARS["en"].subjects) for ear in EARS.values())


SAID = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="аяуюсь меня тебеI my )(?!\u202e\u200d\x00\n😂❤", max_size=200),
    st.sampled_from(["I am ", "я ", "меня зовут ", "my name is ", "хочу "]).flatmap(
        lambda start: st.text(max_size=80).map(lambda rest: start + rest)
    ),
    st.integers(1, 4096).map(lambda times: ("I " + "ha" * 2048)[:times]),
    st.sampled_from(["я ", "а", "ха", "me too ", "🫠", "\u0301", "? ", "كلمة "]).map(
        lambda piece: (piece * 4096)[:4096]
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(SAID, min_size=1, max_size=4),
    language=st.sampled_from(LANGUAGES),
    temperament=st.sampled_from(TEMPERAMENTS),
    person=st.text(max_size=64),
)
def test_whatever_is_said_there_is_a_short_answer_that_echoes_little(
    texts: list[str], language: Language, temperament: Temperament, person: str
) -> None:
    replies = talk(view(language, temperament, person=person), texts)

    for reply in replies:
        assert reply.strip()
        assert len(reply) <= 1000
        for start in range(len(reply) - 120):
            assert not any(reply[start : start + 121] in text for text in texts)


@pytest.mark.parametrize(
    "piece", ["я ", "a", "ха ", "I am so very really ", "😂", "not ", "((", "ты "]
)
def test_a_text_of_full_length_is_heard_in_a_few_milliseconds(piece: str) -> None:
    text = (piece * 4096)[:4096]
    recent = [Line(role="user", text=text) for _ in range(15)]
    COMPANION.answer(view(), recent)

    began = time.process_time()
    for _ in range(10):
        COMPANION.answer(view(), recent)

    assert (time.process_time() - began) / 10 < 0.03
