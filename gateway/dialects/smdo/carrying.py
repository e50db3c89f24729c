# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each kind of fact in SMDO: the degradation table (§1.3, §6 of docs/standards.md, "SMDO")."""

from gateway.dialects.wire import Carried
from gateway.model import EventKind as K

_WHOLE = Carried("whole")
_IN_WORDS = Carried("as", "words in a user notification (ack_type 4)")
_NO_DRAFTS = Carried("no", "drafts do not exist")

CARRIES = {
    K.RECEIVED: _WHOLE,  # ack_type 1, errorcode 0
    K.REFUSED: _WHOLE,  # ack_type 1 or 2, errorcode not 0
    K.REGISTERED: _WHOLE,  # ack_type 2, errorcode 0
    K.RENUMBERED: Carried("as", "a registration with the new number"),
    K.DEREGISTERED: _IN_WORDS,
    K.EDITED: _IN_WORDS,
    K.FORWARDED: _IN_WORDS,
    K.ACQUAINTED: Carried("no", "no report of ours tells of an acquaintance"),
    K.ASSIGNED: _IN_WORDS,
    K.DUE_CHANGED: _IN_WORDS,
    K.PROGRESS: _IN_WORDS,
    K.EXECUTOR_REPORTED: _IN_WORDS,
    K.EXECUTED: _IN_WORDS,
    K.REOPENED: _IN_WORDS,
    K.EXECUTOR_CHANGED: _IN_WORDS,
    K.TASK_CANCELLED: _IN_WORDS,
    K.REDIRECTED: _IN_WORDS,
    K.ANSWERED: Carried("as", "words in a user notification; the answer itself names its document in DocParent"),
    K.WITHDRAWN: Carried("no", "a message that takes a document back does not exist"),
    K.NO_LONGER_REPORTED: Carried("no", "each message tells one fact, so silence says nothing"),
    K.DIRECTED: _NO_DRAFTS,
    K.SIGNED: _NO_DRAFTS,
    K.DRAFT_REGISTERED: _NO_DRAFTS,
}
