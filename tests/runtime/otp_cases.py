"""The fixed cases of the comparison with OTP: a sentence, a tree, and what happens to it."""

from typing import TypeAlias

from tests.runtime.otp import Call, End, Event, Sup, Worker

Case: TypeAlias = tuple[str, Sup, list[Event]]
Children: TypeAlias = tuple[Worker | Sup, ...]

A, B, C = Worker("a"), Worker("b"), Worker("c")
ABC: Children = (A, B, C)
TRANSIENT, TEMPORARY = Worker("b", "transient"), Worker("b", "temporary")
LEADER = Worker("b", "transient", significant=True)
GUEST = Worker("b", "temporary", significant=True)
SECOND = Worker("c", "transient", significant=True)
FAILS_FIRST = Worker("b", outcomes=("fail",))
IGNORES = Worker("b", outcomes=("ignore",))
FAILS_ONCE = Worker("b", outcomes=("ok", "fail"))
FAILS_TWICE = Worker("b", outcomes=("ok", "fail", "fail"))
IGNORES_LATER = Worker("b", outcomes=("ok", "ignore"))
BRUTAL = Worker("b", shutdown="brutal")
PATIENT = Worker("b", shutdown="infinity")
FALL, NORMAL, KILL = End("b", "fall"), End("b", "normal"), End("b", "kill")
WHICH = Call("which", "r")
STOP, AGAIN, FORGET = (
    Call("terminate", "r", "b"),
    Call("restart", "r", "b"),
    Call("delete", "r", "b"),
)


def one(*children: Worker | Sup, intensity: int = 3, auto: str = "never") -> Sup:
    return Sup("r", "one_for_one", intensity, children, auto)


def every(*children: Worker | Sup, intensity: int = 3, auto: str = "never") -> Sup:
    return Sup("r", "one_for_all", intensity, children, auto)


def rest(*children: Worker | Sup, intensity: int = 3, auto: str = "never") -> Sup:
    return Sup("r", "rest_for_one", intensity, children, auto)


def inner(*children: Worker | Sup, intensity: int = 1, restart: str = "permanent") -> Sup:
    return Sup("s", "one_for_one", intensity, children, restart=restart)


