"""``vitte broadcast``: something said to many, looked at before, and counted after."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from anyio import to_thread

from vitte.cli import command, stores
from vitte.cli.token import a_name
from vitte.config import Config
from vitte.errors import BadWords, BroadcastUnfit, NoSuchBroadcast, NoSuchUser
from vitte.store import broadcasts, outbox, users
from vitte.store.broadcasts import Action, Broadcast, Recipient, Report, Segment
from vitte.store.pool import Database
from vitte.store.users import Language, UserId

SAMPLE: Final = "Anna"
# So much is left for a name that is longer than the sample's.
LONGEST: Final = 4096 - 256

EXPLAINED = """\
Says something to many people, by the running vitte and at the pace that Telegram
allows: some 25 a second, behind all replies. Each person gets it once, whatever falls.

  vitte broadcast create news --all \\
      --en "Hello, { $name }! There is news." --ru "Привет, { $name }! Есть новости."
  vitte broadcast try news --to 101     send both texts to yourself first
  vitte broadcast start news
  vitte broadcast show news             how far it is, and what became of it
  vitte broadcast pause news            nothing more is begun; some 60 words are on their way
  vitte broadcast resume news
  vitte broadcast cancel news           for good
  vitte broadcast list

The texts are Fluent, as in locales/, with { $name } for the first name and Telegram's
HTML; --en @news.en.txt reads one from a file. Both languages are wanted: each person
reads their own. To whom it goes is said once, and needs saying: --all, or any of
--plan, --language and --active-days together. Who has blocked the bot is left out. A
draft may be created anew under its name; what has started may not.

