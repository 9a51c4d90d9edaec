"""The configuration as it is in force: every key, its value, and whether it is the usual one.

Of a secret is shown only whether there is one.
"""

from aiohttp import web
from msgspec import Struct, structs

from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import Child, Html, tag
from vitte.config import Config, Secret

COLUMNS = ("key", "value", "usual")


async def show(visit: Visit) -> web.StreamResponse:
    """Every section."""
    config, usual = visit.desk.services.config, Config()
    title = say(visit, "admin-room-configuration")
    sections = [
        _section(visit, name, section, getattr(usual, name))
        for name, section in structs.asdict(config).items()
        if isinstance(section, Struct)
    ]
    return page.show(
        visit,
        title,
        page.heading(title),
        tag("p", say(visit, "admin-configuration-lead"), class_="lead"),
        page.facts([("data", tag("code", config.data))]),
        *sections,
        room="configuration",
    )


def _section(visit: Visit, name: str, section: Struct, usual: Struct) -> Html:
    standard = structs.asdict(usual)
    rows: list[tuple[Child, ...]] = [
        (
            tag("code", f"{name}.{key}"),
            shown(visit, value),
            None if value == standard[key] else shown(visit, standard[key]),
        )
        for key, value in structs.asdict(section).items()
    ]
    heads = [say(visit, f"admin-configuration-{each}") for each in COLUMNS]
    return tag("section", tag("h2", name), page.table(heads, rows))


def shown(visit: Visit, value: object) -> Html:
    """A value as it may be seen: a secret is no more than there or not."""
    if isinstance(value, Secret):
        return page.badge(say(visit, "admin-configuration-set" if value else "admin-configuration-unset"), "quiet")  # fmt: skip
    if isinstance(value, tuple | list):
        value = ", ".join(str(each) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return tag("code", str(value).lower() if isinstance(value, bool) else str(value) or "–")
