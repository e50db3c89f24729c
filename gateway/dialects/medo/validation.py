# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own schemas of МЭДО: what a version does not have is taken out before compiling."""

from functools import cache
from xml.sax.saxutils import quoteattr

from lxml import etree

from gateway.dialects import schemas
from gateway.dialects.medo.vocabulary import (
    CONTAINER,
    CONTAINER_27,
    IEDMS,
    MESSAGE,
    NAME,
    VERSIONS,
    reasons_of,
)
from gateway.dialects.tree import Element
from gateway.model import Problem

_IN = "{urn:medo:versions}in"
_FILES = {IEDMS: "message.xsd", MESSAGE: "message.xsd", CONTAINER_27: "container.xsd", CONTAINER: "container.xsd"}


@cache
def _schema(namespace: str, version: str) -> etree.XMLSchema:
    source = schemas.source(NAME, _FILES[namespace]).decode()
    reasons = "".join(f"<xs:enumeration value={quoteattr(reason)}/>" for reason in reasons_of(version))
    source = source.replace("@REASONS@", reasons).replace("urn:medo:target", namespace)
    root = schemas.tree(source.encode())
    for made in list(root.iter(etree.Element)):
        versions, parent = made.get(_IN), made.getparent()
        made.attrib.pop(_IN, "")
        if versions is not None and version not in str(versions).split() and parent is not None:
            parent.remove(made)
    return etree.XMLSchema(root)


def _schema_for(root: Element, version: str) -> etree.XMLSchema:
    return _schema(etree.QName(root).namespace or "", version if version in VERSIONS else VERSIONS[0])


def deviations(root: Element, version: str) -> tuple[tuple[int, str], ...]:
    """Return where *root* is not as the schema of *version* wants it, as line and words."""
    return schemas.deviations(root, _schema_for(root, version))


def deviation_notes(root: Element, version: str) -> tuple[Problem, ...]:
    """Return the deviations of *root* as notes."""
    return schemas.deviation_notes(root, _schema_for(root, version))
