# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sits at the desk: the registry is opened for one command, and what does not work is told in words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import update_wrapper
from pathlib import Path

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

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


def day(_ctx: click.Context, _param: click.Parameter, words: str | None) -> date | None:
    """Return a calendar date, written as 2026-03-11 or 11.03.2026."""
    if words is None:
        return None
    try:
        first, month, year = words.split(".") if "." in words else words.split("-")[::-1]
        return date(int(year), int(month), int(first))
    except ValueError as error:
        raise click.BadParameter(f"{words!r} is no date: write 2026-03-11 or 11.03.2026") from error


to_option = click.option("--to", multiple=True, metavar="NAME", help="Into whose inbox; may stand several times.")
