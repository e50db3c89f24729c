# SPDX-License-Identifier: GPL-3.0-or-later
"""What the world saw: plain dictionaries, filled at the wire, sharing no code with the gateway."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256

from tests.faults.town import papers
from tests.faults.town.papers import Paper


@dataclass(slots=True)
class Known:
    """A document, by its sender, its receiver and its uid."""

    versions: set[frozenset[str]] = field(default_factory=set)  # digests of the files of each version sent
    taken: int = 0  # letters with it that were acknowledged to their carrier
    broken: bool = False  # it lacks a file: it shall be refused
    marks: set[str] = field(default_factory=set)  # words of people that must reach its sender


@dataclass(slots=True)
class Oracle:
    documents: dict[tuple[str, str, str], Known] = field(default_factory=dict)  # (sender, receiver, uid)
    taken: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # office → digests of letters
    heard: dict[str, list[Paper]] = field(default_factory=lambda: defaultdict(list))  # office → reports it took
    bytes_of: dict[tuple[str, str, str], str] = field(default_factory=dict)  # (office, to, Message-ID) → digest
    told: dict[tuple[str, str, str], dict[str, Paper]] = field(default_factory=lambda: defaultdict(dict))
    #   (office, to, uid) → Message-ID → report
    posted: Counter[str] = field(default_factory=Counter)  # office → physical sends
    caused: Counter[str] = field(default_factory=Counter)  # office → what may make it write: letters taken, acts
    wrongs: list[tuple[str, str]] = field(default_factory=list)  # (invariant, words)

    def wrong(self, invariant: str, words: str) -> None:
        self.wrongs.append((invariant, words))

    def document(self, sender: str, receiver: str, uid: str) -> Known:
        return self.documents.setdefault((sender, receiver, uid), Known())

    def posts(self, office: str, to: str, data: bytes) -> Paper:
        """An office gave *data* to its relay."""
        self.posted[office] += 1
        paper = papers.read(data)
        digest = sha256(data).hexdigest()
        if not paper.kind:
            self.wrong("I7", f"{office} sent a letter that is neither a document nor a report")
        standing = self.bytes_of.setdefault((office, to, paper.letter_id), digest)
        if standing != digest:
            self.wrong("I5", f"{office} sent two different letters <{paper.letter_id}>")
        if b"CANARY-SECRET" in data:
            self.wrong("I12", f"{office}'s secret stands in letter <{paper.letter_id}>")
        if paper.kind == "document":
            known = self.documents.get((office, to, paper.uid))
            if known is None or paper.files not in known.versions:
                self.wrong("I8", f"{office} sent {paper.uid} to {to} with other files than its people gave it")
        elif paper.kind:
            self._tells(office, to, paper)
        return paper

    def _tells(self, office: str, to: str, paper: Paper) -> None:
        reports = self.told[(office, to, paper.uid)]
        for other in reports.values():
            if other.letter_id != paper.letter_id and (other.return_id, other.body) == (paper.return_id, paper.body):
                words = f"{office} says the same of {paper.uid} in <{other.letter_id}> and <{paper.letter_id}>"
                self.wrong("I5", words)
        reports[paper.letter_id] = paper

    def takes(self, office: str, sender: str, data: bytes, paper: Paper | None) -> None:
        """An office acknowledged *data*: 250, or a flag or a move in its mailbox."""
        digest = sha256(data).hexdigest()
        if digest in self.taken[office]:
            return
        self.taken[office].add(digest)
        self.caused[office] += 1
        if paper is None:
            return
        if paper.kind == "document":
            self.document(sender, office, paper.uid).taken += 1
        else:
            self.heard[office].append(paper)
