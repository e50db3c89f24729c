# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links of a document may go with it to a partner.  Pure."""

from dataclasses import replace
from typing import Literal

from gateway.model import Document

Rule = Literal["known", "all-in-words", "none"]


def permitted(document: Document, rule: Rule) -> Document:
    """Return *document* with the links that *rule* lets go, and only those linked documents they lead to.

    A link with a `document` names one the partner knows; any other says words only.
    """
    links = () if rule == "none" else document.links
    if rule == "known":
        links = tuple(link for link in links if link.document is not None)
    needed = {*document.accompanying, *(link.document.card for link in links if link.document)}
    linked = tuple(other for other in document.linked if other.card in needed)
    return replace(document, links=links, linked=linked)
