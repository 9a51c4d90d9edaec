"""Random trees and events for hypothesis: any that OTP accepts and whose outcome it fixes."""

from hypothesis import strategies as st

from tests.runtime.otp import Call, End, Event, Sup, Worker

OUTCOMES = st.lists(st.sampled_from(["ok", "ok", "fail", "ignore"]), max_size=4).map(tuple)
SHUTDOWNS = st.sampled_from(["brutal", "5000", "infinity"])
KINDS = st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"])
AUTOS = st.sampled_from(["never", "any_significant", "all_significant"])
WHATS = ["terminate", "restart", "delete", "start", "which"]


@st.composite
def _worker(draw: st.DrawFn, name: str, auto: str) -> Worker:
    restart = draw(st.sampled_from(["permanent", "transient", "temporary"]))
    may = auto != "never" and restart != "permanent"
    return Worker(
        id=name,
        restart=restart,
        significant=draw(st.booleans()) if may else False,
        shutdown=draw(SHUTDOWNS),
        outcomes=draw(OUTCOMES),
    )


@st.composite
def _supervisor(draw: st.DrawFn, name: str, above: str, depth: int) -> Sup:
    auto = draw(AUTOS)
    children: list[Worker | Sup] = []
    for number in range(draw(st.integers(1, 4))):
        child = f"{name}{number}"
        deeper = depth > 0 and draw(st.integers(0, 3)) == 0
        children.append(
            draw(_supervisor(child, auto, depth - 1) if deeper else _worker(child, auto))
        )
    # A supervisor that gives up ends with `shutdown` in OTP, and with a fall here: a
    # difference that is chosen. It shows with a transient one only, so there is none.
    restart = draw(st.sampled_from(["permanent", "temporary"]))
    may = above != "never" and restart != "permanent"
    return Sup(
        id=name,
        strategy=draw(KINDS),
        intensity=draw(st.integers(0, 5)),
        children=tuple(children),
        auto=auto,
        restart=restart,
        significant=draw(st.booleans()) if may else False,
    )


def _names(sup: Sup) -> tuple[list[str], list[tuple[str, str]]]:
    """Give the ids of all supervisors, and of all children with their supervisor."""
    sups, children = [sup.id], list[tuple[str, str]]()
    for child in sup.children:
        children.append((sup.id, child.id))
        if isinstance(child, Sup):
            below = _names(child)
            sups += below[0]
            children += below[1]
    return sups, children


@st.composite
def _event(draw: st.DrawFn, root: Sup) -> Event:
    sups, children = _names(root)
    if draw(st.booleans()):
        workers = [name for _, name in children if name not in sups]
        if workers:
            how = draw(st.sampled_from(["normal", "fall", "fall", "kill"]))
            return End(draw(st.sampled_from(workers)), how)
    what = draw(st.sampled_from(WHATS))
    if what == "which":
        return Call(what, draw(st.sampled_from(sups)))
    if what == "start":
        name = draw(st.sampled_from(["x", "y"]))
        return Call(what, sups[0], draw(_worker(name, "never")))
    sup, name = draw(st.sampled_from([*children, (sups[0], "x"), (sups[0], "nobody")]))
    return Call(what, sup, name)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Sup, list[Event]]:
    """A tree and up to eight events."""
    root = draw(_supervisor("r", "never", 2))
    return root, draw(st.lists(_event(root), max_size=8))
