# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms sample``: a mapping to begin with, made from what a database looks like."""

from datetime import UTC
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from gateway.cli.context import PROBLEMS, UNAVAILABLE, Ended


@click.command()
@click.option("--database", required=True, metavar="URL", help="sqlite:///edms.db, postgresql://…, mysql+pymysql://…")
@click.option("--schema", default="", metavar="NAME", help="Where the tables are; else where the account begins.")
@click.option("--cards", default="", metavar="TABLE", help="The table of cards, when you know it.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write a new file.")
def sample(database: str, schema: str, cards: str, output: Path | None) -> None:
    """Print a starter mapping for a database: it loads as it is, and `edms check` names what must be decided.

    Nothing is changed; an account that only reads is enough.
    """
    from gateway.edms_adapter.sql.database import Database
    from gateway.edms_adapter.sql.sampling import sample as sampled

    if database.startswith("sqlite:///") and not Path(database.removeprefix("sqlite:///")).exists():
        raise Ended(f"there is no database {database.removeprefix('sqlite:///')}", UNAVAILABLE)
    try:
        asked = Database(database, UTC, schema)
    except Exception as error:  # an edge: an address without its driver, or none at all
        remedy = "write it like sqlite:///path/edms.db or postgresql://account@db.example/edms"
        raise Ended(f"the address cannot be used: {error}; {remedy}", PROBLEMS) from error
    try:
        made = sampled(asked, schema, cards)
    except LookupError as error:
        raise Ended(str(error), PROBLEMS) from error
    except SQLAlchemyError as error:
        words = str(getattr(error, "orig", None) or error).splitlines()[0][:300]
        raise Ended(f"the EDMS is not available: {words}", UNAVAILABLE) from error
    finally:
        asked.close()
    if output is None:
        click.echo(made, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(made)
    except OSError as error:
        raise Ended(f"{output}: {error.strerror}; nothing was written", PROBLEMS) from error
    click.echo(f"written  {output}")
