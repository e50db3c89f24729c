# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the configuration from disk: the files themselves, and the secrets and holidays they name.

A secret that everybody on the machine may read is none, so it is refused.
"""

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from stat import S_IROTH, S_IWOTH

from gateway.settings import ConfigProblem, ConfigurationError, Settings, parse
from gateway.settings.lines import line_of, lines
from gateway.settings.problems import Path as KeyPath
from gateway.settings.problems import dotted
from gateway.settings.values import Raw

STAND_IN = "x" * 32  # for a secret that could not be read: one complaint about it is enough
SECRET_KEYS = ("password_file", "secret_file")
PUBLIC_KEYS = ("certificate", "key", "ca_file")  # files that must be there, whatever lies in them
HOLIDAYS = "holidays"
PRIVATE_KEYS = (*SECRET_KEYS, "key")
MAX_PRIVATE = 64 << 10  # LIMIT: bytes of a secret or a key
MAX_TEXT = 4 << 20  # LIMIT: bytes of a configuration file


def load(path: Path) -> Settings:
    """Return the settings in the file *path* and the partners file it names.

    Relative paths are meant from the folder of *path*.  Raises ConfigurationError with every problem, also of the
    files themselves: absent, unreadable, not UTF-8, or a secret that others may read.
    """
    folder = path.absolute().parent
    texts = {path.name: _text(path, path.name)}
    tables = _tables(texts[path.name])
    partners = tables.get("partners")
    if isinstance(partners, str) and (folder / partners).is_file():
        texts[partners] = _text(folder / partners, partners)
    positions = lines(texts[path.name]) if tables else {}
    problems: list[ConfigProblem] = []
    secrets: dict[str, str] = {}
    holidays: dict[str, str] = {}
    for key_path, name in _named_files(tables, ()):
        private = key_path[-1] in PRIVATE_KEYS
        content, fault = _looked_into(folder / name, private=private, whole=private or key_path[-1] == HOLIDAYS)
        if fault:
            problems.append(ConfigProblem(path.name, line_of(key_path, positions), dotted(key_path), *fault))
        if key_path[-1] in SECRET_KEYS:
            secrets[name] = content.strip("\r\n") or STAND_IN
        if key_path[-1] == HOLIDAYS:
            holidays[name] = content
    try:
        settings = parse(texts, secrets=secrets, folder=folder, holidays=holidays)
    except ConfigurationError as error:
        raise ConfigurationError((*problems, *error.problems)) from None
    if problems:
        raise ConfigurationError(tuple(problems))
    return settings


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
        if isinstance(inner, str) and inner and key in (*SECRET_KEYS, *PUBLIC_KEYS, HOLIDAYS):
            yield (*path, key), inner
        yield from _named_files(inner, (*path, key))


def _looked_into(path: Path, *, private: bool, whole: bool) -> tuple[str, tuple[str, str] | None]:
    """Return the text of a file that is wanted *whole*, and what is wrong with the file and the remedy, or None."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PRIVATE + 1 if whole else 1)
            mode = path.stat().st_mode
        text = content.decode() if whole else ""
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the name
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        return "", (f"{path} cannot be read: {why}", "make it readable for the user of the gateway")
    if private and mode & (S_IROTH | S_IWOTH):
        return text, (f"{path} can be read by everybody on this machine", f"chmod 600 {path}")
    if private and not (content.strip() and len(content) <= MAX_PRIVATE):
        return text, (f"{path} is empty or too large", "write the secret into it, and nothing else")
    return text, None
