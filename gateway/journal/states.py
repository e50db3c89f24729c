# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of an entry and the only ways between them; ``python -m gateway.journal.states`` writes docs/states.md."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from gateway.errors import Reason


class Direction(Enum):
    IN = "in"
    OUT = "out"


class State(Enum):
    """Where an entry stands; deferred, held, claimed and ambiguous are fields of it, not states."""

    ACCEPTED = "accepted"
    DONE = "done"
    WAITING = "waiting"
    PARKED = "parked"
    DROPPED = "dropped"
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def direction(self) -> Direction:
        """The only direction whose entries can stand here."""
        return Direction.OUT if self in (State.QUEUED, State.SENT, State.FAILED, State.CANCELLED) else Direction.IN


TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.ACCEPTED: frozenset({State.DONE, State.WAITING, State.PARKED}),
        State.WAITING: frozenset({State.ACCEPTED, State.PARKED}),
        State.PARKED: frozenset({State.ACCEPTED, State.DROPPED}),
        State.DONE: frozenset({State.ACCEPTED}),
        State.DROPPED: frozenset(),
        State.QUEUED: frozenset({State.SENT, State.FAILED, State.CANCELLED}),
        State.SENT: frozenset({State.FAILED, State.QUEUED}),
        State.FAILED: frozenset({State.QUEUED, State.SENT}),
        State.CANCELLED: frozenset(),
    }
)


def sources(target: State) -> frozenset[State]:
    """Return the states from which an entry may come to *target*."""
    return frozenset(state for state, targets in TRANSITIONS.items() if target in targets)


STATE_WORDS: Mapping[State, str] = MappingProxyType(
    {
        State.ACCEPTED: "We answered for it: it is on disk and will be processed, perhaps later (`not_before`).",
        State.DONE: "Processed, its answers queued in the same transaction.",
        State.WAITING: "A document lies before a person in the EDMS, a directory before an administrator, who decides.",
        State.PARKED: "In quarantine: the reason says why, an operator decides.",
        State.DROPPED: "An operator put it away, and wrote why.",
        State.QUEUED: "Sealed and stored, waiting for its turn, its moment or its release (`held`).",
        State.SENT: "The next server took it.",
        State.FAILED: "Given up, refused for good, or returned as undeliverable.",
        State.CANCELLED: "Its sender took it back while it waited: it is never sent.",
    }
)

_WAYS: Mapping[tuple[State, State], str] = MappingProxyType(
    {
        (State.ACCEPTED, State.DONE): "processed",
        (State.ACCEPTED, State.WAITING): "laid before a person",
        (State.ACCEPTED, State.PARKED): "refused, or a defect three times",
        (State.WAITING, State.ACCEPTED): "a person decided",
        (State.WAITING, State.PARKED): "cannot be decided there",
        (State.PARKED, State.ACCEPTED): "operator: reprocess",
        (State.PARKED, State.DROPPED): "operator: drop",
        (State.DONE, State.ACCEPTED): "operator: fix, after a refusal; reprocess, when its card has vanished",
        (State.QUEUED, State.SENT): "taken by the next server",
        (State.QUEUED, State.FAILED): "refused for good or too old",
        (State.QUEUED, State.CANCELLED): "taken back by its sender",
        (State.SENT, State.FAILED): "bounced",
        (State.SENT, State.QUEUED): "asked for again, same bytes",
        (State.FAILED, State.QUEUED): "operator: retry",
        (State.FAILED, State.SENT): "given up while perhaps delivered, and proven to be there",
    }
)

