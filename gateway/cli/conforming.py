# SPDX-License-Identifier: GPL-3.0-or-later
"""``conformance``: whether a gateway, ours or another vendor's, does what its standard and docs/protocol.md say."""

import asyncio
import shutil
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from tempfile import mkdtemp
from time import monotonic
from typing import Literal

import click

from gateway.build import SystemClock
from gateway.cli.context import PROBLEMS, TRY_LATER, Ended, json_option
from gateway.cli.output import show
from gateway.conformance import book, case, printing
from gateway.conformance.case import Case
from gateway.conformance.ground import BY_GUID, Ground, Side
from gateway.conformance.judging import Result
from gateway.conformance.ourselves import ground_of
from gateway.conformance.play import Patience
from gateway.conformance.testing import Peer, of_ourselves, of_peer
from gateway.dialects import DIALECTS
from gateway.outbound.relay import Relay

NAMES = tuple(dialect.name for dialect in DIALECTS)
EXAMPLE = Ground()
Tls = Literal["none", "starttls", "implicit"]


class Place(click.ParamType[tuple[str, int]]):
    """HOST:PORT."""

    name = "HOST:PORT"

    def convert(
        self, value: str | tuple[str, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, colon, port = value.rpartition(":")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            self.fail(f"{value!r} is not HOST:PORT", param, ctx)
        return host.strip("[]"), int(port)


class Moment(click.ParamType[datetime]):
    """An ISO moment with its offset."""

    name = "MOMENT"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no moment such as 2026-03-11T07:00:00+00:00", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no offset", param, ctx)
        return moment.astimezone(UTC)


@click.command()
@click.option("--self", "ourselves", is_flag=True, help="Test a gateway of our own, set up in a temporary folder.")
@click.option("--peer", metavar="ADDRESS", help="Test the gateway that takes letters at this address.")
@click.option("--listen", type=Place(), help="Where we listen for its letters.")
@click.option(
    "--via", type=Place(), default="127.0.0.1:25", show_default=True, help="The SMTP server that leads to it."
)
@click.option("--tls", type=click.Choice(["none", "starttls", "implicit"]), default="none", show_default=True)
@click.option(
    "--dialect",
    type=click.Choice(NAMES),
    multiple=True,
    help="Without it: all of them with --self, else sev.",
)
@click.option("--version", default="", metavar="VERSION", help="Of the dialect; the newest we write.")
@click.option("--peer-index", default="EX-PEER", show_default=True, help="The exchange index of their organisation.")
@click.option("--addressee", default="", metavar="NAME", help="A person there who may get test documents.")
@click.option("--address", default="kit@kit.example", show_default=True, help="Our own address.")
@click.option("--index", default="EX-KIT", show_default=True, help="Our own exchange index.")
@click.option("--strict-address", default="", help="Our second address, for which stricter rules are agreed.")
@click.option("--strict-index", default="EX-KIT-STRICT", show_default=True, help="Its exchange index.")
@click.option("--role", type=click.Choice(["receiver", "sender", "both"]), default="both", show_default=True)
@click.option("--only", multiple=True, metavar="PATTERN", help="Only cases whose name fits: sev/mime/*, or zip.")
@click.option("--cases", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Play the cases in DIR.")
@click.option("--list", "listing", is_flag=True, help="Print the cases and end.")
@click.option("--write", "target", type=click.Path(path_type=Path, file_okay=False), help="Write each as a folder.")
@click.option("--run", "name", default="", metavar="NAME", help="From which every id is made; a new one each time.")
@click.option("--at", type=Moment(), help="When the letters say they were sent, as a failed run prints it; now.")
@click.option("--strict-codes", is_flag=True, help="Refusals must have the codes and places of docs/protocol.md.")
@click.option("--patience", default=300.0, show_default=True, metavar="SECONDS", help="For the answers to one letter.")
@click.option("--documents", default=900.0, show_default=True, metavar="SECONDS", help="For what they shall send.")
@click.option("--quiet", default=120.0, show_default=True, metavar="SECONDS", help="For what must not come.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Also write JUnit XML.")
@click.option("--keep", is_flag=True, help="With --self: leave the folder, with journal and logs.")
@json_option
def conformance(
    *,
    ourselves: bool,
    peer: str | None,
    listen: tuple[str, int] | None,
    via: tuple[str, int],
    tls: Tls,
    dialect: tuple[str, ...],
    version: str,
    peer_index: str,
    addressee: str,
    address: str,
    index: str,
    strict_address: str,
    strict_index: str,
    role: str,
    only: tuple[str, ...],
    cases: Path | None,
    listing: bool,
    target: Path | None,
    name: str,
    at: datetime | None,
    strict_codes: bool,
    patience: float,
    documents: float,
    quiet: float,
    junit: Path | None,
    keep: bool,
    as_json: bool,
) -> None:
    """Send documents, reports, mistakes and malice by real SMTP, and compare what comes back with what must.

    Ends with 1 when a case fails.  What the other side sets up: docs/conformance.md.
    """
    if ourselves and peer:
        raise click.UsageError("--self and --peer exclude each other")
    if target is not None and not name:  # the same bytes whenever they are written
        name, at = EXAMPLE.run, at or EXAMPLE.at
    at = at or SystemClock().now().replace(microsecond=0)
    name = name or token_hex(8)
    if ourselves or (peer is None and set(dialect) & set(BY_GUID)):  # the indices above are no GUIDs
        grounds = tuple(ground_of(one, name, at) for one in dialect or NAMES)
    else:
        grounds = (
            Ground(
                dialect=(dialect or (EXAMPLE.dialect,))[0],
                run=name,
                at=at,
                ours=Side(address, index, EXAMPLE.ours.name),
                theirs=Side(peer or EXAMPLE.theirs.address, peer_index, EXAMPLE.theirs.name),
                addressee=addressee or EXAMPLE.addressee,
                strict=_strict(strict_address, strict_index, demanded=peer is None),
                version=version,
            ),
        )
    found = _chosen(grounds, cases, only, role)
    if listing:
        return show([{"case": one.name, "title": one.title} for one in found], ("case", "title"), as_json=as_json)
    if target is not None:
        click.echo(f"{case.write(found, target)} cases in {target}")
        return None
    if not found:
        raise click.UsageError("no case fits --only; --list shows them all")
    began = monotonic()
    if ourselves:
        results = _test_ourselves(grounds, found, keep=keep)
    elif peer and listen:
        relay = Relay(via[0], via[1], tls=tls, in_the_clear=True, helo="conformance.test")
        there = Peer(relay, *listen, Patience(patience, documents, quiet, pace=1), strict_codes)
        results = _tested(of_peer(there, grounds[0], found, lambda words: click.echo(words, err=True)))
    else:
        raise click.UsageError("say --self, or --peer ADDRESS and --listen HOST:PORT")
    _print(results, monotonic() - began, as_json=as_json, junit=junit)
    if not as_json and any(not one.passed for one in results):
        click.echo(f"The letters, byte for byte: the same command with --write DIR --run {name} --at {at.isoformat()}")
    if any(not one.passed for one in results):
        raise SystemExit(PROBLEMS)
    return None


def _strict(address: str, index: str, *, demanded: bool) -> Side | None:
    if not address and not demanded:
        return None
    known = EXAMPLE.strict
    assert known is not None
    return Side(address or known.address, index, known.name)


def _chosen(grounds: Sequence[Ground], folder: Path | None, only: tuple[str, ...], role: str) -> tuple[Case, ...]:
    try:
        found = case.read(folder) if folder else tuple(one for ground in grounds for one in book.cases(ground))
    except ValueError as error:
        raise Ended(
            f"{error}\n--index, --strict-index and --peer-index are what stands on the wire", PROBLEMS
        ) from error
    spoken = {ground.dialect for ground in grounds}
    fitting = tuple(one for one in found if role in ("both", one.role) and one.dialect in spoken)
    return book.chosen(fitting, only)


def _test_ourselves(grounds: Sequence[Ground], cases: Sequence[Case], *, keep: bool) -> tuple[Result, ...]:
    home = Path(mkdtemp(prefix="edms-conformance-"))
    try:
        return _tested(of_ourselves(home, grounds, cases))
    finally:
        if keep:
            click.echo(f"journal and logs: {home}", err=True)
        else:
            shutil.rmtree(home)


def _tested(run: Coroutine[object, object, tuple[Result, ...]]) -> tuple[Result, ...]:
    try:
        return asyncio.run(run)
    except OSError as error:
        raise Ended(f"the test cannot go on: {error}", TRY_LATER) from error


def _print(results: Sequence[Result], seconds: float, *, as_json: bool, junit: Path | None) -> None:
    if junit is not None:
        junit.write_text(printing.junit(results, seconds), encoding="utf-8")
    rows = [
        {**row, "heard": row["heard"] if as_json else ", ".join(row["heard"])}  # type: ignore[arg-type]  # a list of words
        for row in printing.rows(results)
    ]
    show(rows, ("verdict", "case", "heard", "seconds"), as_json=as_json, cut="heard")
    failed = [one for one in results if one.played and not one.passed]
    if not as_json:
        for one in failed:
            click.echo(f"{one.case.name}: {one.case.title}")
            for words in printing.words(one):
                click.echo(f"   {words}")
        left = sum(not one.played for one in results)
        words = f"{len(results) - len(failed) - left} cases passed, {len(failed)} failed, {seconds:.1f} s"
        click.echo(f"stopped: {words}, {left} were not played" if left else words)
