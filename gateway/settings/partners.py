# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of partners.toml: how each partner is reached and believed, and what was agreed with it.

What each key means to an administrator is written once, in config/partners.toml.
"""

from datetime import timedelta
from typing import Annotated, Literal
from warnings import catch_warnings, simplefilter

from pydantic import AfterValidator, BeforeValidator, Field

from gateway.model import EventKind, Subscription
from gateway.settings.ourselves import Language
from gateway.settings.problems import unknown_key, wrong
from gateway.settings.values import Address, Duration, MaxBytes, Name, Network, Shape, Text

ALL_EVENTS = tuple(
    kind for kind in EventKind if kind not in (EventKind.NO_LONGER_REPORTED, EventKind.DIRECTED, EventKind.SIGNED)
)


def _event(value: object) -> object:
    if not isinstance(value, str):
        return value
    words = tuple(kind.value for kind in EventKind)
    if value not in words:
        _, remedy = unknown_key(value, words)
        raise wrong(f'there is no event "{value}"', remedy)
    return EventKind(value)


def _partner_id(value: str) -> str:
    if not value or not set(value) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise wrong("is not an id", "use small Latin letters, digits and dashes; it can never be changed later")
    return value


def _header_name(value: str) -> str:
    if not all(33 <= ord(letter) <= 126 and letter != ":" for letter in value):
        raise wrong("is not the name of a header field", 'write it without the colon: "X-Partner-Verified"')
    return value


EventName = Annotated[EventKind, BeforeValidator(_event)]


class MailboxProof(Shape):
    """Believed because nobody else can put letters there."""

    kind: Literal["mailbox"]
    name: Name  # of a listener or mailbox


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
    MailboxProof | NetworkProof | AuthResultsProof | HeaderProof | NoProof,
    Field(discriminator="kind"),
]


class ChannelSettings(Shape):
    """How letters of one or several partners come and go."""

    id: Name
    address: Address  # where we write to
    senders: tuple[Address, ...] = ()  # the From addresses it uses; empty: `address`
    proof: Proof
    dialect: Literal["sev"] = "sev"
    dialect_version: Name = "1.0"
    language: Language = "ru"
    human_text: bool = True
    package: Literal["files", "zip"] = "files"
    file_names: Literal["both", "rfc2047", "rfc2231"] = "both"
    max_letter: MaxBytes = 25 << 20
    relay: Text = ""  # the name of another relay; empty: [relay]


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
    visa_direction: bool = False
    sign_direction: bool = False
    visa_information: bool = False
    sign_information: bool = False
    draft_registration: bool = False
    forwarding_all: bool | None = None
    consideration_all: bool | None = None

    def subscription(self) -> Subscription:
        """Return it in the words of the exchange."""
        return Subscription(**self.model_dump())


with catch_warnings():  # "register" is also a name of abc.ABCMeta, which no instance ever sees
    simplefilter("ignore", UserWarning)

    class ReceiveSettings(Shape):
        """What becomes of the documents of this partner."""

        register: Literal["auto", "wait"] = "auto"
        group: Text = ""  # our kind of document; empty: the mapping's
        default_inbox: Text = ""  # empty: the office's
        unknown_addressee: Literal["default", "wait", "refuse"] = "default"
        on_change: Literal["wait", "add-files", "edit-tasks", "refuse"] = "wait"
        same_number: Literal["wait", "attach", "register"] = "wait"
        resend: Literal["answer", "wait"] = "answer"
        require_files: bool = False
        require_author: bool = True


class ReportSettings(Shape):
    """What this partner may hear of what people do with its documents."""

    events: tuple[EventName, ...] = ALL_EVENTS
    texts: bool = False  # the words of instructions and of executors too


class TimeLimitSettings(Shape):
    """When a rung of the ladder is overdue, counted from the sending."""

    received: Duration = timedelta(hours=1)
    registered: Duration = timedelta(hours=24)


class PartnerSettings(Shape):
    """An organisation we have an agreement with."""

    id: Annotated[str, AfterValidator(_partner_id)]
    name: Name
    channel: Name
    indices: tuple[Annotated[Name, Field(max_length=255)], ...] = Field(min_length=1)
    may_send: tuple[Literal["document", "report"], ...] = ("document", "report")
    subscription: SubscriptionSettings = SubscriptionSettings()
    receive: ReceiveSettings = ReceiveSettings()
    report: ReportSettings = ReportSettings()
    time_limits: TimeLimitSettings = TimeLimitSettings()
    mode: Literal["live"] = "live"
