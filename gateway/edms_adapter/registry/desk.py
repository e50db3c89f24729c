# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms-registry [--as NAME] DATABASE COMMAND``: a clerk's desk for the built-in registry, one function a command.

It does what `people` can do, in the registry's database only; it knows of no gateway.  Moments are the database's.
Exit codes: 0 done, 1 not possible (what was named is not there, or does not allow it), 2 usage.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import update_wrapper
from pathlib import Path

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from gateway.edms_adapter.registry import desk_show as show
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Database, Work


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at the desk of which registry."""

    work: Work
    by: str
    now: datetime
    store: Path | None  # where files over 128 KiB go

    @property
    def today(self) -> date:
        """The calendar date of this machine."""
        return self.now.astimezone().date()


@dataclass(frozen=True, slots=True)
class Options:
    """What stands before the command."""

    database: str
    by: str
    store: Path | None

    @contextmanager
    def at_work(self, by: str) -> Iterator[Seat]:
        """Open the registry for one command; what the command did is there for others when it ends well."""
        database = Database(_url(self.database), UTC)
        try:
            now = database.now()
            with database.writing() as work:
                yield Seat(work, by or self.by or people.clerk(work), now, self.store)
        finally:
            database.close()


def _url(written: str) -> str:
    """Return the URL of the database: a plain path means a file of SQLite.  Raises LookupError when that is missing."""
    url = written if "://" in written else f"sqlite:///{written}"
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise LookupError(f"there is no registry {written}")
    return url


def seated(command: Callable[..., None]) -> Callable[..., None]:
    """Hand the command its seat, give it the option --as, and tell what does not work in words."""

    def called(options: Options, /, by: str, **given: object) -> None:
        try:
            with options.at_work(by) as seat:
                command(seat, **given)
        except (LookupError, ValueError) as error:
            raise click.ClickException(str(error)) from error
        except SQLAlchemyError as error:
            raise click.ClickException(f"the registry cannot be used: {str(error).splitlines()[0][:300]}") from error

    ours = click.option("--as", "by", default="", metavar="NAME", help="Who acts; by default the clerk.")
    return ours(click.pass_obj(update_wrapper(called, command)))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("database")
@click.option("--as", "by", default="", metavar="NAME", help="Who acts; by default the clerk, who was entered last.")
@click.option(
    "--files",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The registry's file store, for files over 128 KiB.",
)
@click.pass_context
def main(ctx: click.Context, database: str, by: str, files: Path | None) -> None:
    """A clerk's desk for the built-in registry; DATABASE is its URL, or the path of its SQLite file.

    People are named by surname or full name, organisations by their exchange index.
    """
    ctx.obj = Options(database, by, files)


def _day(_ctx: click.Context, _param: click.Parameter, words: str | None) -> date | None:
    """Return a calendar date, written as 2026-03-11 or 11.03.2026."""
    if words is None:
        return None
    try:
        day, month, year = words.split(".") if "." in words else words.split("-")[::-1]
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise click.BadParameter(f"{words!r} is no date: write 2026-03-11 or 11.03.2026") from error


to_option = click.option("--to", multiple=True, metavar="NAME", help="Into whose inbox; may stand several times.")


# --- papers that wait ---------------------------------------------------------------------------------------------


@main.command()
@seated
def waiting(seat: Seat) -> None:
    """Show the papers that wait for a person."""
    show.waiting(people.waiting(seat.work))


@main.command()
@click.argument("card", type=int)
@click.option("--number", default="", help="A number given by hand; by default the counter's next.")
@click.option("--date", "on", metavar="DATE", callback=_day, help="The date of registration; by default today.")
@to_option
@seated
def register(seat: Seat, card: int, number: str, on: date | None, to: tuple[str, ...]) -> None:
    """Register a paper that waits."""
    day = on or seat.today
    given = people.register_waiting(seat.work, card, by=seat.by, to=to, now=seat.now, on=day, number=number)
    click.echo(f"card {card} is registered: № {given} of {day}")


@main.command()
@click.argument("card", type=int)
@click.argument("existing", type=int)
@seated
def attach(seat: Seat, card: int, existing: int) -> None:
    """Put a paper that waits onto a card that is there."""
    people.join_waiting(seat.work, card, existing, by=seat.by, now=seat.now)
    click.echo(f"card {card} is put onto card {existing}: № {people.card(seat.work, existing).number}")


@main.command()
@click.argument("card", type=int)
@click.option("--reason", type=int, required=True, help="The code of a reason; `reasons` lists them.")
@click.option("--words", default="", help="What else the sender shall read.")
@seated
def refuse(seat: Seat, card: int, reason: int, words: str) -> None:
    """Refuse a paper that waits."""
    people.refuse_waiting(seat.work, card, words, reason=reason, by=seat.by, now=seat.now)
    click.echo(f"card {card} is refused: {show.clean(people.card(seat.work, card).refusal)}")


@main.command()
@click.argument("card", type=int)
@click.option("--words", default="", help="What else the sender shall read.")
@seated
def note(seat: Seat, card: int, words: str) -> None:
    """Take note of a paper that waits, without registering it."""
    people.note_waiting(seat.work, card, words, by=seat.by, now=seat.now)
    click.echo(f"card {card} is taken note of")


@main.command()
@seated
def reasons(seat: Seat) -> None:
    """List the reasons of a refusal."""
    show.reasons(people.refusal_reasons(seat.work))


@main.command("enter-paper")
@click.argument("index")
@click.argument("number")
@click.argument("date", callback=_day)
@click.option("--subject", default="", help="Of a new card.")
@to_option
@seated
def enter_paper(seat: Seat, index: str, number: str, date: date, subject: str, to: tuple[str, ...]) -> None:
    """Enter a paper that came by post from organisation INDEX, under its NUMBER and DATE there."""
    entered = people.enter_paper(
        seat.work, index, number, date, by=seat.by, now=seat.now, on=seat.today, subject=subject, to=to
    )
    card = people.card(seat.work, entered.card)
    what = "the original is noted on" if entered.known else "the paper has a card of its own,"
    click.echo(f"{what} card {card.id}" + (f": № {card.number}" if card.number else ", which waits"))


# --- looking ------------------------------------------------------------------------------------------------------


@main.command()
@click.option("--in", "direction", flag_value="in", help="Only incoming ones.")
@click.option("--out", "direction", flag_value="out", help="Only outgoing ones.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many of the newest.")
@seated
def cards(seat: Seat, direction: str | None, limit: int) -> None:
    """List the newest cards."""
    show.cards(people.cards(seat.work, direction or "", limit))


@main.command()
@click.argument("card", type=int)
@seated
def card(seat: Seat, card: int) -> None:
    """Show a card: files, inboxes, dispatches, the partner's news, instructions."""
    show.card(seat.work, card)


