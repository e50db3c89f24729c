# SPDX-License-Identifier: GPL-3.0-or-later
"""``run``: the service."""

import click

from gateway.cli.context import BAD_CONFIGURATION, TRY_LATER, UNAVAILABLE, Context, Ended, pass_context


@click.command()
@click.option(
    "--workers", type=click.IntRange(1, 256), help="How many processes parse and register; overrides the file."
)
@pass_context
def run(context: Context, workers: int | None) -> None:
    """Run the service until SIGTERM; SIGHUP reads the configuration anew."""
    from sqlalchemy.exc import SQLAlchemyError

    from gateway.edms_adapter import MappingError
    from gateway.journal.store import SchemaMismatch
    from gateway.logs import configure_logs
    from gateway.node import Node, place_of
    from gateway.run import run_service

    def ready(node: Node) -> None:
        doors = [f"{door.listening.name} on {place_of(door)}" for door in node.listeners]
        boxes = [f"mailbox {box.name} is read" for box in node.parts.settings.mailboxes]
        boxes += [f"folder {folder.name} is read" for folder in node.parts.settings.folders]
        click.echo(f"ready: {', '.join((*doors, *boxes)) or 'only sends: no listener, no mailbox'}", err=True)

    configure_logs()
    try:
        run_service(context.settings, ready=ready, workers=workers)
    except (SchemaMismatch, MappingError) as error:
        raise Ended(str(error), BAD_CONFIGURATION) from error
    except SQLAlchemyError as error:
        raise Ended(f"a database is not available: {type(error).__name__}: {error}", UNAVAILABLE) from error
    except OSError as error:
        raise Ended(f"cannot start: {error}", TRY_LATER) from error
