# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may be an addressee: Tryton's users, with what their employees say of them.

A user is somebody whom a card can be put before.  The name is the employee's party's, else the user's own; the index
is the party's code.  Tryton knows neither posts nor departments.  Who has left, by the employee's end date, is no
addressee.
"""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Literal

from gateway.edms_adapter.remote import directing
from gateway.edms_adapter.sql import routing
from gateway.edms_adapter.sql.addressees import ours
from gateway.edms_adapter.tryton.wire import Json, Server
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
        """Return whom *document* goes to, and why a person must decide, if so; see `directing.directed`."""
        everybody = partial(self._inboxes, intake.office, intake.register_on)
        return directing.directed(document, intake, everybody, self._default, STRATEGIES)

    def default(self, wanted: str, why: str, *, found: bool) -> Addressee | None:
        """Return who takes what nobody fits: the user with the login, name or surname *wanted*, else ours."""
        return directing.default(self._default, wanted, why, found=found)

    def _default(self, wanted: str) -> routing.Inbox | None:
        asked = wanted or self.options.default_user
        return self.user_called(asked) if asked else None

    def user_called(self, wanted: str) -> routing.Inbox | None:
        """Return the one user with the login, the name or the surname *wanted*."""
        users = self._users()
        by_login = [one for one in users if str(one["login"]).casefold() == wanted.casefold()]
        if by_login:
            return _inbox(by_login[0])
        return directing.one_called([_inbox(user) for user in users], wanted)

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