@main.command()
@click.argument("name")
@seated
def inbox(seat: Seat, name: str) -> None:
    """Show what lies in somebody's inbox."""
    show.inbox(people.inbox(seat.work, name))


# --- work with a document -----------------------------------------------------------------------------------------


@main.command()
@click.argument("index")
@click.option("--card", type=int, help="An outgoing card that is there; without it a new one is written.")
@click.option("--subject", default="", help="Of a new card.")
@click.option(
    "--file",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file of a new card; may stand several times.",
)
@click.option("--signer", default="", metavar="NAME", help="Who signed a new card; by default whoever acts.")
@click.option("--official", default="", metavar="NAME", help="For whom it is there.")
@click.option("--deadline", metavar="DATE", callback=_day, help="By when an answer to a new card is wanted.")
@click.option("--paper-follows", is_flag=True, help="The original of a new card goes by post too.")
@seated
def send(
    seat: Seat,
    index: str,
    card: int | None,
    subject: str,
    paths: tuple[Path, ...],
    signer: str,
    official: str,
    deadline: date | None,
    paper_follows: bool,
) -> None:
    """Send a document to organisation INDEX."""
    if card is None:
        card = people.write_card(
            seat.work,
            subject,
            {path.name: path.read_bytes() for path in paths},
            signer=signer or seat.by,
            drafter=seat.by,
            now=seat.now,
            on=seat.today,
            store=seat.store,
            deadline=deadline,
            original_follows=paper_follows or None,
        )
    elif people.card(seat.work, card).direction != "out":
        raise ValueError(f"card {card} is no outgoing document")
    people.send(seat.work, card, index, clerk=seat.by, now=seat.now, to=official)
    click.echo(f"card {card} will be sent to {index}: № {people.card(seat.work, card).number}")


@main.command()
@click.argument("card", type=int)
@click.argument("name")
@seated
def forward(seat: Seat, card: int, name: str) -> None:
    """Put a card into one more inbox."""
    people.card(seat.work, card)
    people.forward(seat.work, card, name, by=seat.by, now=seat.now)
    click.echo(f"card {card} lies before {name}")


@main.command()
@click.argument("card", type=int)
@click.argument("words")
@click.option(
    "--executor", "executors", multiple=True, required=True, metavar="NAME", help="The first one is responsible."
)
@click.option("--deadline", metavar="DATE", callback=_day, help="By when; it is under control then.")
@click.option("--under", type=int, metavar="INSTRUCTION", help="The instruction it carries out.")
@seated
def instruct(
    seat: Seat, card: int, words: str, executors: tuple[str, ...], deadline: date | None, under: int | None
) -> None:
    """Issue an instruction on a card; its author is whoever acts."""
    people.card(seat.work, card)
    key = people.instruct(
        seat.work, card, words, author=seat.by, executors=executors, now=seat.now, deadline=deadline, under=under
    )
    click.echo(f"instruction {key} is issued")


@main.command()
@click.argument("instruction", type=int)
@click.argument("words")
@click.option("--status", default="Исполнено", show_default=True)
@seated
def report(seat: Seat, instruction: int, words: str, status: str) -> None:
    """Write what an executor did; the executor is whoever acts."""
    people.instruction(seat.work, instruction)
    people.report(seat.work, instruction, words, by=seat.by, now=seat.now, status=status)
    click.echo(f"instruction {instruction}: reported")


@main.command()
@click.argument("instruction", type=int)
@click.argument("resume")
@click.option("--date", "on", metavar="DATE", callback=_day, help="When it was carried out; by default today.")
@seated
def close(seat: Seat, instruction: int, resume: str, on: date | None) -> None:
    """Take an instruction off control: executed."""
    people.instruction(seat.work, instruction)
    people.close(seat.work, instruction, resume, by=seat.by, now=seat.now, on=on or seat.today)
    click.echo(f"instruction {instruction} is closed")