REASON_WORDS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NOT_MIME: "The bytes are no letter.",
        Reason.TRUNCATED: "The letter ends before it should.",
        Reason.TOO_LARGE: "Larger than the limit for its channel or recipient.",
        Reason.TOO_MANY_PARTS: "More MIME parts than the limit.",
        Reason.TOO_DEEP: "Parts nested deeper than the limit.",
        Reason.AMBIGUOUS: "Two readings of the letter are possible, and they differ.",
        Reason.BAD_ENCODING: "A part cannot be decoded.",
        Reason.NO_PASSPORT: "People's mail: nothing in it is an exchange message.",
        Reason.BOUNCE: "A delivery report that no letter of ours explains.",
        Reason.OUR_OWN: "A message we ourselves sent came back.",
        Reason.STRANGER: "No channel knows this sender.",
        Reason.NO_PROOF: "The agreed proof of the sender is absent.",
        Reason.UNKNOWN_PARTNER: "The channel is proven, but the organisation named inside is none of its partners.",
        Reason.NOT_FOR_US: "No recipient in the message is one of our offices.",
        Reason.BAD_XML: "The passport is not well-formed.",
        Reason.DOCTYPE: "The passport carries a DOCTYPE, which is never read.",
        Reason.BAD_PASSPORT: "The passport is not what its standard says.",
        Reason.MISSING_FIELD: "A required element is absent.",
        Reason.MISSING_FILE: "A file the passport names did not come.",
        Reason.MISSING_AUTHOR: "The document has no author; one that we send has none of ours.",
        Reason.UNSUPPORTED: "A kind of message that is named in the standard but not handled here.",
        Reason.CONFLICT: "The same message id came before with another content.",
        Reason.NOT_ALLOWED: "Our rules for this partner forbid it.",
        Reason.UNKNOWN_ADDRESSEE: "Nobody here is the addressee, and the rule is to refuse.",
        Reason.UNKNOWN_CORRESPONDENT: "The EDMS does not know the sender, and the rule is to refuse.",
        Reason.CHANGED: "The document stands registered and came again changed.",
        Reason.SAME_NUMBER: "The correspondent's number and date stand in the EDMS already.",
        Reason.UNKNOWN_EXCHANGE: "A report about nothing that is open with this partner.",
        Reason.BAD_FILE: "A file is of a kind or size the receive rule does not take.",
        Reason.VIRUS: "A scanner found a virus in a file.",
        Reason.NOT_SCANNED: "A file is too large for the scanner, or encrypted.",
        Reason.RESTRICTED: "A document of a restricted access level, and a channel that is not encrypted.",
        Reason.FORGED: "A report about somebody else's exchange.",
        Reason.DIRECTORY: "A partner's directory of people: an administrator says whether it is applied.",
        Reason.OBSERVED: "Read and left alone: this partner is only observed.",
        Reason.SELF_TEST: "A letter to ourselves that did not come through as it should.",
        Reason.DEFECT: "Our own mistake: processing failed three times while other letters passed.",
    }
)


CONTRADICTIONS = """
## Contradicting reports

Reports come late, twice and out of order; what stands is decided by these rules, never silently.
A report that contradicts what stands is kept in the history, changes no rung, and is written onto the sender's card \
(«Противоречие: …») and into its clerk's inbox; `trace` shows it and `status` counts it.

| reports | what stands | shown as a contradiction |
|---|---|---|
| registered, and a refusal made after the registration, in whatever order they come | the registration | yes |
| a refusal, and a registration made after it | the registration | no: after a refusal the same document may be \
registered |
| two numbers, one report newer than the other | the newer one's; it is a renumbering, also when the older one comes \
late | no |
| two numbers in two reports of the same moment | the one heard first, until a later report repeats one of them | \
yes |
| a number, and a newer accumulated report without registration | no registration; `no_longer_reported` | no |
| a fact, and a newer accumulated report without it | not the fact; `no_longer_reported`, and again a fact when a \
later report has it | no |
| execution before the assignment, or of an unknown task | both: a report of a task assigns it | no |

The newest accumulated report alone says what stands: reports that were made before it add what was never heard, and \
take nothing back.
A registration is as old as the date its system gives (`SystemDate`), or as its report.

## A card that is taken off registration

The exchange keeps the number it had: its document has its card here, and no second one is made when it comes again.
No report gives the number any more, and a sender who sends the document again hears that it was taken off \
registration.
The rung stays: it says how far the exchange came, not what stands.
A new number puts the card back.
"""


def page() -> str:
    """Return docs/states.md."""
    lines = [
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        "<!-- Generated by `python -m gateway.journal.states`; do not edit. -->",
        "# States of an entry",
        "",
        "Every change of state goes through one table, and a change that is not in it is a defect of ours.",
        "Deferred, held, claimed and ambiguous are fields of an entry, not states.",
    ]
    for direction, title in ((Direction.IN, "Letters that came in"), (Direction.OUT, "Letters that go out")):
        lines += ["", f"## {title}", "", "```mermaid", "stateDiagram-v2", *_arrows(direction), "```", ""]
        lines += ["| state | means | next |", "|---|---|---|"]
        lines += [_row(state) for state in State if state.direction is direction]
    lines += ["", "## Reasons", "", "| reason | means |", "|---|---|"]
    lines += [f"| `{reason.value}` | {words} |" for reason, words in REASON_WORDS.items()]
    return "\n".join(lines) + "\n" + CONTRADICTIONS


def _arrows(direction: Direction) -> list[str]:
    first = State.ACCEPTED if direction is Direction.IN else State.QUEUED
    ways = [f"    {a.value} --> {b.value}: {words}" for (a, b), words in _WAYS.items() if a.direction is direction]
    return [f"    [*] --> {first.value}", *ways]


def _row(state: State) -> str:
    following = ", ".join(f"`{other.value}`" for other in State if other in TRANSITIONS[state]) or "the end"
    return f"| `{state.value}` | {STATE_WORDS[state]} | {following} |"


if __name__ == "__main__":
    Path(__file__).parents[2].joinpath("docs", "states.md").write_text(page(), encoding="utf-8")
