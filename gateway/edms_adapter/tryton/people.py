# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may be an addressee: Tryton's users, with what their employees say of them.

A user is somebody whom a card can be put before.  The name is the employee's party's, else the user's own; the index
is the party's code.  Tryton knows neither posts nor departments.  Who has left, by the employee's end date, is no
addressee.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from gateway.edms_adapter.sql import routing
from gateway.edms_adapter.sql.addressees import NO_INBOX, WHOLE, ours
from gateway.edms_adapter.tryton.wire import Json, Server
from gateway.errors import Reason, Refused
from gateway.model import Document, Party, folded
from gateway.ports import Addressee, Intake, Official

Strategy = Literal["index", "name and post", "initials"]
STRATEGIES: tuple[Strategy, ...] = ("index", "name and post", "initials")
USER = ("name", "login", "employees")
EMPLOYEE = ("party.name", "party.code", "company", "end_date")


class Staff:
    """The users of one Tryton, read anew for every question, and our companies."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.options = server.options
        self._companies: dict[str, int] = {}  # by name; a company's id never changes

    def resolve(self, hint: Party, office: str, today: date) -> Addressee | None:
        """Return the user that *hint* means in *office* (empty: in any); two candidates are nobody."""
        if not routing.wanted(hint) or (office and not ours(hint, office)):
            return None
        return routing.addressee(routing.find(hint, self._inboxes(office, today), STRATEGIES))

    def routed(self, document: Document, intake: Intake) -> tuple[tuple[Addressee, ...], str]:
        """Return whom *document* goes to, each once, and why a person must decide, if so.

        One unknown addressee among several does not hold up the rest.
        Raises Refused when nobody was found and the office refuses that.
        """
        named = [party for party in document.addressees if ours(party, intake.office) and routing.wanted(party)]
        everybody = self._inboxes(intake.office, intake.register_on) if named else []
        routes = [routing.find(party, everybody, STRATEGIES) for party in named]
        found = [one for route in routes if (one := routing.addressee(route))]
        vacant = [route.why for route in routes if route.vacant]
        lost = [route.why for route in routes if route.inbox is None and not route.vacant]
        if lost and not found and not vacant:
            if intake.unknown_addressee == "refuse":
                raise Refused(Reason.UNKNOWN_ADDRESSEE, "; ".join(lost))
            if intake.unknown_addressee == "wait":
                return (), "; ".join(lost)
        if lost or vacant or not found:
            default = self.default(intake.default_inbox, "; ".join((*lost, *vacant)) or WHOLE, found=not lost)
            if default is None:
                return (), NO_INBOX % (f" «{intake.default_inbox}»" if intake.default_inbox else "")
            found.append(default)
        once: dict[str, Addressee] = {}
        for one in found:
            before = once.get(one.inbox)
            once[one.inbox] = replace(before, why=f"{before.why}; {one.why}") if before else one
        return tuple(once.values()), ""

    def default(self, wanted: str, why: str, *, found: bool) -> Addressee | None:
        """Return who takes what nobody fits: the user with the login, name or surname *wanted*, else ours."""
        asked = wanted or self.options.default_user
        user = self.user_called(asked) if asked else None
        return None if user is None else Addressee(user.key, user.name, "default", why, found)

    def user_called(self, wanted: str) -> routing.Inbox | None:
        """Return the one user with the login, the name or the surname *wanted*."""
        users = self._users()
        by_login = [one for one in users if str(one["login"]).casefold() == wanted.casefold()]
        if by_login:
            return _inbox(by_login[0])
        inboxes = [_inbox(user) for user in users]
        names = [one for one in inboxes if routing.plain(one.name) == routing.plain(wanted)]
        names = names or [one for one in inboxes if routing.plain(one.name).split()[:1] == [routing.plain(wanted)]]
        return names[0] if len(names) == 1 else None

    def officials(self, office: str, today: date) -> list[Official]:
        """Return who may be an addressee in *office*, by name."""
        there = [one for one in self._inboxes(office, today) if not one.left_on and one.name]
        return [Official(one.index, one.name) for one in sorted(there, key=lambda one: one.name)]

    def company(self, office: str) -> int | None:
        """Return the company that is our organisation *office*; None for one that has none.

        Raises LookupError for a name that Tryton does not know, or knows twice.
        """
        name = self.options.company_of.get(folded(office))
        if name is None:
            return None
        if name not in self._companies:
            found = self.server.call("model.company.company.search", [["rec_name", "=", name]], 0, 2, None)
            if len(found) != 1:
                raise LookupError(f"Tryton has {len(found)} companies called {name!r}")
            self._companies[name] = int(found[0])
        return self._companies[name]

    # --- what is there ----------------------------------------------------------------------------------------------

    def _inboxes(self, office: str, today: date) -> list[routing.Inbox]:
        company = self.company(office) if office else None
        users = self._users()
        ids = sorted({key for user in users for key in user["employees"]})
        rows = self.server.call("model.company.employee.read", ids, [*EMPLOYEE]) if ids else []
        employees = {row["id"]: row for row in rows}
        made = []
        for user in users:
            if user["login"] == self.options.login:
                continue
            jobs = [employees[key] for key in user["employees"] if key in employees]
            here = [job for job in jobs if company is None or job["company"] == company]
            if here or (not jobs and company is None):
                made.append(_inbox(user, _present(here, today), today))
        return made

    def _users(self) -> list[Json]:
        order = [["id", "ASC"]]
        found: list[Json] = self.server.call("model.res.user.search_read", [], 0, None, order, [*USER])
        return found


def _present(jobs: Sequence[Json], today: date) -> Json | None:
    """Return the job a user has today, else the one that ended."""
    return next((job for job in jobs if not _ended(job, today)), jobs[0] if jobs else None)


def _ended(job: Json, today: date) -> str:
    end = job["end_date"]
    if end is None:
        return ""
    day = date(end["year"], end["month"], end["day"])
    return day.isoformat() if day < today else ""


def _inbox(user: Json, job: Json | None = None, today: date = date.min) -> routing.Inbox:
    party = (job or {}).get("party.") or {}
    name = party.get("name") or user["name"] or user["login"]
    left = _ended(job, today) if job is not None else ""
    return routing.Inbox(str(user["id"]), name, index=party.get("code") or "", left_on=left)
