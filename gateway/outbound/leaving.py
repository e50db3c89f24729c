# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a document may leave the office for one partner: everything that goes out passes here first.  Pure."""

from gateway import policy
from gateway.errors import Reason, Refused
from gateway.model import Document
from gateway.office import Partner
from gateway.outbound.links import permitted
from gateway.outbound.own_tasks import meant_for
from gateway.ports import Outgoing
from gateway.settings import AccessSettings


def leaving(item: Outgoing, partner: Partner, access: AccessSettings) -> Document:
    """Return the document of *item* as *partner* may have it: its own tasks, the links it may know of.

    Raises Refused for a document that not everybody may see when its letter could be read on the way.
    """
    document = item.document
    if not partner.channel.encrypted and not policy.is_open(document.access, access):
        level = policy.level_of(document.access, access.missing)
        words = f"channel {partner.channel.id} is not encrypted"
        raise Refused(Reason.RESTRICTED, words, found=level.text or level.index)
    return permitted(meant_for(document, item.to, partner.settings.tasks), partner.settings.links)
