# SPDX-License-Identifier: GPL-3.0-or-later
"""What the adapter wants to know of a Mayan server: the table ``[edms.options]``."""

from datetime import timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, model_validator

from gateway.edms_adapter.remote.web import Houses, ServerUrl, name_by_index
from gateway.settings.problems import shown, wrong
from gateway.settings.values import Duration, Location, MaxBytes, Name, Secret, Shape, Text

Fact = Literal["exchange", "number", "date", "correspondent", "sender_number"]
FACTS: tuple[Fact, ...] = get_args(Fact)


def _form(value: str) -> str:
    if value.count("{n}") != 1:
        raise wrong(f"{shown(value)} has no place for the number", 'write {n} once, like "{year}/{n}"')
    return value


def _metadata(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        fact, colon, name = one.partition(":")
        if not colon or fact.strip() not in FACTS or not name.strip():
            known = ", ".join(FACTS)
            raise wrong(f"{shown(one)} names no metadata type", f'write "number: register_number"; facts are {known}')
    return value


class Options(Shape):
    """How to reach Mayan, as whom, and which of its things are ours."""

    url: ServerUrl  # without /api
    login: Name  # of the gateway's own account
    password_file: Location | None = None  # the file its password is in; nobody else may read it
    password: Secret = ""  # what was in that file
    ca_file: Location | None = None  # the certificates to trust; None: those of the machine
    timeout: Duration = timedelta(seconds=60)  # how long one call may be silent, and wait for its turn
    patience: Duration = timedelta(seconds=60)  # how long Mayan may take to store a file that it accepted
    document_type: Name  # the label of the type of letters
    language: Name = "rus"  # of letters, as Mayan writes it
    # the internal name of the sequence that gives the register numbers; {year} is the year of registration.  Empty: the
    # number is the document's own id
    sequence: Text = ""
    number: Annotated[Name, AfterValidator(_form)] = "{n}"  # how a number is written; {n} is what the sequence gave
    workflow: Name  # the internal name of the workflow of letters; its first state is that of letters that wait
    # labels of states of that workflow
    registered: Name = "Зарегистрирован"
    executed: Name = "Исполнен"
    refused: Name = "Отклонён"
    cancelled: Name = "Снят с регистрации"
    # of our organisations, "exchange index: label of the cabinet in which its people's inboxes are"
    inboxes: Houses
    default_inbox: Text = ""  # who gets what is addressed to nobody; empty: such a document waits
    # what is written into metadata, "fact: name of the metadata type"
    metadata: Annotated[tuple[str, ...], AfterValidator(_metadata)] = (
        "exchange: exchange_id",
        "number: register_number",
        "date: register_date",
        "correspondent: correspondent",
        "sender_number: sender_number",
    )
    # the comment of a transition that begins with this is told to the sender, as the words of who made it
    words: Text = "Отправителю:"
    max_file: MaxBytes = 100 << 20  # LIMIT: bytes of one file

    @property
    def inboxes_of(self) -> dict[str, str]:
        """The cabinet of each organisation's inboxes, by its exchange index, folded."""
        return name_by_index(self.inboxes)

    @property
    def metadata_of(self) -> dict[str, str]:
        """The metadata type of each fact that is written."""
        parts = (one.partition(":") for one in self.metadata)
        return {fact.strip(): name.strip() for fact, _, name in parts}

    @model_validator(mode="after")
    def _with_a_password(self) -> Self:
        if not self.password:
            raise wrong("is missing", "name the file that holds the password", "password_file")
        return self
