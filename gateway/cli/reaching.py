# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the EDMS for commands that look at it themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from gateway.cli.context import BAD_CONFIGURATION, PROBLEMS, UNAVAILABLE, Ended
from gateway.edms_adapter import MappingError
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.ports import Edms
from gateway.settings import Settings


@contextmanager
def opened(settings: Settings, database: str | None) -> Iterator[Edms]:
    """Open the EDMS of *settings*, at another address when one is given; ends the command in words."""
    from gateway.build import SystemClock, edms_of

    if database is not None:
        settings = settings.model_copy(update={"edms": settings.edms.model_copy(update={"database": database})})
    try:
        system = edms_of(settings, SystemClock())
        try:
            yield system
        finally:
            system.close()
    except (Ended, BrokenPipeError):
        raise
    except MappingError as error:
        raise Ended(str(error), BAD_CONFIGURATION) from error
    except Exception as error:  # an edge: whatever a database driver raises is shown in one line
        raise Ended(f"the EDMS is not available: {type(error).__name__}: {error}", UNAVAILABLE) from error


def by_mapping(system: Edms) -> SqlEdms:
    """Return *system* when a mapping describes it; ends the command for other kinds."""
    if not isinstance(system, SqlEdms):
        raise Ended("this is for an EDMS that a mapping describes; [edms] names another kind of adapter", PROBLEMS)
    return system


database_option = click.option(
    "--database", metavar="URL", help="Another address of the EDMS's database, for example of another account."
)
