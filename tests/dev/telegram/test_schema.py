from typing import Any

import pytest

from vitte.dev.telegram import Refused, schema


def method(name: str) -> schema.Method:
    found = schema.method(name)
    assert found is not None
    return found


def complaint(name: str, **arguments: Any) -> str:
    with pytest.raises(Refused) as caught:
        method(name).arguments(arguments)
    assert caught.value.status == 400
    return caught.value.description


def test_the_schema_in_the_package_is_small_and_says_where_it_comes_from() -> None:
    document = schema.document()

    assert document["version"] == "Bot API 10.3"
    assert "aiogram" in document["source"]
    assert "MIT" in document["source"]
    assert len(document["methods"]) == 185
    assert len(document["types"]) == 400
    assert schema.HERE.stat().st_size < 300_000


def test_the_schema_can_be_remade_from_the_full_one() -> None:
    full = {
        "version": "Bot API 1.0",
        "release_date": "2026-01-01",
        "methods": {
            "getThing": {
                "description": "Long.",
                "returns": ["Thing"],
                "fields": [{"name": "id", "types": ["Integer", "String"], "required": True}],
            },
        },
        "types": {
            "Thing": {
                "description": "Long too.",
                "subtypes": ["Small"],
                "fields": [{"name": "kind", "types": ["String"], "required": False, "const": "a"}],
            },
        },
    }

    made = schema.compact(full)

    assert made["methods"]["getThing"]["fields"] == {"id": "!Integer|String"}
    assert made["types"]["Thing"] == {"kind": "String=a"}
    assert made["subtypes"] == {"Thing": ["Small"]}
    assert schema.read_field("!Integer|String") == (("Integer", "String"), True, None)
    assert schema.read_field("String=a") == (("String",), False, "a")


def test_a_method_is_found_in_any_case_of_letters() -> None:
    assert method("SENDMESSAGE").name == "sendMessage"
    assert schema.method("sendNothing") is None


def test_every_method_can_be_checked_and_has_a_sample_answer() -> None:
    for name in schema.methods().values():
        for kind in method(name).returns:
            schema.sample(kind)


def test_what_a_form_writes_is_taken_as_what_it_means() -> None:
    given = {
        "chat_id": "42",
        "text": 7,
        "disable_notification": "true",
        "reply_markup": '{"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}',
        "unheard_of": "left out",
    }

    assert method("sendMessage").arguments(given) == {
        "chat_id": 42,
        "text": "7",
        "disable_notification": True,
        "reply_markup": {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]},
    }


def test_a_chat_may_be_named_by_id_or_by_name() -> None:
    assert method("getChat").arguments({"chat_id": "@news"}) == {"chat_id": "@news"}
    assert method("getChat").arguments({"chat_id": -100}) == {"chat_id": -100}


UNFIT: list[tuple[str, dict[str, Any], str]] = [
    ("sendMessage", {"text": "hi"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": 1}, "message text is empty"),
    ("sendMessage", {"chat_id": 1, "text": ""}, "message text is empty"),
    ("deleteMessage", {"chat_id": 1}, "message identifier is not specified"),
    ("sendPhoto", {"chat_id": 1}, "there is no photo in the request"),
    ("sendChatAction", {"chat_id": 1}, "wrong parameter action in request"),
    ("setMyCommands", {}, 'parameter "commands" is required'),
    ("sendMessage", {"chat_id": [], "text": "hi"}, "invalid chat_id specified"),
    ("deleteMessage", {"chat_id": 1, "message_id": "x"}, "invalid message_id specified"),
    (
        "sendMessage",
        {"chat_id": 1, "text": "hi", "disable_notification": "perhaps"},
        "invalid disable_notification specified",
    ),
    (
        "sendMessage",
        {"chat_id": 1, "text": "hi", "reply_markup": "{"},
        "can't parse reply keyboard markup JSON object",
    ),
    (
        "sendMessage",
        {"chat_id": 1, "text": "hi", "reply_markup": "7"},
        "object expected as reply markup",
    ),
    (
        "sendMessage",
        {"chat_id": 1, "text": "hi", "reply_markup": {"inline_keyboard": [[{"url": "a.b"}]]}},
        "can't parse inline keyboard button: Can't find field \"text\"",
    ),
    (
        "sendMessage",
        {"chat_id": 1, "text": "hi", "reply_markup": {"inline_keyboard": [[{"text": []}]]}},
        'can\'t parse inline keyboard button: Field "text" must be of type String',
    ),
    ("setMyCommands", {"commands": "["}, "can't parse commands JSON object"),
    ("setMyCommands", {"commands": "{}"}, "expected an Array of BotCommand"),
    (
        "setMyCommands",
        {"commands": [{"command": "start"}]},
        "can't parse BotCommand: Can't find field \"description\"",
    ),
]


@pytest.mark.parametrize(("name", "arguments", "words"), UNFIT)
def test_what_does_not_fit_is_refused_in_telegrams_words(
    name: str, arguments: dict[str, Any], words: str
) -> None:
    assert complaint(name, **arguments) == f"Bad Request: {words}"
