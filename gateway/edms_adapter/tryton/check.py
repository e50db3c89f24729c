# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator runs after setting up the account: is everything there that the adapter uses?

Nothing is changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from gateway.edms_adapter.remote.web import Unreachable
from gateway.edms_adapter.tryton.cards import MODEL
from gateway.edms_adapter.tryton.numbers import NoSequence, sequence_called
from gateway.edms_adapter.tryton.people import Staff
from gateway.edms_adapter.tryton.wire import Server, TrytonRefuses
from gateway.ports import Clock, Expected, Finding, Wanted

SERIES = "8.2"
MODULES: Mapping[str, str] = {"document_incoming": SERIES, "company": SERIES, "party": SERIES}
# model → what the account must be allowed to do with its records
RIGHTS: Mapping[str, tuple[str, ...]] = {
    MODEL: ("read", "write", "create", "delete"),
    "ir.attachment": ("read", "create", "delete"),
    "ir.note": ("read", "create"),
    "ir.model.log": ("read",),
    "res.notification": ("read", "create"),
    "res.user": ("read",),
    "company.company": ("read",),
    "company.employee": ("read",),
    "party.party": ("read",),
}
SKEW = timedelta(seconds=60)  # LIMIT: more than this is a finding
DECEMBER = 12


def findings(
    server: Server, staff: Staff, clock: Clock, today: date, expected: Sequence[Expected], wanted: Sequence[Wanted]
) -> Iterator[Finding]:
    """Yield every finding; a server that cannot be reached, or lets us not in, is the only one then."""
    options = server.options
    where = f"Tryton at {options.url}"
    try:
        series, there = server.series()
        yield _series(where, series)
        yield _clock(there, clock.now())
        server.call("model.res.user.get_preferences", True)
        yield Finding(True, f"database {options.database} as {options.login}")
    except Unreachable as error:
        yield Finding(False, where, str(error), "check url and database, that the server runs, and its log")
        return
    except TrytonRefuses as error:
        yield Finding(False, where, str(error), "check login and password_file, and that the account is active")
        return
    yield from _modules(server)
    yield from _rights(server)
    yield from sequences(server, today)
    yield from _people(staff, expected)
    yield from _named(server, staff, wanted)


def sequences(server: Server, today: date) -> Iterator[Finding]:
    """Yield whether the sequences are there: this year's, and from 1 December the next one's."""
    name = server.options.sequence
    if not name:
        return
    years = (today.year, today.year + 1) if today.month == DECEMBER and "{year}" in name else (today.year,)
    for year in years:
        yield _sequence(server, name.replace("{year}", str(year)))


def _series(where: str, series: str) -> Finding:
    ok = series == SERIES
    remedy = "" if ok else f"run Tryton {SERIES}, or ask for an adapter that knows this one"
    return Finding(ok, f"{where}, series {series}", "" if ok else f"this adapter is written for {SERIES}", remedy)


def _clock(there: datetime | None, here: datetime) -> Finding:
    skew = abs(there - here) if there else timedelta(0)
    ok = skew <= SKEW
    said = "" if ok else f"it differs from ours by {int(skew.total_seconds())} s"
    return Finding(ok, "clock of the server", said, "" if ok else "let both machines take the time from one source")


def _modules(server: Server) -> Iterator[Finding]:
    domain = [["name", "in", sorted(MODULES)]]
    rows = server.call("model.ir.module.search_read", domain, 0, None, None, ["name", "state", "version"])
    found = {row["name"]: row for row in rows}
    for name, series in MODULES.items():
        row = found.get(name)
        if row is None or row["state"] != "activated":
            remedy = f"trytond-admin -d {server.options.database} -u {name} --activate-dependencies"
            yield Finding(False, f"module {name}", "is not activated", remedy)
        elif not str(row["version"]).startswith(f"{series}."):
            yield Finding(False, f"module {name} {row['version']}", f"is not {series}", f"install {series}")
        else:
            yield Finding(True, f"module {name} {row['version']}")


def _rights(server: Server) -> Iterator[Finding]:
    access = server.call("model.ir.model.access.get_access", sorted(RIGHTS))
    for model, needed in RIGHTS.items():
        lacking = [right for right in needed if not access.get(model, {}).get(right)]
        login = server.options.login
        remedy = f"Administration > Models > Models Access: allow {', '.join(lacking)} on {model} to a group of {login}"
        yield Finding(
            not lacking, f"rights on {model}", f"no {', '.join(lacking)}" if lacking else "", remedy * bool(lacking)
        )


def _sequence(server: Server, name: str) -> Finding:
    what = f"sequence {name!r}"
    try:
        sequence_called(server, name)
    except NoSequence as why:
        remedy = "make a strict sequence of that name, of a type that a group of our account may edit"
        return Finding(False, what, str(why), remedy)
    return Finding(True, what)


def _people(staff: Staff, expected: Sequence[Expected]) -> Iterator[Finding]:
    for ours in expected or (Expected(""),):
        if ours.office:
            yield _company(staff, ours.office)
        wanted = ours.default_inbox or staff.options.default_user
        what = f"default inbox of {ours.office}" if ours.office else "default inbox"
        if not wanted:
            remedy = "name a user: default_user = … in [edms.options]"
            yield Finding(False, what, "there is none: what is addressed to nobody waits", remedy)
        elif staff.user_called(wanted) is None:
            yield Finding(False, what, f"no one user is called {wanted!r}", "correct the name, or make the user")
        else:
            yield Finding(True, what)


def _company(staff: Staff, office: str) -> Finding:
    what = f"organisation {office}"
    try:
        company = staff.company(office)
    except LookupError as why:
        return Finding(False, what, str(why), "write the company's name as Tryton shows it")
    if company is None and staff.options.companies:
        remedy = f'name its company: companies = ["{office}: …"] in [edms.options]'
        return Finding(False, what, "has no company: everybody sees its cards", remedy)
    return Finding(True, what)


def _named(server: Server, staff: Staff, wanted: Sequence[Wanted]) -> Iterator[Finding]:
    for one in wanted:
        if one.kind == "inbox" and staff.user_called(one.name) is None:
            detail = f"{one.place} names it, and no one user is called so"
            yield Finding(False, f"inbox {one.name!r}", detail, "correct the name, or make the user")
        if one.kind == "journal" and not _sequence(server, one.name).ok:
            detail = f"{one.place} names it, and there is no strict sequence called so"
            yield Finding(False, f"journal {one.name!r}", detail, "correct the name, or make the sequence")
