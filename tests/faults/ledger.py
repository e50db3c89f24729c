# SPDX-License-Identifier: GPL-3.0-or-later
"""The oracle: what was said on the wire, in plain dictionaries, held against the rows both databases have.

It shares no code with the gateway: bytes come from sockets and files, rows by SQL, passports by regular expressions.
The invariants are named as in the comments of `Ledger.check`: I1 no loss, I2 at most once, I3 rest, I5 one report, I6
no lies, I7 no false refusal, I8 the same bytes, I10 files and rows agree, I14 a whole trail, I15 no storm.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from tests.faults.sink import Sink

INLINE = 131_072  # bytes: larger letters lie in files
RECEIPT = "Reception"  # its MessageType
COPIES = 6  # LIMIT: letters of ours for one of theirs: receipt, report, and repeats after crashes


@dataclass(frozen=True, slots=True)
class Told:
    """One message of ours as the partner reads it."""

    message_id: str  # of the passport
    return_id: str
    kind: str  # MessageType
    number: str  # "registered": under which number; empty: it does not say
    rfc_id: str
    letter: bytes
    document: str  # the uid of the document it is; empty: a report


@dataclass
class Expected:
    """A document of the partner, as he sent it."""

    uid: str
    offices: int = 1  # that shall register it
    files: frozenset[str] = frozenset()  # SHA-256 of each
    reports: int = 1  # logical ones under each return id, of each office
    return_ids: set[str] = field(default_factory=set)


class Ledger:
    """What was seen outside of one gateway, and how to hold it to that."""

    def __init__(self, home: Path, journal: str, registry: str, sink: Sink) -> None:
        self.home = home
        self.sink = sink
        self._journal = _opened(journal)
        self._registry = _opened(registry)
        self.answers: list[tuple[str, int, str]] = []  # SHA-256 of what was brought, its size, the answer to it
        self.documents: dict[str, Expected] = {}  # by uid
        self.letters_of: dict[str, int] = {}  # by uid: how many logical letters go for a document of ours
        self._read: dict[int, Told] = {}

    def close(self) -> None:
        self._journal.dispose()
        self._registry.dispose()

    # --- what was seen

    def answered(self, letter: bytes, answer: str) -> None:
        self.answers.append((sha256(letter).hexdigest(), len(letter), answer))

    def expects(self, uid: str, return_id: str, files: list[bytes], *, offices: int = 1) -> None:
        """The partner sends a document, or a new version of it."""
        digests = frozenset(sha256(file).hexdigest() for file in files)
        known = self.documents.get(uid)
        if known is None:
            self.documents[uid] = Expected(uid, offices, digests, 1, {return_id})
        else:
            self.documents[uid] = Expected(
                uid, offices, known.files | digests, known.reports, {*known.return_ids, return_id}
            )

    def told(self) -> list[Told]:
        """Return every message the partner's mail server said 250 to, repeats among them."""
        for place, got in enumerate(list(self.sink.got)):
            if place not in self._read:
                self._read[place] = _told(got.letter)
        accepted = [place for place, got in enumerate(self.sink.got) if got.answer.startswith("250")]
        return [self._read[place] for place in accepted if place in self._read]

    def reports(self, return_id: str) -> list[Told]:
        """Return what the partner was told under *return_id*, its receipt apart."""
        return [one for one in self.told() if one.return_id == return_id and one.kind != RECEIPT]

    # --- what the databases have

    def journal(self, sql: str, **values: object) -> list[Any]:
        with self._journal.connect() as tx:
            return list(tx.execute(text(sql), values))

    def registry(self, sql: str, **values: object) -> list[Any]:
        with self._registry.connect() as tx:
            return list(tx.execute(text(sql), values))

    def unfinished(self) -> list[Any]:
        """Return what the gateway still has to do (I3)."""
        return [
            *self.journal("select id, direction, state, starts from entries where state in ('accepted', 'queued')"),
            *self.journal(
                "select id, 'untold', state, 0 from entries"
                " where outgoing_ref is not null and told_at is null and state in ('sent', 'failed')"
            ),
            *self.journal("select seq, exchange, key, 0 from events where tell and told_at is null"),
        ]

    # --- what must hold

    def check(self) -> None:
        """Hold everything that was seen so far against the rows; to be called at rest."""
        self.nothing_is_lost()
        self.nothing_is_doubled()
        self.reports_are_one_and_true()
        self.files_are_the_senders()
        self.trails_are_whole()
        self.files_and_rows_agree()
        stuck = self.journal("select id, state, reason, detail from entries where state in ('parked', 'waiting')")
        assert stuck == [], f"I3: left to people: {stuck}"
        assert not [answer for *_, answer in self.answers if answer.startswith("5")], "I7: refused for ever"
        accepted = self.journal("select count(*) from entries where direction = 'in'")[0][0]
        assert len(self.sink.got) <= COPIES * (accepted + len(self.answers)), "I15: a storm of letters"

    def nothing_is_lost(self) -> None:
        """I1: what was answered with 250 has a row, and that row has the very bytes."""
        for digest, size, answer in self.answers:
            if answer.startswith("250"):
                source = answer.rpartition(" id ")[2].strip()
                rows = self.journal("select sha256, size from entries where source = :source", source=source)
                assert [tuple(row) for row in rows] == [(digest, size)], f"I1: {source}"

    def nothing_is_doubled(self) -> None:
        """I2: every document was registered once by each office it is for, and nothing else was."""
        cards: dict[str, list[str]] = defaultdict(list)
        for uid, number in self.registry(
            "select partner_uid, number from card where direction = 'in' and number is not null"
        ):
            cards[uid].append(number)
        counts = {uid: len(numbers) for uid, numbers in cards.items()}
        assert counts == {uid: one.offices for uid, one in self.documents.items()}, "I2"
        opened = self.journal("select document_uid, count(*) from exchanges where direction = 'in' group by 1")
        assert {row[0]: row[1] for row in opened} == counts, "I2: exchanges"

    def reports_are_one_and_true(self) -> None:
        """I5: one receipt and one report for each message and office, every copy the same; I6: the number is true."""
        copies: dict[str, set[bytes]] = defaultdict(set)
        logical: dict[tuple[str, str], set[str]] = defaultdict(set)
        numbers = {
            str(row[0])
            for row in self.registry("select number from card where direction = 'in' and number is not null")
        }
        for one in self.told():
            copies[one.rfc_id].add(one.letter)
            logical[one.return_id, RECEIPT if one.kind == RECEIPT else ""].add(one.message_id)
            assert not one.number or one.number in numbers, f"I6: {one.number} was never given"
        assert all(len(letters) == 1 for letters in copies.values()), "I5: a copy differs"
        for document in self.documents.values():
            for return_id in document.return_ids:
                receipts, reports = logical[return_id, RECEIPT], logical[return_id, ""]
                assert len(receipts) == document.offices, f"I5: {len(receipts)} receipts for {return_id}"
                wanted = document.offices * document.reports
                assert len(reports) == wanted, f"I5: {len(reports)} reports for {return_id}"
            told = [one.number for return_id in document.return_ids for one in self.reports(return_id)]
            assert any(told), f"I5: nobody was told the number of {document.uid}"
        went: dict[str, set[str]] = {uid: set() for uid in self.letters_of}
        for one in self.told():
            if one.document:
                went[one.document].add(one.message_id)
        assert {uid: len(letters) for uid, letters in went.items()} == self.letters_of, "I5: documents of ours"

    def files_are_the_senders(self) -> None:
        """I8: the cards have the sender's files, bit for bit."""
        for document in self.documents.values():
            rows = self.registry(
                "select f.card_id, f.sha256, f.content, f.path from card_file f join card c on c.id = f.card_id"
                " where c.direction = 'in' and c.partner_uid = :uid",
                uid=document.uid,
            )
            by_card: dict[int, set[str]] = defaultdict(set)
            for card, digest, content, path in rows:
                data = bytes(content) if content is not None else (self.home / "files" / path).read_bytes()
                assert sha256(data).hexdigest() == digest, "I8: a file is not what its row says"
                by_card[card].add(digest)
            assert set(map(frozenset, by_card.values())) == {document.files}, "I8"
            assert len(rows) == len(document.files) * document.offices, "I8: a file is there twice"

    def trails_are_whole(self) -> None:
        """I14: accepted, received, registered, reported stand under the same exchange."""
        rows = self.journal("select id, document_uid from exchanges where direction = 'in'")
        for exchange, uid in rows:
            kinds = {row[0] for row in self.journal("select kind from events where exchange = :e and ours", e=exchange)}
            assert {"received", "registered"} <= kinds, f"I14: {uid} has {kinds}"
            went = self.journal(
                "select e.state, (select count(*) from attempts a where a.entry = e.id) from entries e"
                " where e.exchange = :e and e.direction = 'out'",
                e=exchange,
            )
            assert len(went) >= 2, f"I14: {uid} has no answers"
            assert all(state == "sent" and tries for state, tries in went), f"I14: {uid} {went}"
            came = self.journal("select state from entries where exchange = :e and direction = 'in'", e=exchange)
            assert came, f"I14: {uid} came from nowhere"
            assert {row[0] for row in came} == {"done"}, f"I14: {uid}"

    def files_and_rows_agree(self) -> None:
        """I10: every row has its bytes, inline or in a file of that digest."""
        for size, digest, inline in self.journal(
            "select e.size, e.sha256, l.bytes from entries e"
            " left join letters l on l.entry = coalesce(e.letter_of, e.id) where e.stored"
        ):
            if size <= INLINE:
                data = bytes(inline)
            else:
                data = (self.home / "blobs" / "sha256" / digest[:2] / digest).read_bytes()
            assert (len(data), sha256(data).hexdigest()) == (size, digest), "I10: the bytes of a row"

    def orphans(self) -> set[str]:
        """Return the files of the spool and the store that no row has (I10)."""
        known = {row[0] for row in self.journal("select sha256 from entries union select sha256 from files")}
        store = self.home / "blobs"
        spooled = {path.name for path in (store / "spool").iterdir()}
        return spooled | ({path.name for path in (store / "sha256").glob("??/*")} - known)


def _told(letter: bytes) -> Told:
    mail = message_from_bytes(letter)
    passport = ""
    for part in mail.walk():
        if part.get_content_type() == "application/xml":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            passport = payload.decode("utf-8-sig")
    header = passport.partition("</Header>")[0]

    def named(attribute: str) -> str:
        found = re.search(f' {attribute}="([^"]*)"', header)
        return found[1] if found else ""

    number = ""
    if "<Registration " in passport.partition("<Notification>")[2]:
        found = re.search("<Number>([^<]*)</Number>", passport.partition("<DocumentList>")[2])
        number = found[1] if found else ""
    uid = re.search('<Document [^>]*?UID="([^"]*)"', passport) if "<DocInfo" in passport else None
    return Told(
        named("MessageID"),
        named("ReturnID"),
        named("MessageType"),
        number,
        str(mail["Message-ID"]),
        letter,
        uid[1] if uid else "",
    )


def _opened(url: str) -> Engine:
    """Open a database to look into; whoever cuts the gateway's connections knows ours by their name."""
    if url.startswith("sqlite"):
        return create_engine(url)
    named = {"application_name": "ledger"}
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"), connect_args=named)
