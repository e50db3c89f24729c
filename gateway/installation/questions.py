# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator is asked before the first start: each question with one line of explanation and a default."""

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.settings.values import loopback

Answers = Mapping[str, str]  # by the key of the question; lists are written with commas
REGISTRY = "registry"  # the mapping of the built-in registry
SQLITE = "sqlite:"
FALLBACK_ZONE = "Europe/Minsk"
FALLBACK_DOMAIN = "office.example"
PORTS = {"implicit": "465", "none": "25"}  # of relays; any other: 587 (RFC 6409 §3.1)


@dataclass(frozen=True, slots=True)
class Machine:
    """What the defaults are taken from."""

    directory: Path  # of the configuration, absolute
    domain: str
    time_zone: str

    @property
    def state(self) -> Path:
        """Where the journal lives when nothing else is said."""
        system = Path("/etc") in self.directory.parents
        return Path("/var/lib") / self.directory.name if system else self.directory / "state"


@dataclass(frozen=True, slots=True)
class Question:
    key: str  # "relay.host": as answers, options (--relay-host) and complaints call it
    explained: str  # on one line
    default: Callable[[Answers], str]
    applies: Callable[[Answers], bool] = lambda given: True
    secret: bool = False  # typed without an echo, or given as a file
    trusting: str = ""  # "mailbox" or "relay": asked only when its server's certificate is not believed

    @property
    def given_as(self) -> str:
        """The key under which answers and options have it: of a secret only the file that holds it."""
        return f"{self.key}_file" if self.secret else self.key

    @property
    def option(self) -> str:
        return "--" + re.sub(r"[._]", "-", self.given_as)


def this_machine(directory: Path) -> Machine:
    """Return what this machine says of itself; asks no network."""
    domain = socket.gethostname().partition(".")[2]
    return Machine(directory.absolute(), domain or FALLBACK_DOMAIN, _zone(Path("/etc/localtime")))


def _zone(link: Path) -> str:
    place = str(link.readlink()) if link.is_symlink() else ""
    name = place.partition("zoneinfo/")[2]
    return name if "/" in name and not name.startswith("Etc/") else FALLBACK_ZONE


def by_imap(given: Answers) -> bool:
    return given["letters.from"] == "imap"


def has_registry(given: Answers) -> bool:
    return given["edms.mapping"] == REGISTRY


def _by_listener(given: Answers) -> bool:
    return not by_imap(given)


def _has_database(given: Answers) -> bool:
    return not has_registry(given)


def _wants_database_password(given: Answers) -> bool:
    url = given.get("edms.database", "")
    return _has_database(given) and bool(re.match(r"[a-z0-9+]+://[^:@/]+@", url))


def _proof(kind: str) -> Callable[[Answers], bool]:
    return lambda given: given["partner.proof"] == kind


def _said(text: str) -> Callable[[Answers], str]:
    return lambda given: text


def _domain(address: str) -> str:
    return address.rpartition("@")[2] or FALLBACK_DOMAIN


def _of_the_same_host(given: Answers) -> str:
    """Return the authority of the mailbox when the relay is the same machine."""
    same = by_imap(given) and given["mailbox.host"] == given["relay.host"]
    return given.get("mailbox.ca_file", "") if same else ""


