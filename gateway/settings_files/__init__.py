# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the configuration from disk: the files themselves, and the secrets and holidays they name.

A secret that others on the machine may read is none, so it is refused.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gateway.settings import ConfigProblem, ConfigurationError, EdmsSettings, JournalSettings, Settings, parse
from gateway.settings.lines import line_of, lines
from gateway.settings.oauth import OauthSettings
from gateway.settings.problems import Path as KeyPath
from gateway.settings.problems import dotted
from gateway.settings.salvage import alone, salvaged
from gateway.settings.source import ShapeT, Source
from gateway.settings.values import Raw
from gateway.settings_files.files import Fault, looked_into, too_open
from gateway.settings_files.secrets import gather, holds_a_secret

PUBLIC_KEYS = (
    "certificate",
    "key",
    "ca_file",
    "client_certificate",
    "client_key",
)  # files that must be there, whatever lies in them
PRIVATE_KEYS = ("key", "client_key")
HOLIDAYS = "holidays"
OAUTH = "oauth"
MAX_TEXT = 4 << 20  # LIMIT: bytes of a configuration file


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in the file *path* and the partners file it names.

    Relative paths are meant from the folder of *path*; secrets that the files do not hold come from *environment*.
    Raises ConfigurationError with every problem, also of the files themselves: absent, unreadable, not UTF-8, or a
    secret that others may read.
    """
    folder = path.absolute().parent
    texts = {path.name: _text(path, path.name)}
    tables = _tables(texts[path.name])
    partners, unread = salvaged(texts[path.name]).get("partners"), tuple[ConfigProblem, ...]()
    if isinstance(partners, str) and (folder / partners).is_file():
        try:
            texts[partners] = _text(folder / partners, partners)
        except ConfigurationError as error:  # the other file is judged all the same
            texts[partners], unread = "", error.problems
    positions = lines(texts[path.name]) if tables else {}
    secrets = gather(tables, folder, environment)
    faults: list[tuple[KeyPath, Fault]] = [*secrets.faults]
    holidays: dict[str, str] = {}
    if holds_a_secret(tables) and (exposed := too_open(path.stat())):
        remedy = f"chmod 600 {path}, or keep the secrets in files of their own"
        faults.append(((), (f"holds a secret and can be read by {exposed} on this machine", remedy)))
    for key_path, name in _named_files(tables, ()):
        whole = key_path[-1] == HOLIDAYS
        private = key_path[-1] in PRIVATE_KEYS
        content, fault = looked_into(folder / name, private=private, whole=private or whole)
        if fault:
            faults.append((key_path, fault))
        if whole:
            holidays[name] = content
    named = tuple(ConfigProblem(path.name, line_of(key, positions), dotted(key), *fault) for key, fault in faults)
    problems = (*named, *unread)
    try:
        settings = parse(texts, secrets=secrets.found, folder=folder, holidays=holidays)
    except ConfigurationError as error:
        raise ConfigurationError((*problems, *error.problems)) from None
    if problems:
        raise ConfigurationError(problems)
    return settings


def place_of(path: Path, key: str) -> str:
    """Return where *key*, written as people do, stands in the configuration *path*: "gateway.toml:17: edms.mapping".

    For what can be said only by those who know more than the configuration does.
    """
    try:
        line = line_of(tuple(key.split(".")), lines(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):  # it was read a moment ago
        line = 0
    return f"{path.name}:{line}: {key}"


def load_oauth(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[OauthSettings, ...]:
    """Return the tables [[oauth]] of the file *path*, whatever is wrong with the rest of it.

    Raises ConfigurationError with the problems of these tables and their secrets alone.
    """
    folder = path.absolute().parent
    text = _text(path, path.name)
    written = _tables(text).get(OAUTH, [])
    secrets = gather({OAUTH: written}, folder, environment)
    source = Source(path.name, text, secrets=secrets.found, folder=folder)
    found = tuple(one.value for one in source.many(OAUTH, OauthSettings) if one.value is not None)
    faults = [source.problem(key, *fault) for key, fault in secrets.faults if key != ("secret",)]
    for key_path, name in _named_files({OAUTH: written}, ()):
        private = key_path[-1] in PRIVATE_KEYS
        if fault := looked_into(folder / name, private=private, whole=private)[1]:
            faults.append(source.problem(key_path, *fault))
    if problems := (*faults, *source.problems):
        raise ConfigurationError(problems)
    return found


def load_journal(path: Path) -> JournalSettings | None:
    """Return the table [journal] of the file *path*, whatever is wrong with the rest; None when it cannot be told."""
    return _alone(path, "journal", JournalSettings)


def load_edms(path: Path) -> EdmsSettings | None:
    """Return the table [edms] likewise."""
    return _alone(path, "edms", EdmsSettings)


def _alone(path: Path, key: str, shape: type[ShapeT]) -> ShapeT | None:
    try:
        return alone(_text(path, path.name), key, shape, path.absolute().parent)
    except ConfigurationError:
        return None


def _tables(text: str) -> Raw:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}  # `parse` says what is wrong


def _text(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > MAX_TEXT:
            raise ConfigurationError((ConfigProblem(name, 0, "", "is too large", "a configuration is a few pages"),))
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 (byte {error.start})"
        raise ConfigurationError((ConfigProblem(name, 0, "", what, "save it as UTF-8"),)) from error
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        remedy = f"write {path}, or name another with --config; edms-gateway init makes one to start from"
        raise ConfigurationError((ConfigProblem(name, 0, "", what, remedy),)) from error


def _named_files(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Yield every file that is named anywhere in *value* under one of our keys."""
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        if isinstance(inner, str) and inner and key in (*PUBLIC_KEYS, HOLIDAYS):
            yield (*path, key), inner
        yield from _named_files(inner, (*path, key))
