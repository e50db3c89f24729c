# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts that go out: a new version goes out again, whatever became of the one before."""

from gateway.journal.exchanges import Exchange
from gateway.model import Document, DocumentType
from gateway.ports import Outgoing


def new_version(known: Exchange, item: Outgoing) -> bool:
    """Say whether the EDMS hands out another version of the draft than the one that was sent last in *known*."""
    sent = known.message.body if known.message else None
    if item.document.type is not DocumentType.DRAFT or not isinstance(sent, Document):
        return False
    return item.document.draft is not None and item.document.ref.version_uid != sent.ref.version_uid
