# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms-registry [--as NAME] DATABASE COMMAND``: a clerk's desk for the built-in registry, one function a command.

It does what `people` can do, in the registry's database only; it knows of no gateway.  Moments are the database's.
Exit codes: 0 done, 1 not possible (what was named is not there, or does not allow it), 2 usage.
"""

from datetime import date
from pathlib import Path

import click

from gateway.edms_adapter.registry import desk_show as show
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.desk_corrections import CORRECTIONS
from gateway.edms_adapter.registry.desk_seat import Options, Seat, day, seated, to_option


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


for correction in CORRECTIONS:
    main.add_command(correction)


# --- papers that wait ---------------------------------------------------------------------------------------------


@main.command()
@seated
def waiting(seat: Seat) -> None:
    """Show the papers that wait for a person."""
    show.waiting(people.waiting(seat.work))


@main.command()
@click.argument("card", type=int)
@click.option("--number", default="", help="A number given by hand; by default the counter's next.")
@click.option("--date", "on", metavar="DATE", callback=day, help="The date of registration; by default today.")
@to_option
@seated
def register(seat: Seat, card: int, number: str, on: date | None, to: tuple[str, ...]) -> None:
    """Register a paper that waits."""
    on = on or seat.today
    given = people.register_waiting(seat.work, card, by=seat.by, to=to, now=seat.now, on=on, number=number)
    click.echo(f"card {card} is registered: № {given} of {on}")


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
@click.argument("date", callback=day)
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
@click.option("--deadline", metavar="DATE", callback=day, help="By when an answer to a new card is wanted.")
@click.option("--access", default="", metavar="LEVEL", help="The access level of a new card.")
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
    access: str,
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
        if access:
            people.restrict(seat.work, card, access)
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
@click.option("--deadline", metavar="DATE", callback=day, help="By when; it is under control then.")
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
@click.option("--date", "on", metavar="DATE", callback=day, help="When it was carried out; by default today.")
@seated
def close(seat: Seat, instruction: int, resume: str, on: date | None) -> None:
    """Take an instruction off control: executed."""
    people.instruction(seat.work, instruction)
    people.close(seat.work, instruction, resume, by=seat.by, now=seat.now, on=on or seat.today)
    click.echo(f"instruction {instruction} is closed")