CASES: list[Case] = [
    ("children start in order and stop in reverse", one(*ABC), []),
    ("an empty supervisor runs", one(), [WHICH]),
    ("one_for_one restarts the fallen one only", one(*ABC), [FALL, WHICH]),
    ("one_for_all restarts all", every(*ABC), [FALL, WHICH]),
    ("one_for_all restarts all for the first", every(*ABC), [End("a", "fall")]),
    ("one_for_all restarts all for the last", every(*ABC), [End("c", "fall")]),
    ("rest_for_one restarts those after", rest(*ABC), [FALL, WHICH]),
    ("rest_for_one restarts all for the first", rest(*ABC), [End("a", "fall")]),
    ("rest_for_one restarts the last alone", rest(*ABC), [End("c", "fall")]),
    ("a permanent child is restarted after a normal end", one(*ABC), [NORMAL, WHICH]),
    ("a permanent child's normal end concerns all", every(*ABC), [NORMAL]),
    ("a permanent child's normal end concerns the rest", rest(*ABC), [NORMAL]),
    ("a killed child is restarted", one(*ABC), [KILL, WHICH]),
    ("a killed child concerns all", every(*ABC), [KILL]),
    ("a transient child is restarted after a fall", one(A, TRANSIENT, C), [FALL, WHICH]),
    ("a transient child rests after a normal end", one(A, TRANSIENT, C), [NORMAL, WHICH]),
    ("a killed transient child is restarted", one(A, TRANSIENT, C), [KILL, WHICH]),
    ("a transient child's normal end concerns nobody", every(A, TRANSIENT, C), [NORMAL, WHICH]),
    (
        "a resting transient child is started with all",
        every(A, TRANSIENT),
        [NORMAL, End("a", "fall")],
    ),
    ("a resting one is started with the rest", rest(A, TRANSIENT), [NORMAL, End("a", "fall")]),
    ("a temporary child is forgotten after a fall", one(A, TEMPORARY, C), [FALL, WHICH]),
    ("a temporary child is forgotten after its end", one(A, TEMPORARY, C), [NORMAL, WHICH]),
    ("a temporary child's fall concerns nobody", every(A, TEMPORARY, C), [FALL, WHICH]),
    ("one_for_all forgets temporary siblings", every(A, TEMPORARY, C), [End("a", "fall"), WHICH]),
    ("rest_for_one forgets temporary siblings", rest(A, TEMPORARY, C), [End("a", "fall"), WHICH]),
    (
        "rest_for_one keeps an earlier temporary one",
        rest(A, TEMPORARY, C),
        [End("c", "fall"), WHICH],
    ),
    ("three falls of three are allowed", one(*ABC), [FALL, FALL, FALL, WHICH]),
    ("the fourth fall of three is one too many", one(*ABC), [FALL, FALL, FALL, FALL, WHICH]),
    (
        "falls of different children count together",
        one(*ABC, intensity=1),
        [FALL, End("a", "fall")],
    ),
    ("no fall is allowed when none is", one(*ABC, intensity=0), [FALL]),
    ("a normal end of a permanent one counts", one(*ABC, intensity=1), [NORMAL, NORMAL]),
    ("a transient's normal end counts nothing", one(A, TRANSIENT, intensity=0), [NORMAL, WHICH]),
    ("one_for_all counts one restart for all", every(*ABC, intensity=1), [FALL, WHICH]),
    ("giving up stops in reverse", every(*ABC, intensity=0), [FALL]),
    ("rest_for_one gives up in reverse", rest(*ABC, intensity=0), [FALL]),
    ("a start that fails stops what ran", one(A, FAILS_FIRST, C), []),
    ("a start that fails stops what ran, whatever the strategy", every(A, FAILS_FIRST, C), []),
    ("a child that ignores is known and rests", one(A, IGNORES, C), [WHICH]),
    (
        "a temporary child that ignores is forgotten",
        one(Worker("b", "temporary", outcomes=("ignore",))),
        [WHICH],
    ),
    ("one that ignores is started with all", every(A, IGNORES), [End("a", "fall"), WHICH]),
    ("a restart that fails is tried again", one(A, FAILS_ONCE, C), [FALL, WHICH]),
    ("a restart that fails counts", one(A, FAILS_ONCE, C, intensity=1), [FALL]),
    ("a restart that fails twice counts twice", one(A, FAILS_TWICE, C), [FALL, FALL]),
    ("one_for_all tries all again", every(A, FAILS_ONCE, C), [FALL, WHICH]),
    (
        "one_for_all tries all again for a sibling",
        every(A, FAILS_ONCE, C),
        [End("a", "fall"), WHICH],
    ),
    ("rest_for_one tries the rest again", rest(A, FAILS_TWICE, C), [FALL, WHICH]),
    (
        "rest_for_one tries from the failed one on",
        rest(A, FAILS_ONCE, C),
        [End("a", "fall"), WHICH],
    ),
    ("a restart may be ignored", one(A, IGNORES_LATER, C), [FALL, WHICH]),
    ("a brutal child is killed", one(A, BRUTAL, C), [STOP, WHICH]),
    ("a patient child is stopped", one(A, PATIENT, C), [STOP, WHICH]),
    ("a terminated child is known and rests", one(*ABC), [STOP, WHICH]),
    ("a terminated temporary child is forgotten", one(A, TEMPORARY), [STOP, WHICH]),
    ("a terminated child is terminated again", one(*ABC), [STOP, STOP]),
    (
        "a stranger is not found",
        one(*ABC),
        [Call(w, "r", "nobody") for w in ("terminate", "restart", "delete")],
    ),
    ("a terminated child is restarted at request", one(*ABC), [STOP, AGAIN, WHICH]),
    ("a running child is not restarted at request", one(*ABC), [AGAIN, WHICH]),
    ("a running child is not deleted", one(*ABC), [FORGET, WHICH]),
    ("a terminated child is deleted", one(*ABC), [STOP, FORGET, WHICH]),
    ("a deleted child is not found", one(*ABC), [STOP, FORGET, AGAIN]),
    ("a restart at request may fail", one(A, FAILS_ONCE), [STOP, AGAIN, WHICH, AGAIN, WHICH]),
    ("a terminated child is started with all", every(*ABC), [STOP, End("a", "fall"), WHICH]),
    ("a terminated child is started with the rest", rest(*ABC), [STOP, End("a", "fall"), WHICH]),
    ("a fall after it leaves a terminated one alone", one(*ABC), [STOP, End("a", "fall"), WHICH]),
    ("a child is added and stops first", one(A), [Call("start", "r", B), WHICH]),
    ("an added child is restarted", one(A), [Call("start", "r", B), FALL, WHICH]),
    ("an added child takes part in all", every(A), [Call("start", "r", B), End("a", "fall")]),
    ("an id that runs is refused", one(*ABC), [Call("start", "r", B)]),
    ("an id that rests is refused", one(*ABC), [STOP, Call("start", "r", B), WHICH]),
    ("an added child that fails is not kept", one(A), [Call("start", "r", FAILS_FIRST), WHICH]),
    ("an added child may ignore", one(A), [Call("start", "r", IGNORES), WHICH]),
    (
        "an added temporary child that ignores is not kept",
        one(A),
        [Call("start", "r", Worker("b", "temporary", outcomes=("ignore",))), WHICH],
    ),
    ("an id is free after delete", one(*ABC), [STOP, FORGET, Call("start", "r", B), WHICH]),
    ("any_significant: a normal end ends all", one(A, LEADER, C, auto="any_significant"), [NORMAL]),
    (
        "any_significant: a fall restarts a transient",
        one(A, LEADER, auto="any_significant"),
        [FALL, WHICH],
    ),
    (
        "any_significant: a temporary's fall ends all",
        one(A, GUEST, C, auto="any_significant"),
        [FALL],
    ),
    (
        "any_significant: who is not significant ends alone",
        one(A, TRANSIENT, SECOND, auto="any_significant"),
        [NORMAL, WHICH],
    ),
    (
        "all_significant: the first of two ends alone",
        one(A, LEADER, SECOND, auto="all_significant"),
        [NORMAL, WHICH],
    ),
    (
        "all_significant: the second of two ends all",
        one(A, LEADER, SECOND, auto="all_significant"),
        [NORMAL, End("c", "normal")],
    ),
    ("all_significant: alone it ends all", one(A, LEADER, auto="all_significant"), [NORMAL]),
    (
        "a terminated significant child ends nothing",
        one(A, LEADER, auto="any_significant"),
        [STOP, WHICH],
    ),
    ("a nested supervisor stops inside out", one(A, inner(B), C), []),
    ("a nested supervisor restarts its own", one(A, inner(B), C), [FALL, WHICH]),
    ("a nested one that gives up is restarted above", one(A, inner(B), C), [FALL, FALL, WHICH]),
    ("a nested one that gives up concerns all", every(A, inner(B), C), [FALL, FALL]),
    ("a nested one that gives up concerns the rest", rest(A, inner(B), C), [FALL, FALL]),
    ("intensities multiply, and then end", one(A, inner(B), intensity=1), [FALL] * 4),
    (
        "a temporary nested one is forgotten",
        one(A, inner(B, restart="temporary")),
        [FALL, FALL, WHICH],
    ),
    (
        "a nested one is terminated and restarted",
        one(A, inner(B, C)),
        [Call("terminate", "r", "s"), WHICH, Call("restart", "r", "s"), WHICH],
    ),
    ("a nested start that fails fails the whole", one(A, inner(FAILS_FIRST)), []),
    (
        "a nested restart that fails is tried again",
        one(A, inner(FAILS_ONCE, intensity=0)),
        [FALL, WHICH],
    ),
    (
        "children of a restarted one are as described",
        one(A, inner(B, C)),
        [Call("terminate", "s", "c"), FALL, FALL, Call("which", "s")],
    ),
]
