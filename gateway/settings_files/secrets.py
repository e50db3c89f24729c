# SPDX-License-Identifier: GPL-3.0-or-later
"""Where passwords and the office secret come from, in this order: the file the configuration names, a credential of
systemd (``LoadCredential``), the file a variable of the environment names, that variable itself.

A source that is there but cannot be used is a complaint; the next one is not tried in its place.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.settings.problems import Path as KeyPath
from gateway.settings.source import SECRET_FILES, STAND_IN
from gateway.settings.values import Raw
from gateway.settings_files.files import Fault, looked_into

CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)
PREFIX = "EDMS_GATEWAY_"
# table → (how its credential and variable begin, which key it must have to need a secret, the secret)
ACCOUNTS: Mapping[str, tuple[str, str, str]] = {
    "mailbox": ("mailbox", "user", "password"),
    "relay": ("relay", "user", "password"),
    "other_relay": ("relay", "user", "password"),
    "oauth": ("oauth", "client_id", "secret"),
    "web": ("web", "user", "password"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A secret that the configuration needs and does not hold itself."""

    path: KeyPath  # of the key it stands for: ("mailbox", 0, "password")
    file: str  # as the configuration names it; empty: it names none
    credential: str  # "mailbox.exchange"; empty: there is none by that name
    variable: str  # "EDMS_GATEWAY_MAILBOX_EXCHANGE_PASSWORD"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What was found, by the path of the key it stands for, and the complaints."""

    found: Mapping[KeyPath, str]
    faults: tuple[tuple[KeyPath, Fault], ...]


def gather(tables: Raw, folder: Path, environment: Mapping[str, str]) -> Secrets:
    """Return every secret that *tables* need; relative paths are meant from *folder*."""
    found: dict[KeyPath, str] = {}
    faults: list[tuple[KeyPath, Fault]] = []
    wanted = (*_in_files(tables, ()), *_of_accounts(tables), *_of_the_office(tables))
    claims = Counter(one.variable for one in wanted)
    for one in wanted:
        secret, fault = _secret(one, folder, environment, shared=claims[one.variable] > 1)
        if secret is None:
            continue
        if fault:
            faults.append((_complaint_at(one), fault))
        found[one.path] = secret.strip("\r\n") or STAND_IN
    return Secrets(found, tuple(faults))


def holds_a_secret(tables: Raw) -> bool:
    """Say whether the configuration holds a password or a secret itself, the one of a database's address included."""
    for key, value in tables.items():
        if isinstance(value, dict) and holds_a_secret(value):
            return True
        if isinstance(value, list) and any(isinstance(one, dict) and holds_a_secret(one) for one in value):
            return True
        if isinstance(value, str) and value and key in SECRET_FILES.values():
            return True
        if isinstance(value, str) and key == "webhook" and value:  # what it calls lets in whoever knows the address
            return True
        if (
            isinstance(value, str)
            and key in ("url", "database")
            and re.search(r"://[^/@]*:[^@]+@|[?&]password=", value)
        ):
            return True
    return False


def _secret(
    wanted: Wanted, folder: Path, environment: Mapping[str, str], *, shared: bool
) -> tuple[str | None, Fault | None]:
    """Return the secret, None when nobody gives one, and what is wrong with where it lies.

    A variable is *shared* when the names of two accounts make the same one.
    """
    if wanted.file:
        return looked_into(folder / wanted.file, private=True, whole=True)
    credentials = environment.get(CREDENTIALS, "")
    if credentials and wanted.credential and (Path(credentials) / wanted.credential).exists():
        return looked_into(Path(credentials) / wanted.credential, private=True, whole=True)
    if named := environment.get(f"{wanted.variable}_FILE", ""):
        secret, fault = looked_into(Path(named), private=True, whole=True)
        fault = fault and (f"{wanted.variable}_FILE: {fault[0]}", fault[1])
    else:
        secret, fault = environment.get(wanted.variable, ""), None
        if not secret:
            return None, None
    if shared:
        fault = f"{wanted.variable} would be the password of two", "name a file for each in password_file"
    return secret, fault


def _in_files(value: object, path: KeyPath) -> Iterator[Wanted]:
    """Yield every secret for which some table, at any depth, names a file."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(inner, str) and inner and key in SECRET_FILES:
            yield Wanted((*path, SECRET_FILES[key]), inner, "", "")
        yield from _in_files(inner, (*path, key))


def _of_accounts(tables: Raw) -> Iterator[Wanted]:
    """Yield the secret of every account that needs one and has neither the secret nor a file for it."""
    for key, (kind, user, secret) in ACCOUNTS.items():
        written = tables.get(key)
        for place, table in enumerate(written if isinstance(written, list) else [written]):
            if not isinstance(table, dict) or not table.get(user):
                continue
            if table.get(secret) or table.get(f"{secret}_file") or table.get("oauth"):
                continue
            name = table.get("name", "")
            path = (key, place, secret) if isinstance(written, list) else (key, secret)
            if isinstance(name, str):
                yield _outside(path, ".".join(filter(None, (kind, name))), secret.upper())


def _of_the_office(tables: Raw) -> Iterator[Wanted]:
    if not tables.get("secret") and not tables.get("secret_file"):
        yield _outside(("secret",), "office", "SECRET")


def _outside(path: KeyPath, name: str, what: str) -> Wanted:
    variable = PREFIX + re.sub(r"[^A-Z0-9]", "_", f"{name}_{what}".upper())
    return Wanted(path, "", "" if "/" in name or "\0" in name else name, variable)


def _complaint_at(wanted: Wanted) -> KeyPath:
    """Return the key to complain about: that of the file when the configuration names one."""
    names = {secret: file for file, secret in SECRET_FILES.items()}
    *table, key = wanted.path
    return (*table, names[str(key)]) if wanted.file else (*table,) or (key,)
