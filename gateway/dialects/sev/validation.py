# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own schema of the SEV wire format: what we write must obey it, what we read may deviate and is noted.

The schema files lie beside this module as package data; nothing is ever fetched that a passport points to
(`drop_unknown` removes ``xsi:schemaLocation`` before).
"""

import re
from functools import cache
from importlib.resources import files
from itertools import islice
from threading import Lock
from typing import Any

from lxml import etree

from gateway.dialects.tree import Element, has_more
from gateway.model import Problem, Severity

MAX_DEVIATIONS = 20  # LIMIT: deviations named one by one
MAX_ELEMENTS = 10_000  # LIMIT: of what strangers send; beyond, only the time it takes to name deviations would matter
MAX_TEXT = 300  # LIMIT: characters of one

_lock = Lock()  # a compiled schema has one error log: one validation at a time


class _Ours(etree.Resolver):
    """Finds the schemas that schemas import, here and nowhere else."""

    def resolve(self, url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]  # Any: lxml's stubs
        # lack the third argument, and have no type for what comes back
        return self.resolve_string(_source(url.rpartition("/")[2]), context, base_url=url)


def _source(name: str) -> bytes:
    return files("gateway.dialects.sev").joinpath("schema", name).read_bytes()


@cache
def _schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(_Ours())
    return etree.XMLSchema(etree.fromstring(_source("sev.xsd"), parser, base_url="sev.xsd"))


def deviations(root: Element) -> tuple[tuple[int, str], ...]:
    """Return where *root* is not as the schema wants it, as line and words; at most 20."""
    with _lock:
        schema = _schema()
        if schema.validate(root):
            return ()
        log = islice(schema.error_log, MAX_DEVIATIONS)  # type: ignore[call-overload]  # the stubs forget it iterates
        return tuple((entry.line, _words(entry.message)) for entry in log)


def deviation_notes(root: Element) -> tuple[Problem, ...]:
    """Return the deviations of *root* as notes; of a passport with too many elements only that it was not checked."""
    if has_more(root, MAX_ELEMENTS):
        text = f"not checked: more than {MAX_ELEMENTS} elements"
        return (Problem(Severity.NOTE, "schema", "line 1", text),)
    return tuple(Problem(Severity.NOTE, "schema", f"line {line}", text) for line, text in deviations(root))


def _words(message: str) -> str:
    return re.sub(r"\{http[^}]*\}", "", message)[:MAX_TEXT]
