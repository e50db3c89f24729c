# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything about entries, by one name: what came in (`arrivals`), what goes out (`outbound`), how they end, lists."""

from gateway.journal.acts import Act, acts, drop, reopen, reprocess, retry, set_held
from gateway.journal.arrivals import Arrival, accept, claim, imap_source, release, renew
from gateway.journal.entry import Entry, KnownBlobs, letter
from gateway.journal.listing import Attempt, Counts, attempts, counts, finished_since, get, next_due, select
from gateway.journal.outbound import (
    Outbound,
    answers_to,
    attempted,
    by_rfc_message_id,
    forget_ref,
    note_repeat,
    queue,
    repeats,
    resend,
    take_due,
    told,
    untold,
)
from gateway.journal.settling import Overtaken, bounced, conclude, defer
from gateway.journal.states import TRANSITIONS, Direction, State

__all__ = [
    "TRANSITIONS",
    "Act",
    "Arrival",
    "Attempt",
    "Counts",
    "Direction",
    "Entry",
    "KnownBlobs",
    "Outbound",
    "Overtaken",
    "State",
    "accept",
    "acts",
    "answers_to",
    "attempted",
    "attempts",
    "bounced",
    "by_rfc_message_id",
    "claim",
    "conclude",
    "counts",
    "defer",
    "drop",
    "finished_since",
    "forget_ref",
    "get",
    "imap_source",
    "letter",
    "next_due",
    "note_repeat",
    "queue",
    "release",
    "renew",
    "reopen",
    "repeats",
    "reprocess",
    "resend",
    "retry",
    "select",
    "set_held",
    "take_due",
    "told",
    "untold",
]