sent: Telegram took it. blocked: the person has blocked the bot or is gone, and is
written to no more. failed: Telegram refused it otherwise (vitte ledger says why)."""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "broadcast", run, explained=EXPLAINED)
    parser.add_argument(
        "what",
        choices=("create", "try", "start", "show", "pause", "resume", "cancel", "list"),
    )
    parser.add_argument("name", nargs="?", type=a_name, help="which broadcast")
    for language in ("en", "ru"):
        parser.add_argument(
            f"--{language}", metavar="TEXT", help=f"create: the text, or @FILE ({language})"
        )
    parser.add_argument("--all", action="store_true", help="create: to everybody")
    parser.add_argument("--plan", choices=("free", "premium"), help="create: to people of a plan")
    parser.add_argument(
        "--language", choices=("ru", "en"), help="create: to people who read a language"
    )
    parser.add_argument(
        "--active-days",
        type=int,
        metavar="N",
        help="create: to people who wrote to a character within so many days",
    )
    parser.add_argument("--to", type=int, metavar="ID", help="try: to whom")
    command.takes_config(parser)
    command.takes_json(parser)
    parser.set_defaults(refuse=parser.error)


def run(given: argparse.Namespace) -> int:
    """Create, try, start, show, pause, resume, cancel or list."""
    if given.what != "list" and given.name is None:
        given.refuse(f"{given.what} needs a name")
    config = command.read_config(given).config
    match given.what:
        case "create":
            return _create(config, given)
        case "try":
            return _try(config, given)
        case "list" | "show":
            return _show(config, given)
        case _:
            return _change(config, given)


def _create(config: Config, given: argparse.Namespace) -> int:
    segment = _segment(given)
    texts = _texts(given)
    shown = _checked(texts)
    now = datetime.now(UTC)

    async def create(database: Database) -> int:
        if await broadcasts.add(database, given.name, texts, segment, now) is None:
            state = (await _get(database, given.name)).state
            raise BroadcastUnfit(given.name, state, "be created anew")
        return await broadcasts.count_audience(database, segment, now)

    people = stores.ask(config, create)
    if given.json:
        command.print_json({"name": given.name, "audience": people, "texts": shown})
        return 0
    for language, text in shown.items():
        print(f"{language}:", *text.splitlines(), sep="\n  ")
    print(f"\n{given.name}: a draft, for {people} people now ({_described(segment)}).")
    print(f"Look at it with `vitte broadcast try {given.name} --to YOUR_ID`, then start it.")
    return 0


def _segment(given: argparse.Namespace) -> Segment:
    segment = Segment(plan=given.plan, language=given.language, active_days=given.active_days)
    if given.all == (segment != Segment()):
        given.refuse("say to whom: --all, or any of --plan, --language, --active-days")
    if given.active_days is not None and not 0 < given.active_days <= 36_500:  # noqa: PLR2004  # a hundred years
        given.refuse("--active-days is a whole number above 0")
    return segment


def _texts(given: argparse.Namespace) -> dict[Language, str]:
    texts: dict[Language, str] = {}
    written: dict[Language, str | None] = {"ru": given.ru, "en": given.en}
    for language, text in written.items():
        if text is None:
            given.refuse("create needs both texts: --ru and --en")
        texts[language] = _text(given, str(text))
    return texts


def _text(given: argparse.Namespace, text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        given.refuse(f"{text[1:]} cannot be read: {problem}")
        raise


def _checked(texts: Mapping[Language, str]) -> dict[Language, str]:
    """The texts as a sample person reads them.

    Raises:
        BadWords: with all that is wrong with them.
    """
    from vitte.actors import broadcaster  # noqa: PLC0415  # aiohttp and more come with it
    from vitte.dev.telegram import entities  # noqa: PLC0415  # as above
    from vitte.dev.telegram.refusals import Refused  # noqa: PLC0415  # as above

    words = broadcaster.read(texts)
    if surplus := set(words.names()) - {broadcaster.LINE}:
        raise BadWords([f"one text is wanted, and nothing named {sorted(surplus)}"])
    if unknown := words.variables(broadcaster.LINE) - {"name"}:
        raise BadWords([f"only {{ $name }} is known, not {sorted(unknown)}"])
    faults: list[str] = []
    shown: dict[Language, str] = {}
    for language in texts:
        html, errors = words.render(language, broadcaster.LINE, name=SAMPLE)
        faults += [f"{language}: {error}" for error in errors]
        try:
            read = entities.formatted(html, "HTML")
        except Refused as refused:
            faults.append(f"{language}: Telegram would refuse it: {refused}")
            continue
        if entities.length(read.text) > LONGEST:
            faults.append(f"{language}: is longer than one message ({LONGEST} characters)")
        shown[language] = html
    if faults:
        raise BadWords(faults)
    return shown


def _try(config: Config, given: argparse.Namespace) -> int:
    if given.to is None:
        given.refuse("try needs --to ID: yours, for a start")

    async def send(database: Database) -> None:
        from vitte.actors import broadcaster  # noqa: PLC0415  # as above

        broadcast = await _get(database, given.name)
        user = await users.get(database, UserId(given.to))
        if user is None:
            raise NoSuchUser(given.to)
        words = await to_thread.run_sync(broadcaster.read, broadcast.texts)
        said = [
            broadcaster.words_for(
                Recipient(id=user.id, first_name=user.first_name, language=language), words
            )
            for language in broadcast.texts
        ]
        await outbox.add(database, said, datetime.now(UTC), taken=False)

    stores.ask(config, send)
    print(f"Both texts of {given.name} are on their way to {given.to}, if vitte runs.")
    return 0


def _change(config: Config, given: argparse.Namespace) -> int:
    action: Action = given.what
    now = datetime.now(UTC)

    async def change(database: Database) -> Broadcast:
        broadcast = await _get(database, given.name)
        people = None
        if action == "start":
            people = await broadcasts.count_audience(database, broadcast.segment, now)
        changed = await broadcasts.change(database, given.name, action, now, audience=people)
        if changed is None:
            raise BroadcastUnfit(given.name, broadcast.state, action)
        return changed

    changed = stores.ask(config, change)
    if given.json:
        command.print_json(changed)
    elif action == "start":
        print(f"{changed.name} has started, for {changed.audience} people.")
    else:
        print(f"{changed.name} is {changed.state}.")
    return 0


def _show(config: Config, given: argparse.Namespace) -> int:
    name = given.name if given.what == "show" else None
    reports = stores.ask(config, lambda database: broadcasts.list_reports(database, name=name))
    if name is not None and not reports:
        raise NoSuchBroadcast(name)
    if given.json:
        command.print_json(reports[0] if name is not None else reports)
    elif not reports:
        print("There are no broadcasts: see vitte broadcast --help.")
    else:
        for report in reports:
            _print(report)
    return 0


def _print(report: Report) -> None:
    of = "" if report.audience is None else f" of some {report.audience}"
    print(f"{report.name}: {report.state}, to {_described(report.segment)}")
    print(
        f"  queued {report.queued}{of}: sent {report.sent}, blocked {report.blocked},"
        f" failed {report.failed}, waiting {report.waiting}"
    )


def _described(segment: Segment) -> str:
    parts: list[str] = []
    if segment.plan:
        parts.append(f"plan {segment.plan}")
    if segment.language:
        parts.append(f"language {segment.language}")
    if segment.active_days:
        parts.append(f"active within {segment.active_days} days")
    return ", ".join(parts) or "everybody"


async def _get(database: Database, name: str) -> Broadcast:
    broadcast = await broadcasts.get(database, name)
    if broadcast is None:
        raise NoSuchBroadcast(name)
    return broadcast
