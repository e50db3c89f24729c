# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers → the texts of gateway.toml and partners.toml: only the keys that matter, each with its comment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from gateway.installation.comments import comments, heading, key_lines
from gateway.installation.questions import SQLITE, Answers, by_imap, has_registry
from gateway.templates_home import shipped

GATEWAY, PARTNERS = "gateway.toml", "partners.toml"
OFFICE_SECRET, IMAP_SECRET, RELAY_SECRET = "office.secret", "imap.secret", "relay.secret"
REST = "# Every other key, with its default and what it means: edms-gateway init --sample FOLDER, and read there."

Value = str | int | list[str]


@dataclass(frozen=True, slots=True)
class Table:
    name: str  # "" is the top of the file
    listed: bool  # [[name]]
    keys: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The texts of the files by name, and what stands in the secret ones."""

    texts: Mapping[str, str]
    secrets: Mapping[str, str]


def configuration(given: Answers, office_secret: str) -> Configuration:
    """Return the files that *given*, an answer to every question that applies, are written as."""
    secrets = {OFFICE_SECRET: office_secret}
    if by_imap(given):
        secrets[IMAP_SECRET] = given["mailbox.password"]
    if given["relay.user"]:
        secrets[RELAY_SECRET] = given["relay.password"]
    texts = {
        GATEWAY: _text(GATEWAY, "The gateway's configuration.", tuple(_of_gateway(given))),
        PARTNERS: _text(PARTNERS, "With whom documents are exchanged.", tuple(_of_partners(given))),
    }
    return Configuration(texts, secrets)


def _text(name: str, title: str, tables: tuple[Table, ...]) -> str:
    known = comments((shipped("config") / name).read_text(encoding="utf-8"))
    lines = [f"# {title}", REST]
    for table in tables:
        lines.append("")
        if table.name:
            lines.append(heading(table.name, known, listed=table.listed))
        for key, value in table.keys.items():
            lines.extend(key_lines(table.name, key, value, known))
    return "\n".join(lines) + "\n"


def _of_gateway(given: Answers) -> Iterator[Table]:
    state = Path(given["system.state"])
    yield Table("", False, {"partners": PARTNERS})
    yield Table("", False, {"secret_file": OFFICE_SECRET})
    yield Table("office", True, {key: given[f"office.{key}"] for key in OFFICE})
    yield Table("journal", False, {"url": f"sqlite:///{state / 'journal.db'}", "blobs": str(state / "blobs")})
    yield Table("edms", False, _edms(given, state))
    if by_imap(given):
        keys = {key: given[f"mailbox.{key}"] for key in ("host", "tls", "user")} | _trusted(given, "mailbox")
        rest = {key: given[f"mailbox.{key}"] for key in ("folder", "start")}
        secret = {"password_file": IMAP_SECRET}
        yield Table("mailbox", True, {"name": DOOR, **keys, "port": _number(given["mailbox.port"]), **secret, **rest})
    else:
        listener: dict[str, Value] = {"name": DOOR, "protocol": given["letters.from"], "bind": given["listener.bind"]}
        yield Table("listener", True, listener)
    relay: dict[str, Value] = {"host": given["relay.host"], "port": _number(given["relay.port"])}
    login: dict[str, Value] = {"user": given["relay.user"], "password_file": RELAY_SECRET}
    relay |= {"tls": given["relay.tls"], **_trusted(given, "relay")}
    yield Table("relay", False, {**relay, **(login if given["relay.user"] else {})})


OFFICE = ("index", "name", "address", "time_zone", "language")
DOOR = "exchange"  # the one mailbox or listener


def _edms(given: Answers, state: Path) -> dict[str, Value]:
    if has_registry(given):
        database, files = f"sqlite:///{state / 'registry.db'}", str(state / "files")
    else:
        database, files = _with_password(given["edms.database"], given.get("edms.password", "")), given["edms.files"]
    return {"mapping": given["edms.mapping"], "database": database, "files": files}


def _with_password(url: str, password: str) -> str:
    """Return the address of a database with the password of its account in it, escaped as addresses want it."""
    if not password or url.startswith(SQLITE):
        return url
    account, _, rest = url.partition("@")
    return f"{account}:{quote(password, safe='')}@{rest}"


def _of_partners(given: Answers) -> Iterator[Table]:
    channel = f"{given['partner.id']}-mail"
    address, language = given["partner.address"], given["office.language"]
    yield Table("channel", True, {"id": channel, "address": address, "language": language})
    yield Table("channel.proof", False, {"kind": given["partner.proof"], **_proven(given)})
    named: dict[str, Value] = {"id": given["partner.id"], "name": given["partner.name"]}
    agreed: dict[str, Value] = {"channel": channel, "indices": [given["partner.index"]], "mode": "observe"}
    yield Table("partner", True, {**named, **agreed})


def _proven(given: Answers) -> dict[str, Value]:
    """Return the keys of a proof beside its kind."""
    match given["partner.proof"]:
        case "mailbox":
            return {"name": DOOR}
        case "network":
            return {"peers": [peer.strip() for peer in given["partner.peers"].split(",") if peer.strip()]}
        case "auth-results":
            return {"authserv_id": given["partner.authserv_id"], "domain": given["partner.domain"]}
        case "header":
            return {"name": given["partner.header"], "value": given["partner.header_value"]}
        case _:
            return {}


def _trusted(given: Answers, table: str) -> dict[str, Value]:
    """Return the authority that alone is believed, when one was named."""
    file = given.get(f"{table}.ca_file", "")
    return {"ca_file": file} if file else {}


def _number(text: str) -> Value:
    """Return a port; what is none stays as it was written, for the settings to complain about."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text
