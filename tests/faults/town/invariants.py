# SPDX-License-Identifier: GPL-3.0-or-later
"""The invariants of an exchange that lost nothing and doubled nothing, judged when everything has come to rest.

I1 no loss · I2 at most one card · I3 rest · I4 ends stay · I5 one report of each kind, copies alike · I6 reports never
lie · I7 nothing refused that was taken · I8 files as sent · I9 mailbox · I10 spool and rows agree · I12 no secrets ·
I14 a complete trail · I15 no storm of mail.  (I11, the clock, is a test of its own; I13 is measured elsewhere.)
"""

from collections import Counter, defaultdict
from hashlib import sha256
from pathlib import Path

from tests.faults.town.mailbox import KEYWORD, PEOPLES_FLAGS, Mailbox
from tests.faults.town.oracle import Oracle
from tests.faults.town.site import INDICES, Site
from tests.faults.town.tables import Tables, listed

NAMES = {index: name for name, index in INDICES.items()}
MOVES = {
    ("accepted", "done"),
    ("accepted", "waiting"),
    ("accepted", "parked"),
    ("parked", "accepted"),
    ("queued", "sent"),
    ("queued", "failed"),
    ("sent", "queued"),
    ("failed", "queued"),
    ("failed", "sent"),
}
MOST_SENDS = 12  # LIMIT: physical sends for each letter taken or act of people
INLINE_BYTES = 128 * 1024


