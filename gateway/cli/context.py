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
from gateway.scanning import NoScanner, scanner_of
from gateway.settings import ConfigurationError, JournalSettings, Settings
from gateway.settings.ourselves import EdmsSettings
from gateway.settings_files import load, load_edms, place_of

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


def _placed(said: str, config: Path) -> str:
    """Return what an adapter said of its options, or of its name, with the line in the configuration."""
    key, colon, rest = said.partition(": ")
    if not (colon and key.startswith("edms.")):
        key, rest = "edms.adapter", said
    return f"{place_of(config, key)}: {rest}"


@dataclass(frozen=True, slots=True)
class Context:
    """The options before the command."""

    config: str

    def settings(self) -> Settings:
        """Return the configuration; ends the command with 78 and every problem at once when it does not hold."""
        settings, problems = self.judged()
        if settings is None or problems:
            raise Ended("\n".join(problems), BAD_CONFIGURATION)
        return settings

    def judged(self) -> tuple[Settings | None, list[str]]:
        """Return the configuration, None when it cannot be used, and everything that is wrong with it, in words."""
        path, settings, problems = Path(self.config), None, list[str]()
        try:
            settings = load(path)
        except ConfigurationError as error:
            problems += [str(problem) for problem in error.problems]
        edms = settings.edms if settings else load_edms(path)
        try:
            if edms is not None:
                _known(edms)
        except MappingError as error:
            problems.append(f"{place_of(path, 'edms.mapping')}: {error}")
        except AdapterError as error:
            problems += [_placed(line, path) for line in str(error).splitlines()]
        try:
            if settings is not None:
                scanner_of(settings.antivirus, settings.journal.blobs)
        except NoScanner as error:
            problems.append(f"{place_of(path, 'antivirus.clamd')}: {error}")
        return settings, problems

    @contextmanager
    def journal(self, kept: JournalSettings | None = None) -> Iterator[Journal]:
        """Open the journal; ends the command with 1 when there is none, with 78 for another schema, 69 when it is away.

        Only the service creates one: a misspelt name would look like an empty queue.  *kept* is where it lies when the
        configuration need not be asked.
        """
        kept = kept or self.settings().journal
        try:
            journal = Journal.open(kept.url, kept.blobs, create=False)
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
