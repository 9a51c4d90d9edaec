"""The observer: falls are counted by place, and those of one among many by where the many are."""

from typing import Any

from vitte import metrics
from vitte.actors import conversation, observer
from vitte.actors.conversation import Conversations, Key
from vitte.runtime import (
    ONE_FOR_ONE,
    Child,
    Dynamic,
    Events,
    Fell,
    Registry,
    Restarted,
    Supervisor,
    within,
)


class Nothing:
    async def run(self, life: Any) -> None:
        raise NotImplementedError


def falls(path: str) -> float | None:
    return metrics.REGISTRY.get_sample_value("vitte_actor_falls_total", {"actor": path})


def test_one_of_many_is_counted_where_the_many_are_and_no_chat_is_a_label() -> None:
    registry: Conversations = Registry("many")
    events = Events()
    observer.observe(
        events,
        Supervisor("top", ONE_FOR_ONE, within(1, minutes=1), [
            Child("alone", Nothing),
            Dynamic("many", registry, lambda _: Nothing(), within(1, minutes=1)),
        ]),
    )  # fmt: skip

    events.tell(Fell(path="top/alone", at=0.0, reason="x"))
    for chat in (1001, 1002):
        path = f"top/many/{Key(chat, 'usual')}"
        events.tell(Fell(path=path, at=0.0, reason="x"))
        events.tell(Restarted(path=path, at=0.0, restarts=1))

    assert falls("top/alone") == 1
    assert falls("top/many") == 2
    assert falls("top/many/1001") is None


def test_a_conversation_is_named_by_its_chat() -> None:
    assert str(conversation.Key(1001, "usual")) == "1001"
    assert str(conversation.Key(-5, "urgent")) == "-5 urgent"