class Judge:
    """One office at rest."""

    def __init__(self, site: Site, oracle: Oracle, mailbox: Mailbox, journal: Tables, registry: Tables) -> None:
        self.site, self.office = site, site.name
        self.oracle, self.mailbox = oracle, mailbox
        self.journal, self.registry = journal, registry

    def judge(self) -> None:
        for law in (
            self.everything_taken_is_there,
            self.one_card_for_a_document,
            self.everything_rests,
            self.ends_stay,
            self.every_card_is_told,
            self.reports_never_lie,
            self.senders_know_what_they_heard,
            self.files_are_as_sent,
            self.mailbox_is_in_order,
            self.spool_and_rows_agree,
            self.no_secret_is_written_down,
            self.every_registration_has_its_trail,
            self.no_storm_of_mail,
        ):
            law()

    def wrong(self, invariant: str, words: str) -> None:
        self.oracle.wrong(invariant, f"{self.office}: {words}")

    def everything_taken_is_there(self) -> None:
        rows = self.journal.rows("SELECT sha256, id FROM entries WHERE direction = 'in' AND letter_of IS NULL")
        kept = {digest for digest, _ in rows}
        for digest in self.oracle.taken[self.office] - kept:
            self.wrong("I1", f"the acknowledged letter {digest} has no row")
        bodies = self.journal.rows(
            "SELECT e.id, e.sha256, e.size, l.bytes FROM entries e LEFT JOIN letters l ON l.entry = e.id"
            " WHERE e.stored AND e.letter_of IS NULL"
        )
        for id, digest, size, data in bodies:
            if size > INLINE_BYTES:
                data = _file(self.site.home / "blobs", digest)
            if data is None or sha256(data).hexdigest() != digest:
                self.wrong("I1", f"entry {id} has not the bytes of its digest")

    def one_card_for_a_document(self) -> None:
        cards = self.registry.rows(
            "SELECT sender_index, partner_uid, count(*) FROM card WHERE direction = 'in' AND state = 'registered'"
            " GROUP BY sender_index, partner_uid"
        )
        number = {(NAMES[index], uid): count for index, uid, count in cards}
        for key, count in number.items():
            if count > 1:
                self.wrong("I2", f"{key} has {count} cards")
        for (sender, receiver, uid), known in self.oracle.documents.items():
            if receiver != self.office or not known.taken:
                continue
            cards_of = number.get((sender, uid), 0)
            if known.broken and cards_of:
                self.wrong("I2", f"{(sender, uid)} lacks a file and is registered")
            if not known.broken and not cards_of:
                self.wrong("I1", f"{(sender, uid)} was taken and has no card")

    def everything_rests(self) -> None:
        open_ = self.journal.rows("SELECT id, state, kind, detail FROM entries WHERE state IN ('accepted', 'queued')")
        if open_:
            self.wrong("I3", f"never came to rest: {listed(open_)}")
        untold = self.registry.rows("SELECT id, state FROM dispatch WHERE state = 'to send'")
        if untold:
            self.wrong("I3", f"wanted sent and never queued: {listed(untold)}")
        defects = self.journal.rows("SELECT id, detail FROM entries WHERE state = 'parked' AND reason = 'defect'")
        if defects:
            self.wrong("I3", f"parked as our own mistake: {listed(defects)}")

    def ends_stay(self) -> None:
        for entry, was, now in self.journal.rows("SELECT entry, was, now FROM storm_moves"):
            if (was, now) not in MOVES:
                self.wrong("I4", f"entry {entry} went from {was} to {now}")
        changed = self.journal.rows("SELECT exchange, was, now FROM storm_numbers")
        changed += self.registry.rows("SELECT card, was, now FROM storm_numbers")
        if changed:
            self.wrong("I4", f"a registration number changed: {listed(changed)}")

    def every_card_is_told(self) -> None:
        cards = self.registry.rows(
            "SELECT sender_index, partner_uid, number FROM card WHERE direction = 'in' AND state = 'registered'"
        )
        for index, uid, number in cards:
            reports = self.oracle.told[(self.office, NAMES[index], uid)].values()
            if not any(paper.registered == number for paper in reports):
                self.wrong("I5", f"the registration {number} of {uid} was never told")
            if not any(paper.kind == "receipt" for paper in reports):
                self.wrong("I5", f"the receipt of {uid} was never sent")
        for (sender, receiver, uid), known in self.oracle.documents.items():
            if receiver != self.office:
                continue
            reports = self.oracle.told[(self.office, sender, uid)].values()
            if known.broken and known.taken and not any(paper.refused for paper in reports):
                self.wrong("I5", f"the refusal of {uid} was never told")
            told = "".join(paper.body for paper in reports)
            for mark in known.marks:
                if mark not in told:
                    self.wrong("I5", f"what people did with {uid} ({mark}) was never told")

    def reports_never_lie(self) -> None:
        cards = self.registry.rows(
            "SELECT sender_index, partner_uid, number FROM card WHERE direction = 'in' AND state = 'registered'"
        )
        numbers = {(NAMES[index], uid): number for index, uid, number in cards}
        for (office, to, uid), reports in self.oracle.told.items():
            if office != self.office:
                continue
            for paper in reports.values():
                if paper.registered and numbers.get((to, uid)) != paper.registered:
                    self.wrong("I6", f"<{paper.letter_id}> says {uid} is {paper.registered}, which it is not")
                if paper.refused and (to, uid) in numbers:
                    self.wrong("I6", f"<{paper.letter_id}> refuses {uid}, which is registered")

    def senders_know_what_they_heard(self) -> None:
        rows = self.registry.rows(
            "SELECT c.uid, k.exchange_index, d.partner_number FROM dispatch d JOIN card c ON c.id = d.card_id"
            " JOIN correspondent k ON k.id = d.correspondent_id"
        )
        standing = {uid: number for uid, _, number in rows}
        for paper in self.oracle.heard[self.office]:
            if paper.registered and standing.get(paper.uid) != paper.registered:
                self.wrong("I5", f"{paper.uid} is known as {standing.get(paper.uid)}, heard was {paper.registered}")

    def files_are_as_sent(self) -> None:
        rows = self.registry.rows(
            "SELECT c.sender_index, c.partner_uid, f.sha256, f.content, f.path FROM card c"
            " JOIN card_file f ON f.card_id = c.id WHERE c.direction = 'in' AND c.state = 'registered'"
        )
        files: dict[tuple[str, str], set[str]] = defaultdict(set)
        for index, uid, digest, content, path in rows:
            data = content if content is not None else (self.site.home / "files" / path).read_bytes()
            if sha256(data).hexdigest() != digest:
                self.wrong("I8", f"a file of {uid} is not what its digest says")
            files[(NAMES[index], uid)].add(digest)
        for (sender, uid), digests in files.items():
            known = self.oracle.documents.get((sender, self.office, uid))
            if known is None:
                self.wrong("I6", f"a card for {uid}, which nobody sent")
            elif frozenset(digests) not in known.versions:
                self.wrong("I8", f"the files of {uid} are none of its versions")

    def mailbox_is_in_order(self) -> None:
        for words in self.mailbox.wrongs:
            self.wrong("I9", words)
        sources = {
            row[0] for row in self.journal.rows("SELECT source FROM entries WHERE substr(source, 1, 5) = 'imap:'")
        }
        for uidvalidity, uid, _ in self.mailbox.done:
            if f"imap:{uidvalidity}:{uid}:box" not in sources:
                self.wrong("I1", f"letter {uid} of {uidvalidity} was flagged or moved and has no row")
        for uid, lying in self.mailbox.letters.items():
            if lying.of_people and lying.flags != PEOPLES_FLAGS:
                self.wrong("I9", f"the flags of people's letter {uid} changed")
            if not lying.of_people and KEYWORD not in lying.flags:
                self.wrong("I9", f"letter {uid} is done and was not flagged")

    def spool_and_rows_agree(self) -> None:
        rows = self.journal.rows("SELECT sha256 FROM entries WHERE stored AND size > ?", INLINE_BYTES)
        rows += self.journal.rows("SELECT sha256 FROM files WHERE bytes IS NULL")
        known = {digest for (digest,) in rows}
        lying = {path.name for path in (self.site.home / "blobs").rglob("*") if path.is_file()}
        if orphans := {name for name in lying if name not in known and not name.endswith(".lock")}:
            self.wrong("I10", f"files without a row: {sorted(orphans)[:3]}")
        paths = {path for (path,) in self.registry.rows("SELECT path FROM card_file WHERE path IS NOT NULL")}
        store = self.site.home / "files"
        stored = {str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()}
        if stored - paths:
            self.wrong("I10", f"files of the EDMS that no card has: {sorted(stored - paths)[:3]}")

    def no_secret_is_written_down(self) -> None:
        log = self.site.log.read_bytes() if self.site.log.exists() else b""
        for canary in (b"CANARY-SECRET", b"CANARY-TEXT"):
            if canary in log:
                self.wrong("I12", f"{canary.decode()} stands in the log")

    def every_registration_has_its_trail(self) -> None:
        registered = self.journal.rows(
            "SELECT id FROM exchanges WHERE direction = 'in' AND registered_text IS NOT NULL"
        )
        facts = {
            (exchange, kind)
            for exchange, kind in self.journal.rows("SELECT exchange, kind FROM events WHERE ours = ?", True)
        }
        letters = Counter(
            (exchange, direction, kind)
            for exchange, direction, kind in self.journal.rows(
                "SELECT exchange, direction, kind FROM entries WHERE exchange IS NOT NULL"
                " AND (direction = 'in' AND state IN ('done', 'waiting') OR state = 'sent')"
            )
        )
        for (exchange,) in registered:
            trail = (
                letters[(exchange, "in", "document")],
                (exchange, "received") in facts,
                (exchange, "registered") in facts,
                letters[(exchange, "out", "receipt")],
                letters[(exchange, "out", "report")],
            )
            if not all(trail):
                self.wrong("I14", f"the trail of {exchange} has gaps: {trail}")

    def no_storm_of_mail(self) -> None:
        sent, caused = self.oracle.posted[self.office], self.oracle.caused[self.office]
        if sent > MOST_SENDS * max(caused, 1):
            self.wrong("I15", f"{sent} letters for {caused} causes")


def _file(folder: Path, digest: str) -> bytes | None:
    return next((path.read_bytes() for path in folder.rglob(digest)), None)
