# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read in our letters: subject and body, in the recipient's language.

Machines read the XML; this text is a courtesy and is never parsed by us.  Templates are handed in; the values they
show come from strangers, so every one of them appears literally and on one line, whatever it contains.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from jinja2 import DictLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.model import DirectoryResult, DirectoryUpdate, Document, Message, Report

MAX_VALUE = 1000  # LIMIT: characters of one value that are shown
NAMES = ("document", "receipt", "refusal", "progress", "edited", "directory", "directory_result")
BREAKS = ("Cc", "Zl", "Zp", "Cs", "Co", "Cn")  # controls, line and paragraph separators, what is no letter at all
TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # would reorder the line


@dataclass(frozen=True, slots=True)
class Words:
    subject: str  # one line
    body: str  # lines end with "\n"; the last one too


class Wording:
    """Templates of several languages, ready to be filled.

    The first line of a template is the subject; the body begins after the empty line below it.
    """

    def __init__(self, templates: Mapping[str, Mapping[str, str]]) -> None:
        """*templates* are the sources by language and name; raises ValueError when a language lacks a name."""
        self._languages: dict[str, ImmutableSandboxedEnvironment] = {}
        for language, sources in templates.items():
            if missing := set(NAMES).difference(sources):
                raise ValueError(f"the templates of language {language} lack {', '.join(sorted(missing))}")
            self._languages[language] = _environment(language, tuple(sorted(sources.items())))

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted(self._languages))

    def words(self, message: Message, language: str, *, zone: tzinfo = UTC) -> Words:
        """Return what people shall read about *message*; moments are shown in *zone*, with its offset.

        Raises KeyError for a language without templates.
        """
        body = message.body
        template = self._languages[language].get_template(_name(body))
        text = template.render(message=message, sender=message.sender, zone=zone, body=body)
        subject, _, rest = text.partition("\n")
        return Words(subject.strip(), rest.strip("\n") + "\n")


def _name(body: Document | Report | DirectoryUpdate | DirectoryResult) -> str:
    """Return which template tells of *body*."""
    match body:
        case Report():
            return body.kind.value
        case DirectoryUpdate():
            return "directory"
        case DirectoryResult():
            return "directory_result"
        case Document():
            return "document"


def one_line(value: str) -> str:
    """Return *value* without anything that could break, hide or reorder a line, cut to what people read."""
    kept = (" " if unicodedata.category(letter) in BREAKS else letter for letter in value if letter not in TURNS)
    text = " ".join("".join(kept).split())
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


@lru_cache(8)  # compiling them costs more than sending a letter: the same templates are compiled once
def _environment(language: str, sources: tuple[tuple[str, str], ...]) -> ImmutableSandboxedEnvironment:
    locale = Locale.parse(language)

    def day(value: date) -> str:
        return format_date(value, "long", locale)

    def moment(value: datetime, zone: tzinfo) -> str:
        local = value.astimezone(zone)
        return f"{format_date(local.date(), 'long', locale)}, {format_datetime(local, 'HH:mm (xxx)', locale=locale)}"

    environment = ImmutableSandboxedEnvironment(
        loader=DictLoader(dict(sources)),
        undefined=StrictUndefined,
        finalize=_shown,
        autoescape=False,  # plain text: nothing to escape, and a name shall look as it is written
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"day": day, "moment": moment}
    return environment


def _shown(value: Any) -> Any:  # Any: whatever a template prints
    return one_line(value) if isinstance(value, str) else value
