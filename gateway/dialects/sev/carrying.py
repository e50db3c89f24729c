# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each kind of fact in SEV: the degradation table (format 12.0, Notification)."""

from gateway.dialects.wire import Carried
from gateway.model import EventKind as K

_WHOLE = Carried("whole")
_LEFT_OUT = Carried("as", "a report that no longer mentions it")

CARRIES = {
    K.RECEIVED: _WHOLE,  # Reception
    K.REFUSED: _WHOLE,  # Failure
    K.REGISTERED: _WHOLE,  # Registration
    K.RENUMBERED: _WHOLE,  # Registration, with the new number
    K.DEREGISTERED: Carried("as", "an edited card with the words, and a report without the registration"),
    K.EDITED: _WHOLE,  # Editing
    K.FORWARDED: _WHOLE,  # Forwarding
    K.ACQUAINTED: Carried("no", "a notification of acquaintance does not exist"),
    K.ASSIGNED: _WHOLE,  # Consideration, Report
    K.DUE_CHANGED: _WHOLE,  # the task as it stands after it
    K.PROGRESS: _WHOLE,  # the task as it stands after it
    K.EXECUTOR_REPORTED: _WHOLE,  # the task as it stands after it
    K.EXECUTED: _WHOLE,  # the task as it stands after it
    K.REOPENED: _WHOLE,  # the task as it stands after it
    K.EXECUTOR_CHANGED: _WHOLE,  # the task as it stands after it
    K.TASK_CANCELLED: _LEFT_OUT,
    K.REDIRECTED: _WHOLE,  # Redirection
    K.ANSWERED: _WHOLE,  # Answer
    K.WITHDRAWN: Carried("no", "a message that takes a document back does not exist"),
    K.NO_LONGER_REPORTED: _LEFT_OUT,
    K.DIRECTED: _WHOLE,  # Direction
    K.SIGNED: _WHOLE,  # SignInformation
    K.DRAFT_REGISTERED: _WHOLE,  # ext2018:ProjectRegistrationNotification
}
