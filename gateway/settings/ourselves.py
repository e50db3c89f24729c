# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of gateway.toml: who we are, where our state lives, how letters come and go.

What each key means to an administrator is written once, in config/gateway.toml.
"""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from gateway.settings.accounts import AccountSettings, Rate
from gateway.settings.problems import wrong
from gateway.settings.values import (
    Address,
    Count,
    DialectName,
    Duration,
    Host,
    Location,
    MaxBytes,
    Name,
    Network,
    Port,
    Secret,
    Shape,
    Text,
    TimeZone,
    loopback,
)
from gateway.working_days import BadHours, hours_of

Language = Literal["ru", "en"]
SQLITE = "sqlite:///"
SQL = "sql"  # the adapter that is opened by a mapping
ELSEWHERE = ", or give it as a credential of systemd or in the environment"  # of the process; see gateway.toml
Option = str | int | float | bool | tuple[str, ...]
OPEN_LEVELS = (
    "общий",
    "общего пользования",
    "открытый",
    "несекретно",
    "без ограничений",
    "общий доступ",  # these two are MEDO's
    "обычная информация",
    "open",
    "public",
    "general",
)


# scheme://user:password@host:port/name?options, every part but the first may be missing
_DATABASE = re.compile(
    r"[a-z0-9+_]+://(?:[^@/?]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^@/:?\[\]]*)(?::\d{1,5})?(?:/[^@?]*)?(?:\?.*)?", re.IGNORECASE
)


def _database(value: object, info: ValidationInfo) -> object:
    """A relative SQLite file is meant from the folder of the configuration."""
    if not isinstance(value, str):
        return value
    if "://" not in value:
        raise wrong("expected a database address", 'write for example "sqlite:///journal.db"')
    if not value.startswith("sqlite") and not _DATABASE.fullmatch(value):  # drivers would quote what they misread
        raise wrong("is no database address", "write @ as %40, / as %2F, : as %3A and ? as %3F in a password")
    folder = (info.context or {}).get("folder")
    name = value.removeprefix(SQLITE)
    if folder is None or name in (value, "", ":memory:"):
        return value
    return f"{SQLITE}{folder / name}"


def _journal(value: str) -> str:
    if not value.startswith(("sqlite:", "postgresql:", "postgresql+psycopg:")):
        raise wrong("the journal lives in SQLite or PostgreSQL", 'write "sqlite:///…" or "postgresql+psycopg://…"')
    return value


def _mapping(value: object, info: ValidationInfo) -> object:
    """A bare word names a shipped mapping; anything with a slash or the suffix .toml is a file of the administrator."""
    folder = (info.context or {}).get("folder")
    if isinstance(value, str) and folder is not None and ("/" in value or value.endswith(".toml")):
        return str(folder / value)
    return value


def _options(value: object, info: ValidationInfo) -> object:
    """Relative paths, in keys that end with ``_file`` or ``folder``, are meant from the folder of the configuration."""
    folder = (info.context or {}).get("folder")
    if not isinstance(value, dict) or folder is None:
        return value
    return {key: str(folder / one) if _is_path(key) and isinstance(one, str) else one for key, one in value.items()}


def _is_path(key: object) -> bool:
    return isinstance(key, str) and key.endswith(("_file", "folder"))


def _hours(value: str) -> str:
    try:
        hours_of(value)
    except BadHours as error:
        raise wrong(str(error), 'write for example "08:30-17:30", or leave it out') from error
    return value


def _endpoint(value: str) -> str:
    host, port, socket = split_endpoint(value)
    if socket or (host and port.isdecimal() and len(port) <= 5 and int(port) <= 65535):
        return value
    raise wrong("is not an address to listen on", 'write "127.0.0.1:2525", "[::1]:2525" or "unix:/run/edms/lmtp.sock"')


def split_endpoint(bind: str) -> tuple[str, str, str]:
    """Return host, port and the path of a Unix socket; what is not there is empty."""
    if bind.startswith("unix:"):
        return "", "", bind.removeprefix("unix:")
    host, _, port = bind.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], port, ""
    return ("" if ":" in host else host), port, ""


DatabaseUrl = Annotated[str, BeforeValidator(_database)]
Database = Annotated[DatabaseUrl, Field(repr=False)]
JournalUrl = Annotated[Database, AfterValidator(_journal)]
Mapping = Annotated[Name, BeforeValidator(_mapping)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]


class OfficeSettings(Shape):
    """One organisation of ours."""

    index: Name = Field(max_length=255)  # its exchange index
    # by dialect, how it names us where that differs: a GUID of MEDO, a code of SMDO
    codes: dict[DialectName, Annotated[Name, Field(max_length=255)]] = Field(default_factory=dict)
    name: Name
    full_name: Text = ""
    tax_id: Text = ""
    time_zone: TimeZone = "Europe/Minsk"
    language: Language = "ru"
    address: Address  # where partners write to us
    system_name: Text = "Open gateway"
    system_uid: Text = ""  # the id of that system in the directory of a network (SMDO); empty: one of our own making
    default_inbox: Text = ""  # empty: the mapping's
    hours: Annotated[Text, AfterValidator(_hours)] = ""  # "08:30-17:30"; empty: always
    after_hours: Literal["same-day", "next-working-day"] = "same-day"  # the date of what comes after them
    holidays: Text = ""  # the file of the days off, as written; empty: Saturdays and Sundays alone


class AccessSettings(Shape):
    """Which access levels are open: everything else, known or not, is restricted."""

    # words of the levels, or their exchange indices; compared without case and doubled blanks
    open: tuple[Name, ...] = Field(default=OPEN_LEVELS, min_length=1)
    missing: Name = "общий"  # what a document is taken for that names no level


class JournalSettings(Shape):
    url: JournalUrl
    blobs: Location  # the folder of letters too large for a row


class EdmsSettings(Shape):
    adapter: Name = SQL  # or a shipped one, or one that another package brings
    mapping: Mapping | None = None  # of the SQL adapter: a shipped name, or the path of a file
    database: DatabaseUrl | None = Field(default=None, repr=False)  # likewise
    files: Location  # the folder of the EDMS's file store; for other adapters a folder of their own
    options: Annotated[dict[str, Option], BeforeValidator(_options)] = Field(default_factory=dict, repr=False)
    poll: Duration = timedelta(seconds=5)
    max_wait: Duration = timedelta(minutes=5)  # the longest pause between attempts while the EDMS does not answer

    @model_validator(mode="after")
    def _what_its_adapter_needs(self) -> Self:
        of_sql = {"mapping": self.mapping, "database": self.database}
        for key, value in of_sql.items():
            if self.adapter == SQL and value is None:
                raise wrong("is missing", f"write {key} = …, or name another adapter", key)
            if self.adapter != SQL and value is not None:
                raise wrong("belongs to the adapter sql", f'take it out, or write adapter = "{SQL}"', key)
        if self.adapter == SQL and self.options:
            raise wrong("belongs to other adapters than sql", "take it out, or name the adapter", "options")
        return self


class ListenerSettings(Shape):
    """A door that letters are brought to."""

    name: Name
    protocol: Literal["smtp", "lmtp"] = "smtp"
    bind: Endpoint
    addresses: tuple[Address, ...] = ()  # recipients taken; empty: every office's
    peers: tuple[Network, ...] = ()  # who may connect; empty: this machine only
    tls: Literal["none", "starttls", "implicit"] = "none"
    certificate: Location | None = None
    key: Location | None = None
    max_letter: MaxBytes = 200 << 20
    max_recipients: Count = 50
    max_connections: Count = 100
    hostname: Text = ""  # in the greeting; empty: the machine's

    @property
    def host(self) -> str:
        """The address to bind, or empty for a Unix socket."""
        return split_endpoint(self.bind)[0]

    @property
    def port(self) -> int:
        """The port to bind, 0 for any free one; meaningless for a Unix socket."""
        return int(split_endpoint(self.bind)[1] or 0)

    @property
    def socket(self) -> str:
        """The path of the Unix socket, or empty."""
        return split_endpoint(self.bind)[2]

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.tls == "none" and not self.socket and not loopback(self.host):
            raise wrong(
                f"letters would come to {self.host} in the clear", 'set tls = "starttls", or bind to 127.0.0.1', "tls"
            )
        if self.tls != "none" and not (self.certificate and self.key):
            raise wrong("needs a certificate", "name the PEM files in certificate and key", "tls")
        return self


class MailboxSettings(AccountSettings):
    """A mailbox that letters are fetched from by IMAP."""

    name: Name
    host: Host
    port: Port = 993  # with STARTTLS: 143
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    allow_plain: bool = False  # True: a password in the clear over a network is meant so
    user: Name
    password: Secret = ""
    password_file: Location | None = None
    folder: Name = "INBOX"
    start: Literal["now", "all"]  # what becomes of the letters that lie there already
    poll: Duration = timedelta(minutes=1)
    after: Literal["flag", "move", "leave"] = "flag"
    done_folder: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _usual_port(cls, written: object) -> object:
        """STARTTLS begins at the port for plain text (RFC 8314 §3.2)."""
        if isinstance(written, dict) and written.get("tls") == "starttls":
            return {"port": 143, **written}
        return written

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.tls == "none" and not self.allow_plain and not loopback(self.host):
            raise wrong(
                f"the password would go to {self.host} in the clear",
                'set tls = "implicit" or "starttls", or allow_plain = true when the network is trusted',
                "tls",
            )
        if self.after == "move" and not self.done_folder:
            raise wrong("letters shall be moved, but nowhere", "name the folder in done_folder", "after")
        if self.done_folder == self.folder:
            raise wrong("is the folder that letters are fetched from", "name another one", "done_folder")
        if not self.password and not self.password_file and not self.oauth:
            raise wrong("is missing", f"name the file that holds the password{ELSEWHERE}", "password_file")
        return self


class RelaySettings(AccountSettings):
    """The server that takes our letters."""

    name: Text = ""  # empty: the one every channel uses that names no other
    host: Host
    port: Port = 587
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: Text = ""  # empty: no login
    password: Secret = ""
    password_file: Location | None = None
    helo: Text = ""  # empty: the machine's name
    bounce_sender: Literal["plain", "tagged"] = "plain"
    dsn: Literal["auto", "off"] = "auto"  # ask for notices where the relay offers to send them (RFC 3461)
    rate: Rate | None = None  # None: as fast as it goes

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.tls == "none" and not loopback(self.host):
            raise wrong(f"letters would go to {self.host} in the clear", 'set tls = "starttls" or "implicit"', "tls")
        if self.user and not self.password and not self.password_file and not self.oauth:
            raise wrong("is missing", f"name the file that holds the password of this user{ELSEWHERE}", "password_file")
        return self


class SelfTestSettings(Shape):
    """A letter to ourselves, by the whole way and back."""

    every: Duration | None = None  # None: only on demand
    partner: Text = ""  # in whose name; empty: the first one's
    patience: Duration = timedelta(minutes=15)  # until what has not come back has failed
    letters: Literal["keep", "remove"] = "keep"  # what becomes of those that lie in a mailbox afterwards


class LogSettings(Shape):
    level: Literal["debug", "info", "warning", "error"] = "info"  # the least important lines that are written


class WorkerSettings(Shape):
    count: Annotated[int, Field(ge=1, le=256)] = 2
    memory: MaxBytes = 1 << 30  # of one worker process
    seconds: Count = 120  # of processor time for one letter
    patience: Duration = timedelta(minutes=5)  # of the clock for one letter, waiting for the EDMS included


class LimitSettings(Shape):
    letter: MaxBytes = 200 << 20
    parts: Count = 1000
    depth: Annotated[int, Field(ge=1, le=100)] = 20


class RetrySettings(Shape):
    """When a letter that could not be sent is tried again (RFC 5321 §4.5.4.1: give up after 4–5 days at least)."""

    first: Duration = timedelta(minutes=1)
    longest: Duration = timedelta(hours=6)
    give_up: Duration = timedelta(days=5)

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if not self.first <= self.longest <= self.give_up:
            raise wrong("pauses must not shrink", "keep first ≤ longest ≤ give_up", "longest")
        return self
