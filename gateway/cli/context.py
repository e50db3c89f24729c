# SPDX-License-Identifier: GPL-3.0-or-later
"""What every command needs: the configuration, the journal, and a way to end with the right exit code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import update_wrapper
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from gateway.edms_adapter import MappingError, known_mapping
from gateway.edms_adapter.opening import AdapterError, adapter_called, options_for
from gateway.journal.store import Journal, NoJournal, SchemaMismatch
from gateway.settings import ConfigurationError, Settings
from gateway.settings.ourselves import EdmsSettings
from gateway.settings_files import load

PROBLEMS, UNAVAILABLE, TRY_LATER, BAD_CONFIGURATION = 1, 69, 75, 78


class Ended(click.ClickException):
    """The end of a command that did not succeed: words for people and an exit code for scripts."""

    def __init__(self, words: str, code: int) -> None:
        super().__init__(words)
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click has one code for a class, we have one for an end
        return self.code

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)


def _known(edms: EdmsSettings) -> None:
    """Look, without opening anything, whether there is such an EDMS; raises MappingError or AdapterError."""
    if edms.mapping is not None:
        known_mapping(edms.mapping)
    else:
        options_for(adapter_called(edms.adapter), edms.options)


@dataclass(frozen=True, slots=True)
class Context:
    """The options before the command."""

    config: str

    def settings(self) -> Settings:
        """Return the configuration; ends the command with 78 and every problem at once when it does not hold."""
        try:
            settings = load(Path(self.config))
            _known(settings.edms)
        except ConfigurationError as error:
            raise Ended("\n".join(str(problem) for problem in error.problems), BAD_CONFIGURATION) from error
        except MappingError as error:
            raise Ended(f"edms.mapping: {error}", BAD_CONFIGURATION) from error
        except AdapterError as error:
            raise Ended(str(error), BAD_CONFIGURATION) from error
        return settings

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """Open the journal; ends the command with 1 when there is none, with 78 for another schema, 69 when it is away.

        Only the service creates one: a misspelt name would look like an empty queue.
        """
        settings = self.settings()
        try:
            journal = Journal.open(settings.journal.url, settings.journal.blobs, create=False)
        except NoJournal as error:
            raise Ended(str(error), PROBLEMS) from error
        except SchemaMismatch as error:
            raise Ended(str(error), BAD_CONFIGURATION) from error
        except (SQLAlchemyError, OSError) as error:
            raise Ended(f"the journal is not available: {type(error).__name__}", UNAVAILABLE) from error
        try:
            yield journal
        finally:
            journal.close()

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)


def pass_context(command: Callable[..., None]) -> Callable[..., None]:
    """Hand the command the options before it, as its first argument."""

    def called(config: str, /, *arguments: object, **options: object) -> None:
        try:
            command(Context(config), *arguments, **options)
        except BrokenPipeError:
            raise  # whoever read has seen enough: click ends quietly
        except OSError as error:
            raise Ended(f"{error.filename or command.__name__}: {error.strerror or error}", PROBLEMS) from error
        except SQLAlchemyError as error:
            words = str(error).splitlines()[0][:300]
            raise Ended(f"a database is not available: {words}", UNAVAILABLE) from error

    return click.pass_obj(update_wrapper(called, command))


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
