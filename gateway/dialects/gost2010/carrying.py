# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each kind of fact in GOST R 53898-2010: the degradation table.

A notification (kind 0) says "accepted" or "registered", or why not (1A.3, 1A.4); everything else is told in the words
of its AckResult, which the standard leaves to people, with its moment in an Expansion of ours.
"""

from gateway.dialects.wire import Carried
from gateway.model import EventKind as K

_WHOLE = Carried("whole")
_WORDS = Carried("as", "a notification in words")
_NO_DRAFTS = Carried("no", "drafts cannot be sent, so there is nothing to report on")

CARRIES = {
    K.RECEIVED: _WHOLE,  # ack_type 1, errorcode 0
    K.REFUSED: _WHOLE,  # ack_type 1 or 2, another errorcode
    K.REGISTERED: _WHOLE,  # ack_type 2, errorcode 0, RegNumber
    K.RENUMBERED: Carried("as", "a registration with the new number"),
    K.DEREGISTERED: _WORDS,
    K.EDITED: _WORDS,
    K.FORWARDED: _WORDS,
    K.ACQUAINTED: Carried("no", "nothing tells of acquaintance"),
    K.ASSIGNED: _WORDS,
    K.DUE_CHANGED: _WORDS,
    K.PROGRESS: _WORDS,
    K.EXECUTOR_REPORTED: _WORDS,
    K.EXECUTED: _WORDS,
    K.REOPENED: _WORDS,
    K.EXECUTOR_CHANGED: _WORDS,
    K.TASK_CANCELLED: _WORDS,
    K.REDIRECTED: _WORDS,
    K.ANSWERED: Carried("as", "a notification in words; the answer itself is a message of kind 3 that refers to it"),
    K.WITHDRAWN: Carried("no", "a message that takes a document back does not exist"),
    K.NO_LONGER_REPORTED: Carried("no", "notifications do not accumulate, so nothing vanishes from them"),
    K.DIRECTED: _NO_DRAFTS,
    K.SIGNED: _NO_DRAFTS,
    K.DRAFT_REGISTERED: _NO_DRAFTS,
}