def _as_id(index: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", index.lower()).strip("-") or "partner"


def questions(machine: Machine) -> tuple[Question, ...]:
    """Return every question in the order of asking; a default may rest on the answers before it."""
    return (
        Question("office.name", "The name of our organisation, as people write it.", _said("Example Office")),
        Question("office.index", "Our exchange index, as agreed with the partners.", _said("EXAMPLE-OFFICE")),
        Question("office.address", "Where partners write to us.", _said(f"exchange@{machine.domain}")),
        Question("office.time_zone", "Of registration dates and deadlines.", _said(machine.time_zone)),
        Question("office.language", 'Of what people read: "ru" or "en".', _said("ru")),
        Question(
            "letters.from",
            'How letters come: "imap" (we fetch them from a mailbox), "lmtp" or "smtp" (a mail server brings them).',
            _said("imap"),
        ),
        Question(
            "mailbox.host",
            "The IMAP server.",
            lambda given: f"imap.{_domain(given['office.address'])}",
            by_imap,
        ),
        Question(
            "mailbox.tls", '"implicit", or "starttls"; "none" for a server on this machine.', _said("implicit"), by_imap
        ),
        Question(
            "mailbox.port",
            "Its port.",
            lambda given: "143" if given["mailbox.tls"] != "implicit" else "993",
            by_imap,
        ),
        Question(
            "mailbox.ca_file",
            "The PEM file of the authority of the IMAP server's certificate; empty: one that this machine knows.",
            _said(""),
            lambda given: by_imap(given) and given["mailbox.tls"] != "none",
            trusting="mailbox",
        ),
        Question("mailbox.user", "The account of the mailbox.", lambda given: given["office.address"], by_imap),
        Question("mailbox.password", "Its password; it goes into imap.secret.", _said(""), by_imap, secret=True),
        Question("mailbox.folder", "The folder that is read.", _said("INBOX"), by_imap),
        Question(
            "mailbox.start",
            'What lies there already: "now" leaves it alone, "all" takes it too.',
            _said("now"),
            by_imap,
        ),
        Question(
            "listener.bind",
            'Where the mail server finds us: "127.0.0.1:2525", or "unix:/run/edms-gateway/lmtp.sock".',
            _said("127.0.0.1:2525"),
            _by_listener,
        ),
        Question(
            "relay.host",
            "The mail server that takes our letters.",
            lambda given: re.sub(r"^imap\.", "smtp.", given["mailbox.host"]) if by_imap(given) else "127.0.0.1",
        ),
        Question(
            "relay.tls",
            '"starttls" or "implicit"; "none" for a server on this machine.',
            lambda given: "none" if loopback(given["relay.host"]) else "starttls",
        ),
        Question("relay.port", "Its port.", lambda given: PORTS.get(given["relay.tls"], "587")),
        Question(
            "relay.ca_file",
            "The PEM file of the authority of that server's certificate; empty: one that this machine knows.",
            _of_the_same_host,
            lambda given: given["relay.tls"] != "none",
            trusting="relay",
        ),
        Question(
            "relay.user",
            "The account there; empty for no login.",
            lambda given: given["mailbox.user"] if by_imap(given) and not loopback(given["relay.host"]) else "",
        ),
        Question(
            "relay.password",
            "Its password, when it is another than the mailbox's; it goes into relay.secret.",
            lambda given: given.get("mailbox.password", ""),
            lambda given: bool(given["relay.user"]),
            secret=True,
        ),
        Question(
            "edms.mapping",
            'The records system: "registry" (a small one that is built in), a shipped mapping, or the path of yours.',
            _said(REGISTRY),
        ),
        Question(
            "edms.database",
            'Its database, without the password: "postgresql+psycopg://gateway@database.example/edms".',
            _said("postgresql+psycopg://gateway@127.0.0.1/edms"),
            _has_database,
        ),
        Question(
            "edms.password",
            "The password of that account; empty when the database asks for none.",
            _said(""),
            _wants_database_password,
            secret=True,
        ),
        Question(
            "edms.files",
            "The folder where the records system keeps its files.",
            lambda given: f"{given.get('system.state') or machine.state}/files",
            _has_database,
        ),
        Question("partner.name", "The first partner, as people write it.", _said("Example Partner")),
        Question("partner.index", "Its exchange index.", _said("EXAMPLE-PARTNER")),
        Question(
            "partner.id",
            "What we call it here: small Latin letters, digits, dashes; it can never be changed later.",
            lambda given: _as_id(given["partner.index"]),
        ),
        Question("partner.address", "Where we write to it.", _said("exchange@partner.example")),
        Question(
            "partner.proof",
            'Why its letters are believed: "mailbox" (nobody else can put letters there), "network", "auth-results", '
            '"header", "none".',
            _said("mailbox"),
        ),
        Question(
            "partner.peers",
            "The addresses or networks its letters come from, with commas between.",
            _said("192.0.2.7"),
            _proof("network"),
        ),
        Question(
            "partner.authserv_id",
            "How our mail server calls itself in Authentication-Results.",
            lambda given: f"mx.{_domain(given['office.address'])}",
            _proof("auth-results"),
        ),
        Question(
            "partner.domain",
            "The domain that our mail server must have found proven.",
            lambda given: _domain(given["partner.address"]),
            _proof("auth-results"),
        ),
        Question(
            "partner.header",
            "The header field that our mail server stamps, and strips from what comes from outside.",
            _said("X-Partner-Verified"),
            _proof("header"),
        ),
        Question("partner.header_value", "What stands in that field.", _said("yes"), _proof("header")),
        Question("system.user", "The account of this machine that the service runs as.", _said("edms-gateway")),
        Question("system.state", "The folder of the journal, and of large letters.", _said(str(machine.state))),
    )
