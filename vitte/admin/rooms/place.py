"""One place of the tree: its numbers, its falls with their stacks, and what may be done to it."""

from datetime import timedelta
from urllib.parse import quote

from aiohttp import web

from vitte.admin import asking, figures, page, places
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Html, tag
from vitte.admin.places import ACTS, Act
from vitte.admin.rooms import tree
from vitte.errors import BadInput
from vitte.runtime import PastFall, Statistics
from vitte.store import audit


async def show(visit: Visit) -> web.StreamResponse:
    """One place: its numbers, what may be done to it, its falls with their stacks."""
    path = visit.asked("path")
    parts = parts_of(visit, path, tree.Rates())
    ask = visit.asked("ask")
    done = visit.asked("done")
    *above, name = path.split("/")
    way = [
        tag("a", each, href=tree.address("/".join(above[: n + 1]))) for n, each in enumerate(above)
    ]
    return page.show(
        visit,
        name,
        tag(
            "p",
            tag("a", say(visit, "admin-room-tree"), href="/tree"),
            [(" / ", each) for each in way],
            class_="way",
        ),
        page.heading(name, tree.pulse(visit)),
        tag("p", tree.note(visit, path), class_="lead"),
        page.notice(say(visit, f"admin-act-{done}.done")) if done in ACTS else NOTHING,
        _sure(visit, path, ask) if ask in ACTS and visit.may("owner") else NOTHING,
        tag(
            "div",
            parts.values(),
            data_live=f"/tree/events?path={quote(path, safe='')}",
            class_="parts",
        ),
        room="tree",
    )


def _sure(visit: Visit, path: str, ask: str) -> Html:
    """Ask once more, saying what will happen."""
    question = asking.Question(
        asked=say(visit, f"admin-act-{ask}.sure", place=path.rpartition("/")[2]),
        means=say(visit, f"admin-act-{ask}.means"),
        button=say(visit, f"admin-act-{ask}"),
        back=tree.address(path),
    )
    return asking.ask(visit, question, "/tree/act", {"path": path, "act": ask})


def parts_of(visit: Visit, path: str, rates: tree.Rates) -> dict[str, Html]:
    """What changes on a place's page, each part by its key."""
    running = visit.desk.tree
    place = running.find(path)
    [statistics, *_] = running.statistics(path, most=0)
    rate = rates.look([statistics], running.loop.now())[path]
    acts = places.acts_of(running, path, visit.desk.place) if visit.may("owner") else []
    return {
        "facts": tag(
            "section",
            page.facts(_facts(visit, statistics, rate, places.rule_of(place))),
            class_="card",
            data_key="facts",
        ),
        "acts": tag("section", _buttons(visit, path, acts), class_="buttons", data_key="acts"),
        "falls": tag(
            "section",
            tag("h2", say(visit, "admin-falls")),
            _falls(visit, statistics),
            data_key="falls",
        ),
    }


def _facts(visit: Visit, place: Statistics, rate: float, rule: str) -> list[tuple[str, Html | str]]:
    box = place.mailbox
    rows: list[tuple[str, Html | str]] = [
        (
            say(visit, "admin-tree-state"),
            page.badge(say(visit, f"admin-state-{place.state}"), places.kind_of(place.state)),
        ),
        (say(visit, "admin-tree-up"), page.about(visit, place.uptime)),
    ]
    if place.allowed is not None and place.period is not None:
        within = say(visit, "admin-tree-of-within", n=place.recent or 0, most=place.allowed, span=page.about(visit, place.period))  # fmt: skip
        rows += [(say(visit, "admin-tree-restarts"), within)]
        rows += [(say(visit, "admin-tree-rule"), tag("code", rule))] if rule else []
        rows += [(say(visit, "admin-tree-below"), str(place.children or 0))]
    else:
        rows += [(say(visit, "admin-tree-restarts"), str(place.restarts))]
    if box is not None and (box.taken or box.depth):
        depth = say(visit, "admin-tree-of", n=box.depth, most=box.capacity)
        share = round(100 * place.handling / place.uptime) if place.uptime else 0
        rows += [
            (say(visit, "admin-tree-mailbox"), depth),
            (say(visit, "admin-tree-oldest"), page.brief(visit, box.oldest or None)),
            (say(visit, "admin-tree-handled"), say(visit, "admin-tree-number", n=place.handled)),
            (say(visit, "admin-tree-rate"), f"{rate:.1f}"),
            (say(visit, "admin-tree-busy"), say(visit, "admin-tree-percent", n=share)),
        ]
        rows += [(say(visit, "admin-tree-dropped"), str(box.dropped))] if box.dropped else []
        rows += [(say(visit, "admin-tree-dead"), str(box.dead))] if box.dead else []
    slowest = figures.p99_of(place.path)
    rows += [(say(visit, "admin-tree-slowest"), page.brief(visit, slowest))] if slowest is not None else []  # fmt: skip
    return rows


def _buttons(visit: Visit, path: str, acts: list[Act]) -> list[Html]:
    if not visit.may("owner"):
        return []
    if not acts:
        return [tag("p", say(visit, "admin-act-none"), class_="quiet")]
    return [
        tag(
            "a",
            say(visit, f"admin-act-{act}"),
            href=tree.address(path, ask=act),
            class_="button",
            data_focus=act,
        )
        for act in acts
    ]


def _falls(visit: Visit, place: Statistics) -> Html:
    if not place.falls:
        return page.empty(say(visit, "admin-falls-none"))
    return tag("ol", [_fall(visit, fall) for fall in reversed(place.falls)], class_="falls")


def _fall(visit: Visit, fall: PastFall) -> Html:
    at = visit.now - timedelta(seconds=fall.ago)
    head = (page.moment(visit, at.replace(microsecond=0)), " ", tag("b", fall.reason))
    if not fall.stack:
        return tag("li", tag("p", head))
    lines = "\n".join(str(frame) for frame in reversed(fall.stack))
    return tag("li", tag("details", tag("summary", head), tag("pre", lines, tabindex="0")))


async def act(visit: Visit) -> web.StreamResponse:
    """Carry out what was asked for and confirmed; what is not in the audit is not done."""
    path, wanted, desk = visit.typed("path"), visit.typed("act"), visit.desk
    orders: dict[str, Act] = {each: each for each in ACTS}
    order = orders.get(wanted)
    if order is None:
        raise BadInput(("act", "is none of " + ", ".join(ACTS)))
    desk.tree.find(path)
    author = visit.author(visit.typed("reason") or None)
    await audit.add(desk.services.database, author, "actor", order, visit.now, subject=path)
    await places.carry_out(desk.tree, order, path, desk.place)
    return page.see(tree.address(path, done=order))
