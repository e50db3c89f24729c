# SPDX-License-Identifier: GPL-3.0-or-later
"""``db upgrade``: the journal's schema after a new version of the program was installed."""

from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from gateway.cli.backing_up import say_lost
from gateway.cli.context import BAD_CONFIGURATION, PROBLEMS, TRY_LATER, UNAVAILABLE, Context, Ended, pass_context
from gateway.journal.backup import Incomplete
from gateway.journal.schema import HEAD
from gateway.journal.store import NoJournal, SchemaMismatch
from gateway.journal.upgrading import NoRoom, Upgraded, upgrade_after_backup
from gateway.settings import Settings


@click.command()
@click.option("--backup", "folder", type=click.Path(path_type=Path), help="Where the backup goes: a new folder.")
@pass_context
def upgrade(context: Context, folder: Path | None) -> None:
    """Bring the journal's schema to this version of the program, after a backup; stop the service first.

    The backup goes into a new folder beside the large letters unless --backup names another one.  When it does not fit,
    or when a migration fails, nothing is changed.
    """
    from gateway.node import only_one

    settings = context.settings()
    target = folder or _beside(settings, f"before-upgrade-{context.now():%Y%m%dT%H%M%SZ}")
    settings.journal.blobs.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        lock = only_one(settings.journal.blobs)  # the service cannot start meanwhile
    except BlockingIOError as error:
        raise Ended("the service runs with this journal: stop it first; nothing was changed", TRY_LATER) from error
    with lock:
        upgraded = _upgraded(settings, target)
    if upgraded.backup is None:
        click.echo("the journal is up to date")
        return
    click.echo(f"backup   {target}")
    say_lost(upgraded.backup)
    click.echo(f"upgraded from schema {upgraded.found or 'unknown'} to {HEAD}")


def _upgraded(settings: Settings, target: Path) -> Upgraded:
    try:
        return upgrade_after_backup(settings.journal.url, settings.journal.blobs, target)
    except NoJournal as error:
        raise Ended(str(error), PROBLEMS) from error
    except NoRoom as error:
        raise Ended(f"{error}; make room, or name another folder with --backup", PROBLEMS) from error
    except (FileExistsError, Incomplete) as error:
        raise Ended(f"there is no backup, so nothing was changed: {error}", PROBLEMS) from error
    except SchemaMismatch as error:
        raise Ended(str(error), BAD_CONFIGURATION) from error
    except SQLAlchemyError as error:
        kept = f"; the backup is in {target}" if target.exists() else ""
        words = str(error).splitlines()[0][:300]
        raise Ended(f"the upgrade failed and nothing was changed{kept}: {words}", UNAVAILABLE) from error


def _beside(settings: Settings, name: str) -> Path:
    return settings.journal.blobs.parent / name
