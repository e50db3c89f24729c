# SPDX-License-Identifier: GPL-3.0-or-later
"""What the adapter wants to know of a Tryton server: the table ``[edms.options]``."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import model_validator

from gateway.edms_adapter.remote.web import Houses, ServerUrl, name_by_index
from gateway.settings.problems import wrong
from gateway.settings.values import Duration, Location, MaxBytes, Name, Secret, Shape, Text


class Options(Shape):
    """How to reach Tryton, as whom, and which of its things are ours."""

    url: ServerUrl  # without the database
    database: Name  # its name on the server
    login: Name  # of the gateway's own account
    password_file: Location | None = None  # the file its password is in; nobody else may read it
    password: Secret = ""  # what was in that file
    ca_file: Location | None = None  # the certificates to trust; None: those of the machine
    timeout: Duration = timedelta(seconds=60)  # how long one call may be silent
    # the strict sequence that gives the register numbers; {year} is the year of registration.  Empty: the number is
    # the card's own id
    sequence: Text = ""
    # of our organisations, "exchange index: name of its company in Tryton"; one that is not here: cards of no company
    companies: Houses = ()
    default_user: Text = ""  # the login of who gets what is addressed to nobody; empty: such a document waits
    type: Text = ""  # the type given to cards; empty: people choose it
    # "done": a card that was processed is executed; "result": only once its result is no incoming document any more
    executed: Literal["done", "result"] = "done"
    # a note on the card that begins with this is told to the sender, as the words of who wrote it
    words: Name = "Отправителю:"
    max_file: MaxBytes = 100 << 20  # LIMIT: bytes of one file; Tryton holds a whole one in memory

    @property
    def company_of(self) -> dict[str, str]:
        """The name of each organisation's company, by its exchange index, folded."""
        return name_by_index(self.companies)

    @model_validator(mode="after")
    def _with_a_password(self) -> Self:
        if not self.password:
            raise wrong("is missing", "name the file that holds the password", "password_file")
        return self
