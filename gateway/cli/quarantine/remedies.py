# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can do about each reason, in one line; and which of them `fix --accept` may pass."""

from gateway.dialects import DIALECTS
from gateway.errors import Reason
from gateway.inbound.fixing import ACCEPTABLE
from gateway.journal.entries import Entry

_SENDER = "ask the sender to mend it and to send the document again"
_PROOF = "never accepted by hand: it would let anybody speak for them"
_DAMAGED = "ask the sender to send it again; `export` shows what came"

REMEDIES = {
    Reason.NOT_MIME: _DAMAGED,
    Reason.TRUNCATED: _DAMAGED,
    Reason.TOO_LARGE: "raise the limit in gateway.toml, `run` again, then `reprocess`; or ask for smaller files",
    Reason.TOO_MANY_PARTS: _SENDER,
    Reason.TOO_DEEP: _SENDER,
    Reason.AMBIGUOUS: _SENDER,
    Reason.BAD_ENCODING: _DAMAGED,
    Reason.NO_PASSPORT: "read it with `export` and answer as a person, or name a `human_address`; then `drop`",
    Reason.BOUNCE: "read it with `export`; if it names a letter of ours, see `queue show`; then `drop`",
    Reason.OUR_OWN: "find who sends our letters back to us; then `drop`",
    Reason.STRANGER: f"if it is a partner's, write its channel into partners.toml, then `reprocess`; {_PROOF}",
    Reason.NO_PROOF: f"find out what changed on their way to us, mend the channel's proof, then `reprocess`; {_PROOF}",
    Reason.UNKNOWN_PARTNER: f"if the index is theirs, write it into partners.toml, then `reprocess`; {_PROOF}",
    Reason.NOT_FOR_US: "if the index is ours, write it into gateway.toml, then `reprocess`; else tell the sender",
    Reason.BAD_XML: f"it cannot be read: {_SENDER}",
    Reason.DOCTYPE: f"it is never read: {_SENDER}",
    Reason.BAD_PASSPORT: f"it cannot be read: {_SENDER}",
    Reason.MISSING_FIELD: _SENDER,
    Reason.MISSING_FILE: "when a rule of ours asks for files, `fix N --accept`; a file that did not come: ask for it",
    Reason.MISSING_AUTHOR: "`fix N --accept` registers it without an author",
    Reason.UNSUPPORTED: "not handled here: ask the sender for another form",
    Reason.CONFLICT: "compare with `show N`, ask the sender; `fix N --accept` lays it before a person",
    Reason.NOT_ALLOWED: "`fix N --accept` lets this one through; for all of them change the rule, then `reprocess`",
    Reason.UNKNOWN_ADDRESSEE: "`fix N --addressee NAME --to OFFICIAL`, or `fix N --accept` for the default inbox",
    Reason.UNKNOWN_CORRESPONDENT: "enter them into the EDMS, then `fix N --accept`, which lays it before a person",
    Reason.CHANGED: "compare with `show N`; `fix N --accept` lays the change before a person",
    Reason.SAME_NUMBER: "compare with `show N`; `fix N --accept` lays it before a person",
    Reason.UNKNOWN_EXCHANGE: "a report on nothing we know: after a restore of the journal see `trace`; else `drop`",
    Reason.BAD_FILE: "`fix N --accept` takes its files as they are; for all of them change the rule",
    Reason.VIRUS: "`drop` it and tell the sender; a false alarm that somebody made sure of: `fix N --accept`",
    Reason.NOT_SCANNED: "look into the file by other means, then `fix N --accept`; or raise antivirus.max_size",
    Reason.RESTRICTED: "ours, on its way out: give the channel encryption, or send it by other means",
    Reason.FORGED: "never accepted: it reports on somebody else's document; tell them, then `drop`",
    Reason.DIRECTORY: "`directory show N`, then `directory apply N` or `directory decline N`",
    Reason.OBSERVED: "`report observe` compares it with what people did; once its partner is live, `reprocess` what \
nobody registered and `drop` the rest",
    Reason.SELF_TEST: "`self-test` says which part failed; nothing is parked for it",
    Reason.DEFECT: "our mistake: `export` it and report it with the log of that moment; after the mending `reprocess`",
}


# where a rule of ours looks for files: it may be waived, unlike a file that is named and did not come
_ASKED_FOR = {dialect.places(version).files for dialect in DIALECTS for version in dialect.versions}


def can_accept(reason: Reason | None) -> bool:
    return reason in ACCEPTABLE


def why_not_accepted(entry: Entry) -> str:
    """Return why nobody may let *entry* through by hand, and what to do instead; empty when one may."""
    reason = entry.reason
    if reason is None:
        return "nothing stopped it"
    if reason is Reason.MISSING_FILE and entry.place not in _ASKED_FOR:
        return f"cannot be accepted: a file the passport names did not come; {_SENDER}"
    return "" if reason in ACCEPTABLE else f"{reason.value} cannot be accepted by hand: {REMEDIES[reason]}"
