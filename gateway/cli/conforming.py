# SPDX-License-Identifier: GPL-3.0-or-later
"""``conformance``: whether a gateway, ours or another vendor's, does what its standard and docs/protocol.md say."""

import asyncio
import shutil
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
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
from gateway.conformance.ground import BY_GUID, GUID, Ground, Side
from gateway.conformance.judging import Result
from gateway.conformance.ourselves import ground_of
from gateway.conformance.play import Patience
from gateway.conformance.testing import Peer, of_ourselves, of_peer
from gateway.dialects import DIALECTS, by_name
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


@dataclass(frozen=True, slots=True)
class Names:
    """Who is who, as it was typed; None: it was not."""

    peer: str | None
    peer_index: str | None
    addressee: str | None
    address: str | None
    index: str | None
    strict_address: str | None
    strict_index: str | None

    def ground(self, example: Ground) -> Ground:
        """Return the ground between these sides; the index of a side that nobody named is that of *example*."""
        strict = self.strict_address or self.peer is None  # a list and folders show those cases, too
        assert example.strict is not None
        assert EXAMPLE.strict is not None
        return replace(
            example,
            ours=_side(example.ours, EXAMPLE.ours, self.address, self.index),
            theirs=_side(example.theirs, EXAMPLE.theirs, self.peer, self.peer_index),
            strict=_side(example.strict, EXAMPLE.strict, self.strict_address, self.strict_index) if strict else None,
            addressee=self.addressee or EXAMPLE.addressee,
            unproven="",
        )

    def no_guids(self, ground: Ground) -> tuple[str, ...]:
        """Return the options whose index must be a GUID and is none; to a peer nothing but what was typed is said."""
        sides = (("index", ground.ours), ("peer_index", ground.theirs), ("strict_index", ground.strict))
        return tuple(
            f"--{name.replace('_', '-')}"
            for name, side in sides
            if side and not (GUID.fullmatch(side.wire) and (self.peer is None or getattr(self, name)))
        )


def _side(example: Side, plain: Side, address: str | None, index: str | None) -> Side:
    return Side(address or plain.address, index or plain.index, plain.name, "" if index else example.code)


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
@click.option("--peer-index", show_default="EX-PEER", help="The exchange index of their organisation; in MEDO a GUID.")
@click.option("--addressee", metavar="NAME", help="A person there who may get test documents.")
@click.option("--address", show_default="kit@kit.example", help="Our own address.")
@click.option("--index", show_default="EX-KIT", help="Our own exchange index; in MEDO a GUID.")
@click.option("--strict-address", help="Our second address, for which stricter rules are agreed.")
@click.option("--strict-index", show_default="EX-KIT-STRICT", help="Its exchange index; in MEDO a GUID.")
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
    peer_index: str | None,
    addressee: str | None,
    address: str | None,
    index: str | None,
    strict_address: str | None,
    strict_index: str | None,
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
    names = Names(peer, peer_index, addressee, address, index, strict_address, strict_index)
    spoken = dialect or (NAMES if ourselves else (EXAMPLE.dialect,))
    _checked(names, spoken, version, ourselves=ourselves)
    if target is not None and not name:  # the same bytes whenever they are written
        name, at = EXAMPLE.run, at or EXAMPLE.at
    at = at or SystemClock().now().replace(microsecond=0)
    name = name or token_hex(8)
    grounds = tuple(replace(ground_of(one, name, at), version=version) for one in spoken)
    if not ourselves:
        grounds = tuple(names.ground(one) for one in grounds)
    made = _made(grounds, names, cases)
    found = book.chosen(_fitting(made, spoken, role), only)
    if listing:
        return show([{"case": one.name, "title": one.title} for one in found], ("case", "title"), as_json=as_json)
    if not found:
        raise click.UsageError(_why_none(made, grounds, only, role))
    if target is not None:
        click.echo(f"{_counted(case.write(found, target))} in {target}")
        for one in grounds if cases is None else ():
            click.echo(f"{one.dialect}: from {_who(one.ours)}, to {_who(one.theirs)}", err=True)
        return None
    began = monotonic()
    if ourselves:
        results = _test_ourselves(grounds, found, keep=keep)
    elif peer and listen:
        relay = Relay(via[0], via[1], tls=tls, in_the_clear=True, helo="conformance.test")
        there = Peer(relay, *listen, Patience(patience, documents, quiet, pace=1), strict_codes)
        results = _tested(of_peer(there, grounds[0], found, _say))
    else:
        raise click.UsageError("say --self, or --peer ADDRESS and --listen HOST:PORT")
    _print(results, monotonic() - began, as_json=as_json, junit=junit)
    if not as_json and any(not one.passed for one in results):
        click.echo(f"The letters, byte for byte: the same command with --write DIR --run {name} --at {at.isoformat()}")
    if any(not one.passed for one in results):
        raise SystemExit(PROBLEMS)
    return None


