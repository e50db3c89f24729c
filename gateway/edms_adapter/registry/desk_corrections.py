# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the desk that correct: what was sent, what was instructed, who works here, which years are open."""

from datetime import date
from pathlib import Path

import click

from gateway.edms_adapter.registry import desk_show as show
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.desk_seat import Seat, day, seated
from gateway.edms_adapter.registry.people.rows import correspondent_key

file_option = click.option(
    "--file", "path", required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Its path."
)


def _dispatch(seat: Seat, card: int, index: str) -> int:
    """Return the key of the dispatch of *card* to organisation *index*; LookupError when it never went there."""
    organisation = correspondent_key(seat.work, index)
    people.card(seat.work, card)
    asked = [row.id for row in people.ladder(seat.work, card) if row.correspondent_id == organisation]
    if not asked:
        raise LookupError(f"card {card} was never sent to {index}")
    return int(asked[0])


# --- what was sent ------------------------------------------------------------------------------------------------


@click.command("add-file")
@click.argument("card", type=int)
@file_option
@seated
def add_file(seat: Seat, card: int, path: Path) -> None:
    """Put one more file onto a card."""
    people.card(seat.work, card)
    people.add_file(seat.work, card, path.name, path.read_bytes(), store=seat.store)
    click.echo(f"card {card} has one more file: {show.clean(path.name)}")


@click.command("send-again")
@click.argument("card", type=int)
@click.argument("index")
@seated
def send_again(seat: Seat, card: int, index: str) -> None:
    """Send a document once more to organisation INDEX, which refused it or did not get it."""
    people.send_again(seat.work, _dispatch(seat, card, index), now=seat.now)
    click.echo(f"card {card} will be sent to {index} again")


@click.command("send-changes")
@click.argument("card", type=int)
@click.argument("index")
@seated
def send_changes(seat: Seat, card: int, index: str) -> None:
    """Send organisation INDEX what changed on a card since it was sent there."""
    people.send_changes(seat.work, _dispatch(seat, card, index), now=seat.now)
    click.echo(f"what changed on card {card} will be sent to {index}")


@click.command()
@click.argument("card", type=int)
@click.argument("index")
@click.argument("words")
@seated
def withdraw(seat: Seat, card: int, index: str, words: str) -> None:
    """Take back a document that goes to organisation INDEX; WORDS say why."""
    people.withdraw(seat.work, _dispatch(seat, card, index), words, now=seat.now)
    click.echo(f"card {card} is wanted back from {index}")


@click.command()
@click.argument("card", type=int)
@click.option("--subject", required=True)
@file_option
@click.option("--signer", default="", metavar="NAME", help="Who signed it; by default whoever acts.")
@seated
def answer(seat: Seat, card: int, subject: str, path: Path, signer: str) -> None:
    """Answer an incoming document; the answer goes to its sender."""
    if people.card(seat.work, card).direction != "in":
        raise ValueError(f"card {card} is no incoming document")
    key = people.answer(
        seat.work,
        card,
        subject,
        {path.name: path.read_bytes()},
        signer=signer or seat.by,
        drafter=seat.by,
        now=seat.now,
        store=seat.store,
    )
    click.echo(f"card {key} answers card {card}: № {people.card(seat.work, key).number}")


# --- instructions -------------------------------------------------------------------------------------------------


@click.command("move-deadline")
@click.argument("instruction", type=int)
@click.argument("date", callback=day)
@seated
def move_deadline(seat: Seat, instruction: int, date: date) -> None:
    """Move the deadline of an instruction to another DATE."""
    people.instruction(seat.work, instruction)
    people.change_deadline(seat.work, instruction, date, by=seat.by, now=seat.now)
    click.echo(f"instruction {instruction} is due {date}")


# --- people and journals ------------------------------------------------------------------------------------------


@click.command()
@click.argument("name")
@click.option("--date", "on", metavar="DATE", callback=day, help="The first day without them; by default today.")
@click.option("--deputy", default="", metavar="NAME", help="Who takes the papers; by default as noted before.")
@seated
def dismiss(seat: Seat, name: str, on: date | None, deputy: str) -> None:
    """Note that somebody works here no more."""
    people.dismiss(seat.work, name, on or seat.today, deputy=deputy)
    click.echo(f"{name} has left")


@click.command()
@click.argument("index")
@seated
def officials(seat: Seat, index: str) -> None:
    """List the people of organisation INDEX, as its directory was imported."""
    correspondent_key(seat.work, index)
    show.officials(people.partner_people(seat.work, index))


@click.command()
@seated
def journals(seat: Seat) -> None:
    """List the journals and the years that are open in them."""
    show.journals(people.journals(seat.work))


@click.command("open-by-hand")
@click.argument("journal")
@seated
def open_by_hand(seat: Seat, journal: str) -> None:
    """Let a person open each year of JOURNAL from now on."""
    people.open_by_hand(seat.work, journal)
    click.echo(f"the years of {journal} are opened by hand")


@click.command("open-year")
@click.argument("journal")
@click.argument("year", type=click.IntRange(1900, 9999))
@click.option("--first", type=click.IntRange(1), default=1, show_default=True, help="The first number.")
@seated
def open_year(seat: Seat, journal: str, year: int, first: int) -> None:
    """Open a YEAR of JOURNAL; one that is open stays as it is."""
    people.open_year(seat.work, journal, year, first=first)
    click.echo(f"{journal}: {year} is open")


CORRECTIONS = (
    *(add_file, send_again, send_changes, withdraw, answer),
    *(move_deadline, dismiss, officials, journals, open_by_hand, open_year),
)
