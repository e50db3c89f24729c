# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of [[channel]] and [[partner]] in partners.toml: how each partner is reached, and why it is believed.

What each key means to an administrator is written once, in config/partners.toml.
"""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from gateway.dialects import by_name
from gateway.model import Subscription
from gateway.settings.folders import FolderOutSettings
from gateway.settings.ourselves import Language
from gateway.settings.problems import one_of, wrong
from gateway.settings.values import Address, DialectName, Duration, MaxBytes, Name, Network, Shape, Text

Code = Annotated[Name, Field(max_length=255)]


def _partner_id(value: str) -> str:
    if not value or not set(value) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise wrong("is not an id", "use small Latin letters, digits and dashes; it can never be changed later")
    return value


def _header_name(value: str) -> str:
    if not all(33 <= ord(letter) <= 126 and letter != ":" for letter in value):
        raise wrong("is not the name of a header field", 'write it without the colon: "X-Partner-Verified"')
    return value


class MailboxProof(Shape):
    """Believed because nobody else can put letters there."""

    kind: Literal["mailbox"]
    name: Name  # of a listener or mailbox


class FolderProof(Shape):
    """Believed because nobody else can put packages there."""

    kind: Literal["folder"]
    name: Name  # of a [[folder]]


class NetworkProof(Shape):
    """Believed because of the network address that brought the letter."""

    kind: Literal["network"]
    peers: tuple[Network, ...] = Field(min_length=1)


class AuthResultsProof(Shape):
    """Believed because our own mail server checked the sender's domain."""

    kind: Literal["auth-results"]
    authserv_id: Name
    domain: Name


class HeaderProof(Shape):
    """Believed because our own mail server stamped it, and strips that stamp from what comes from outside."""

    kind: Literal["header"]
    name: Annotated[Name, AfterValidator(_header_name)]
    value: Name


class NoProof(Shape):
    """Believed blindly: whoever writes that address is taken for the partner."""

    kind: Literal["none"]


Proof = Annotated[
    MailboxProof | NetworkProof | AuthResultsProof | HeaderProof | FolderProof | NoProof,
    Field(discriminator="kind"),
]


def _version(value: str, info: ValidationInfo) -> str:
    dialect = info.data.get("dialect")  # None: wrong itself, and said to be
    versions = by_name(dialect).versions if dialect else ()
    if value and versions and value not in versions:
        raise wrong(f"is no version of {dialect}", f"write {one_of(versions)}, or leave it out")
    return value


def _smdo_package(value: str, info: ValidationInfo) -> str:
    if info.data.get("dialect") == "smdo" and value != "files":
        raise wrong("SMDO takes files beside the message only", 'write "files", or leave it out')
    return value


class ChannelSettings(Shape):
    """How letters of one or several partners come and go."""

    id: Name
    address: Address | Literal[""] = ""  # where we write to; empty: by `folder_out` only
    folder_out: FolderOutSettings | None = None  # None: letters go by mail
    senders: tuple[Address, ...] = ()  # the From addresses it uses; empty: `address`
    proof: Proof
    dialect: DialectName = "sev"
    dialect_version: Annotated[Text, AfterValidator(_version)] = ""  # empty: the newest we write
    envelope: Text = ""  # MEDO: the address in its postal product of an envelope file to send along; empty: none
    language: Language = "ru"
    human_text: bool = True
    package: Annotated[Literal["files", "zip"], AfterValidator(_smdo_package)] = "files"
    file_names: Literal["both", "rfc2047", "rfc2231"] = "both"
    max_letter: MaxBytes = 25 << 20
    relay: Text = ""  # the name of another relay; empty: [relay]
    encrypted: bool = False  # letters are encrypted on the way by other means, so restricted documents may go

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if not self.address and self.folder_out is None:
            raise wrong("is missing", "write where letters go, or name a folder in [channel.folder_out]", "address")
        return self

    @property
    def goes_to(self) -> str:
        """Where letters go, for people: an address, or the path of a folder."""
        return f"folder {self.folder_out.path}" if self.folder_out else self.address

    @property
    def addresses_nobody(self) -> bool:
        """Whether envelopes of MEDO lie beside its packages and name no addressee."""
        out, brought = self.folder_out, self.dialect == "medo" and self.envelope
        return out is not None and out.layout == "medo" and not (out.to or self.address or brought)


OF_DRAFTS = ("visa_direction", "sign_direction", "visa_information", "sign_information", "draft_registration")


class SubscriptionSettings(Shape):
    """What we ask for, and what a partner gets that asks for nothing."""

    days: Annotated[int, Field(ge=1, le=999)] = 30
    receipt: bool = True
    registration: bool = True
    forwarding: bool = True
    consideration: bool = True
    execution: bool = True
    redirection: bool = True
    answer: bool = True
    # about drafts; None: yes for a draft, no for any other document
    visa_direction: bool | None = None
    sign_direction: bool | None = None
    visa_information: bool | None = None
    sign_information: bool | None = None
    draft_registration: bool | None = None
    forwarding_all: bool | None = None
    consideration_all: bool | None = None

    def subscription(self, *, draft: bool = False) -> Subscription:
        """Return it in the words of the exchange, as it is for a draft or for any other document."""
        said = self.model_dump()
        return Subscription(**{**said, **{flag: draft for flag in OF_DRAFTS if said[flag] is None}})


class TimeLimitSettings(Shape):
    """When a rung of the ladder is overdue, counted from the sending."""

    received: Duration = timedelta(hours=1)
    registered: Duration = timedelta(hours=24)


Mode = Literal["observe", "hold", "live"]


class PartnerSettings(Shape):
    """An organisation we have an agreement with."""

    id: Annotated[str, AfterValidator(_partner_id)]
    name: Name
    channel: Name
    indices: tuple[Code, ...] = Field(min_length=1)
    # by index, how a standard names that organisation where that differs: a GUID of MEDO, a code of SMDO; one word in
    # the standard of its channel, else by standard, for one that writes in several
    codes: dict[Name, Code | dict[DialectName, Code]] = Field(default_factory=dict)
    may_send: tuple[Literal["document", "report"], ...] = ("document", "report")
    links: Literal["known", "all-in-words", "none"] = "known"
    tasks: Literal["own", "own-with-parents", "all"] = "own"
    changes: Literal["add", "repeat"] = "add"
    subscription: SubscriptionSettings = SubscriptionSettings()
    time_limits: TimeLimitSettings = TimeLimitSettings()
    mode: Mode = "observe"

    def codes_in(self, dialect: str, own: str) -> dict[str, str]:
        """Return by index how the standard *dialect* names its organisations; *own* is the one of its channel."""
        found = {}
        for index, code in self.codes.items():
            said = {own: code} if isinstance(code, str) else dict[str, str](code.items())
            if dialect in said:
                found[index] = said[dialect]
        return found

    @property
    def all_codes(self) -> tuple[str, ...]:
        """Its codes in every standard."""
        said = ([code] if isinstance(code, str) else code.values() for code in self.codes.values())
        return tuple(code for codes in said for code in codes)
