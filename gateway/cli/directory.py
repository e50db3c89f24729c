# SPDX-License-Identifier: GPL-3.0-or-later
"""``directory``: our people for partners to choose from, a partner's people for our own users."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy.exc import IntegrityError

from gateway.cli.context import (
    BAD_CONFIGURATION,
    PROBLEMS,
    TRY_LATER,
    UNAVAILABLE,
    Context,
    Ended,
    json_option,
    pass_context,
)
from gateway.cli.officials import MAX_BYTES, BadDirectory, exportable, read, written
from gateway.cli.output import printable, show
from gateway.edms_adapter import MappingError
from gateway.model import folded
from gateway.ports import Edms, Imported, NotOffered, Official, Renewed
from gateway.settings import Settings

SHOWN = 100  # LIMIT: problems of a file that are listed
FIELDS = ("name", "post", "department", "deputy", "head")


@click.group()
def directory() -> None:
    """People who may be addressees: ours for partners, a partner's for our EDMS; as CSV, or by letter."""


@directory.command("export")
@click.option("--office", metavar="INDEX", help="Which of our organisations; needed when there are several.")
@click.argument("path", required=False, type=click.Path(path_type=Path, dir_okay=False), metavar="[FILE]")
@json_option
@pass_context
def export(context: Context, office: str | None, path: Path | None, as_json: bool) -> None:
    """Write our people to FILE (or print them), for partners to import."""
    if path is not None and as_json:
        raise click.UsageError("--json prints; leave out FILE")
    settings = context.settings()
    index = one_of([one.index for one in settings.offices], office, "--office")
    with opened(settings) as edms:
        everybody = edms.people(index)
    try:
        officials = exportable(everybody)
    except BadDirectory as error:
        raise Ended("\n".join(words for _, words in error.problems), PROBLEMS) from error
    if as_json:
        show([asdict(one) for one in officials], (), as_json=True)
    elif path is None:
        click.echo(written(officials), nl=False)
    else:
        path.write_bytes(written(officials))
        click.echo(f"written  {path}: {len(officials)} people")
    if left := [one.name for one in everybody if not one.index.strip()]:
        click.echo(f"without an exchange index, left out: {printable(', '.join(left))}", err=True)


@directory.command("import")
@click.option("--partner", "partner_id", required=True, metavar="ID", help="Whose people these are.")
@click.option("--organisation", metavar="INDEX", help="Which of the partner's organisations, if there are several.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@pass_context
def import_(context: Context, partner_id: str, organisation: str | None, dry_run: bool, path: Path) -> None:
    """Write a partner's people from FILE into our EDMS; who is not in it any more is marked as dismissed."""
    settings = context.settings()
    partner = next((one for one in settings.partners if one.id == partner_id), None)
    if partner is None:
        raise Ended(f"there is no partner {partner_id}", PROBLEMS)
    index = one_of(partner.indices, organisation, "--organisation")
    officials = _people_of(path)
    with opened(settings) as edms:
        done = edms.import_people(index, officials, dry_run=dry_run)
    tell(done)
    click.echo(counted(done) + ("; nothing was written" if dry_run else ""))


@contextmanager
def opened(settings: Settings) -> Iterator[Edms]:
    """Open the EDMS; ends the command in words when it cannot do what was asked."""
    from gateway.build import SystemClock, edms_of

    try:
        edms = edms_of(settings, SystemClock())
        try:
            yield edms
        finally:
            edms.close()
    except (NotOffered, MappingError) as error:
        raise Ended(f"{settings.edms.mapping or settings.edms.adapter}: {error}", BAD_CONFIGURATION) from error
    except LookupError as error:
        raise Ended(str(error), PROBLEMS) from error
    except IntegrityError as error:
        raise Ended("somebody else imports these people now; nothing was written", TRY_LATER) from error
    except Exception as error:  # an edge: whatever a database driver raises is shown in one line
        words = str(error).splitlines()[0][:300] if str(error) else ""
        raise Ended(f"the EDMS is not available: {type(error).__name__}: {words}", UNAVAILABLE) from error


def _people_of(path: Path) -> tuple[Official, ...]:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    try:
        return read(data)
    except BadDirectory as error:
        lines = [f"{path}:{line}: {words}" if line else f"{path}: {words}" for line, words in error.problems[:SHOWN]]
        if len(error.problems) > SHOWN:
            lines.append(f"… and {len(error.problems) - SHOWN} more")
        raise Ended(printable_lines([*lines, "nothing was written"]), PROBLEMS) from error


def printable_lines(lines: list[str]) -> str:
    return "\n".join(printable(line) for line in lines)


def one_of(known: tuple[str, ...] | list[str], asked: str | None, option: str) -> str:
    """Return which of *known* is meant; a usage error when that is not said, or is none of them."""
    there = ", ".join(known)
    if asked is None and len(known) > 1:
        raise click.UsageError(f"say which with {option}: {there}")
    found = [index for index in known if asked is None or folded(index) == folded(asked)]
    if not found:
        raise click.UsageError(f"{option}: there is no {asked}; there are: {there}")
    return found[0]


def counted(done: Imported) -> str:
    """Return how many people changed, and how."""
    counts = f"added {len(done.added)}, changed {len(done.renewed)}, dismissed {len(done.dismissed)}"
    return f"{counts}, unchanged {done.unchanged}"


def tell(done: Imported) -> None:
    """Print everybody who changes."""
    lines = [f"added      {one.index}  {one.name}" for one in done.added]
    lines += [f"changed    {one.now.index}  {one.now.name}: {_what_changed(one)}" for one in done.renewed]
    lines += [f"dismissed  {one.index}  {one.name}" for one in done.dismissed]
    if lines:
        click.echo(printable_lines(lines))


def _what_changed(one: Renewed) -> str:
    before, after = asdict(one.was), asdict(one.now)
    words = [f"{name} {_shown(before[name])} → {_shown(after[name])}" for name in FIELDS if before[name] != after[name]]
    return "; ".join([*(["is there again"] if one.returned else []), *words])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "none"