def _checked(names: Names, spoken: Sequence[str], version: str, *, ourselves: bool) -> None:
    """Raise UsageError when the options contradict one another, or would be passed over."""
    if ourselves and names.peer:
        raise click.UsageError("--self and --peer exclude each other")
    if names.peer and len(spoken) > 1:
        raise click.UsageError("a peer is tested in one standard at a time: say one --dialect")
    if names.peer and names.strict_index and not names.strict_address:
        raise click.UsageError("--strict-index needs --strict-address")
    typed = [name for name in Names.__dataclass_fields__ if name != "peer" and getattr(names, name)]
    if ourselves and typed:
        said = ", ".join(f"--{name.replace('_', '-')}" for name in typed)
        raise click.UsageError(f"--self names both sides itself: {said} cannot be said with it")
    for one in spoken:
        known = by_name(one).versions
        if version and version not in known:
            raise click.UsageError(f"{one} is not written in --version {version}; it is in {', '.join(known)}")


def _made(grounds: Sequence[Ground], names: Names, folder: Path | None) -> tuple[Case, ...]:
    """Return every case there is, from *folder* when one is given."""
    if folder:
        try:
            return case.read(folder)
        except ValueError as error:
            raise Ended(str(error), PROBLEMS) from error
    for ground in grounds:
        if ground.dialect in BY_GUID and (lacking := names.no_guids(ground)):
            raise click.UsageError(
                f"{ground.dialect} names an organisation by a GUID, 8-4-4-4-12 hexadecimal digits: say one as "
                + ", ".join(lacking)
            )
    try:
        return tuple(one for ground in grounds for one in book.cases(ground))
    except ValueError as error:
        raise Ended(
            f"{error}\n--index, --strict-index and --peer-index are what stands on the wire", PROBLEMS
        ) from error


def _fitting(made: Sequence[Case], spoken: Sequence[str], role: str) -> tuple[Case, ...]:
    return tuple(one for one in made if role in ("both", one.role) and one.dialect in spoken)


def _why_none(made: Sequence[Case], grounds: Sequence[Ground], only: tuple[str, ...], role: str) -> str:
    """Return why no case is left to play, and what to say instead."""
    spoken = [ground.dialect for ground in grounds]
    if wanted := book.chosen(_fitting(made, spoken, "both"), only):
        return f"no case that fits is of --role {role}: say --role {wanted[0].role}"
    if others := sorted({one.dialect for one in book.chosen(tuple(made), only)} - set(spoken)):
        return f"no case that fits is of --dialect {', '.join(spoken)}: say --dialect {others[0]}"
    agreed = tuple(
        one
        for ground in grounds
        for one in book.cases(replace(ground, strict=ground_of(ground.dialect, ground.run, ground.at).strict))
    )
    if book.chosen(_fitting(agreed, spoken, role), only):
        return "these cases need the second partner of docs/conformance.md: say --strict-address"
    return "no case fits --only; --list shows them all"


def _who(side: Side) -> str:
    return f"{side.address}, index {side.wire}"


def _counted(cases: int) -> str:
    return "1 case" if cases == 1 else f"{cases} cases"


def _test_ourselves(grounds: Sequence[Ground], cases: Sequence[Case], *, keep: bool) -> tuple[Result, ...]:
    home = Path(mkdtemp(prefix="edms-conformance-"))
    try:
        return _tested(of_ourselves(home, grounds, cases, say=_say))
    finally:
        if keep:
            click.echo(f"journal and logs: {home}", err=True)
        else:
            shutil.rmtree(home)


def _say(words: str) -> None:
    """Tell people how the run goes; what it found goes to standard output."""
    click.echo(words, err=True)


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
        words = f"{_counted(len(results) - len(failed) - left)} passed, {len(failed)} failed, {seconds:.1f} s"
        click.echo(f"stopped: {words}, {left} were not played" if left else words)
