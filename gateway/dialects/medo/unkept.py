# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message may say and the model has no place for: noted as it was written."""

from typing import cast

from lxml import etree

from gateway.dialects.findings import MAX_PROBLEMS
from gateway.dialects.medo.examination import Examination
from gateway.dialects.tree import Element

_unkept = etree.XPath(
    # §2.1, §2.2
    "header/source/comment "
    "| header/operator "
    "| header/comment "
    "| deliveryIndex/destination/comment "
    "| deliveryIndex/destination/destination/comment "
    # §2.3
    "| document/signatories/signatory/comment "
    "| document/addressees/addressee/comment "
    "| document/correspondents/correspondent/comment "
    # §2.5
    "| document/enclosures//enclosure/reference "
    "| document/enclosures//enclosure/comment "
    "| document/links/link/reference/*[not(self::num or self::comment)] "
    "| document/links/link[not(reference)]/document/*[not(self::num or self::comment)] "
    "| document/links/link[reference]/document "
    "| document/clauses/clause/principal/comment "
    "| document/clauses/clause/parcipants/parcipant/comment "
    "| document/clauses/clause//contents/addressee/comment "
    # §2.7
    "| notification/*/secretary/comment "
    "| notification/*/executor/comment "
    "| notification/*/clause/principal/comment "
    "| notification/*/clause/parcipants/parcipant/comment "
    "| notification/*/clause//contents/addressee/comment "
    "| notification/*[self::reportPrepared or self::reportPepared]/signatory/*[not(self::person)] "
    "| notification/courseChanged/reference "
    # §2.10
    "| requisites/links/link/*[not(self::registration)] "
    "| authors/author/sign[position() > 1]/person/post "
    "| authors/author/sign/person/phone "
    "| authors/author/sign/person/email "
)


def note_unkept(root: Element, exam: Examination) -> None:
    """Note what stands in the message, or in the passport of a container, below *root* and is carried nowhere."""
    for element in cast("list[Element]", _unkept(root)):
        if len(exam.problems) >= MAX_PROBLEMS:
            break
        exam.keep(element)
