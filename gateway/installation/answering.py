# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges answers by the very rules the configuration is read by, and settles those that nobody gave."""

import ssl
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gateway.edms_adapter import MappingError, known_mapping
from gateway.installation.configuration import IMAP_SECRET, OFFICE_SECRET, RELAY_SECRET, configuration
from gateway.installation.questions import Answers, Machine, Question, questions
from gateway.settings import ConfigurationError, parse
from gateway.settings.problems import Path as KeyPath
from gateway.settings.problems import one_of, shown, unknown_key

STAND_IN = "x" * 64  # for secrets, while only the rest is looked at
KEYS: Mapping[str, KeyPath] = {
    OFFICE_SECRET: ("secret",),
    IMAP_SECRET: ("mailbox", 0, "password"),
    RELAY_SECRET: ("relay", "password"),
}
WAYS = ("imap", "lmtp", "smtp")

# question, default, judge, the answers before it → an answer that holds
Ask = Callable[[Question, str, Callable[[str], str], Answers], str]


class WrongAnswers(Exception):
    """Answers that were given beforehand do not hold; one line for each."""


def settle(machine: Machine, given: Answers, ask: Ask | None) -> dict[str, str]:
    """Return an answer to every question that applies: the one *given*, else what *ask* gives, else the default.

    Raises WrongAnswers with everything that is wrong with *given*, and when nobody can be asked for a secret.
    """
    settled: dict[str, str] = {}
    wrong: list[str] = []
    for question in questions(machine):
        if not question.applies(settled):
            continue
        default = question.default(settled)

        def judge(answer: str, key: str = question.key) -> str:
            return complaint(machine, {**settled, key: answer})

        if question.key in given:
            answer = given[question.key]
        elif ask is not None:
            answer = ask(question, default, judge, settled)
        else:
            answer = default
        if said := judge(answer):
            wrong.append(f"{question.given_as}: {said}")
            answer = STAND_IN if question.secret else default
        settled[question.key] = answer
    if wrong:
        raise WrongAnswers("\n".join(wrong))
    return settled


def complaint(machine: Machine, given: dict[str, str]) -> str:
    """Return what is wrong with the last of *given*, and the remedy; empty when it holds.

    Those before it hold; questions after it are taken as if everybody had answered with the default.
    """
    last = next(reversed(given))
    try:
        given[last].encode()
    except UnicodeEncodeError:
        return "is not UTF-8; type it again"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in given[last]):
        return "has line breaks or control characters in it; write it on one line"
    if last == "letters.from" and given[last] not in WAYS:
        return f"expected {one_of(WAYS)}, found {shown(given[last])}; write one of these words"
    if last == "mailbox.password" and not given[last]:
        return "is empty; write the password of the account"
    if last == "system.user" and not given[last].replace("-", "").replace("_", "").isalnum():
        return f"{shown(given[last])} is not an account; write letters, digits and dashes"
    if last in ("system.state", "edms.files") and not Path(given[last]).is_absolute():
        return f"{shown(given[last])} is not a whole path; begin it with /"
    if last == "system.state" and _holds_something(Path(given[last])):
        return f"there is something in {given[last]} already; name a folder of its own"
    if last.endswith(".ca_file") and given[last] and (said := _no_authority(machine.directory / given[last])):
        return f"{said}; relative paths are meant from {machine.directory}"
    whole = _whole(machine, given)
    written = configuration(whole, STAND_IN)
    try:
        settings = parse(written.texts, secrets=_by_key(written.secrets), folder=machine.directory)
        known_mapping(settings.edms.mapping or "")
    except ConfigurationError as error:
        problem = error.problems[0]
        return f"{problem.what}; {problem.remedy}"
    except MappingError as error:
        return str(error)
    return ""


def _by_key(secrets: Mapping[str, str]) -> dict[KeyPath, str]:
    """Return secrets by the key each stands for, as the settings take them, not by its file."""
    return {KEYS[name]: secret for name, secret in secrets.items()}


def _no_authority(file: Path) -> str:
    """Return why nobody's certificate can be judged by *file*; empty when it can."""
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        return f"{file} is no PEM file of an authority"
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"
    return ""


def _holds_something(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except FileNotFoundError:
        return False
    except OSError:
        return True  # a file, or nobody's business


def _whole(machine: Machine, given: Answers) -> dict[str, str]:
    whole = dict(given)
    for question in questions(machine):
        if question.key not in whole and question.applies(whole):
            whole[question.key] = question.default(whole) or (STAND_IN if question.secret else "")
    return whole


def answers_in(text: str, machine: Machine) -> dict[str, str]:
    """Return the answers written as TOML, by the keys under which they are given; raises WrongAnswers."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WrongAnswers(f"is not TOML: {error}") from error
    found = dict(_flat(tables))
    known = tuple(question.given_as for question in questions(machine))
    unknown = [f"{key}: {' ; '.join(unknown_key(key, known))}" for key in found if key not in known]
    if unknown:
        raise WrongAnswers("\n".join(unknown).replace(" ; ", "; "))
    return found


def _flat(tables: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        elif isinstance(value, list):
            yield f"{above}{key}", ", ".join(str(one) for one in value)
        else:
            yield f"{above}{key}", str(value)
