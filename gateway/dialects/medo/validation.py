# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own schemas of МЭДО, one for each version: what we write must obey, what we read may deviate and is noted.

The schema files lie beside this module as package data; what a version does not have is taken out before compiling.
"""

import re
from functools import cache
from importlib.resources import files
from itertools import islice
from threading import Lock
from xml.sax.saxutils import quoteattr

from lxml import etree

from gateway.dialects.medo.vocabulary import (
    CONTAINER,
    CONTAINER_27,
    IEDMS,
    MESSAGE,
    VERSIONS,
    reasons_of,
)
from gateway.dialects.tree import Element, has_more
from gateway.model import Problem, Severity

MAX_DEVIATIONS = 20  # LIMIT: deviations named one by one
MAX_ELEMENTS = 10_000  # LIMIT: of what strangers send; beyond, only the time it takes to name deviations would matter
MAX_TEXT = 300  # LIMIT: characters of one
_IN = "{urn:medo:versions}in"
_FILES = {IEDMS: "message.xsd", MESSAGE: "message.xsd", CONTAINER_27: "container.xsd", CONTAINER: "container.xsd"}

_lock = Lock()  # a compiled schema has one error log: one validation at a time


@cache
def _schema(namespace: str, version: str) -> etree.XMLSchema:
    source = files("gateway.dialects.medo").joinpath("schema", _FILES[namespace]).read_text("utf-8")
    reasons = "".join(f"<xs:enumeration value={quoteattr(reason)}/>" for reason in reasons_of(version))
    source = source.replace("@REASONS@", reasons).replace("urn:medo:target", namespace)
    root = etree.fromstring(source.encode(), etree.XMLParser(no_network=True, resolve_entities=False))
    for made in list(root.iter(etree.Element)):
        versions = made.attrib.pop(_IN, None)
        parent = made.getparent()
        if versions is not None and version not in str(versions).split() and parent is not None:
            parent.remove(made)
    return etree.XMLSchema(root)


def deviations(root: Element, version: str) -> tuple[tuple[int, str], ...]:
    """Return where *root* is not as the schema of *version* wants it, as line and words; at most 20."""
    namespace = etree.QName(root).namespace or ""
    with _lock:
        schema = _schema(namespace, version if version in VERSIONS else VERSIONS[0])
        if schema.validate(root):
            return ()
        log = islice(schema.error_log, MAX_DEVIATIONS)  # type: ignore[call-overload]  # the stubs forget it iterates
        return tuple((entry.line, _words(entry.message)) for entry in log)


def deviation_notes(root: Element, version: str) -> tuple[Problem, ...]:
    """Return the deviations of *root* as notes; of a message with too many elements only that it was not checked."""
    if has_more(root, MAX_ELEMENTS):
        text = f"not checked: more than {MAX_ELEMENTS} elements"
        return (Problem(Severity.NOTE, "schema", "line 1", text),)
    return tuple(Problem(Severity.NOTE, "schema", f"line {line}", text) for line, text in deviations(root, version))


def _words(message: str) -> str:
    return re.sub(r"\{[^}]*\}", "", message)[:MAX_TEXT]
