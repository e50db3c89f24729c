# SPDX-License-Identifier: GPL-3.0-or-later
"""What the system wants sent, what becomes of it, and a partner's news: the outgoing folder.

A package belongs to the system; ours in it are ``state.json`` and the ``news-…`` files.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from gateway.edms_adapter.folder.answers import PATIENCE
from gateway.edms_adapter.folder.forms import Answer, PackageFile, Sending, State, Withdrawn, news_of, written
from gateway.edms_adapter.folder.ledger import Ledger
from gateway.edms_adapter.folder.shelf import DOCUMENT, Shelf, Unreadable, files_planned
from gateway.edms_adapter.sql.files import Kept
from gateway.edms_adapter.step_journal import StepJournal
from gateway.mail.names import clean_name
from gateway.model import CardRef, Contents, Event, ExchangeId, File, Sha256, Signature, folded
from gateway.ports import Clock, Failpoint, Outgoing, OutgoingState, Withdrawal

KNOWN = 100_000  # LIMIT: packages of which is known whom they are for, 20 MB of memory
STATE, WITHDRAW = "state.json", "withdraw.json"
_NEWS = re.compile(r"news-(\d+)-([0-9a-f]{16})\.json")
S = OutgoingState
# which states of a document may be followed by this one; a mark that comes late changes nothing
AFTER = {
    S.TAKEN: (None,),
    S.SENT: (None, S.TAKEN.value, S.FAILED.value),
    S.FAILED: (None, S.TAKEN.value, S.SENT.value),
    S.REFUSED: (None, S.TAKEN.value),
}
BESIDE = {
    S.OVERDUE: "overdue",
    S.CANCELLED: "withdrawal",
    S.STANDS: "withdrawal",
    S.CHANGES_TAKEN: "changes",
    S.CHANGES_NONE: "changes",
    S.CHANGES_SENT: "changes",
    S.CHANGES_FAILED: "changes",
}


class Receivers:
    """Knows whom packages are for, so that those that lie for long are not read in every round."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: dict[str, tuple[float, str]] = {}  # by package: when it was written, and whom it is for

    def of(self, package: str) -> str:
        """Return the exchange index that a package is for, `folded`; raises like `Shelf.read`."""
        written = self._shelf.written_at(package, DOCUMENT)
        known = self._known.get(package)
        if known is None or known[0] != written:
            if len(self._known) >= KNOWN:
                self._known.clear()
            known = self._known[package] = (written, folded(self._shelf.read(package, DOCUMENT, Sending).to))
        return known[1]


@dataclass(frozen=True, slots=True)
class Dispatches:
    shelf: Shelf
    ledger: Ledger
    journal: StepJournal
    clock: Clock
    failpoint: Failpoint
    receivers: Receivers

    # --- what shall be sent ---------------------------------------------------------------------------------------

    def outgoing(self, limit: int, exclude: Collection[str]) -> tuple[Outgoing, ...]:
        """See `gateway.ports.Edms.outgoing`; a package that cannot be read is answered as refused, with the reason."""
        found: list[Outgoing] = []
        left_out = frozenset(map(folded, exclude))
        for package in self._complete():
            if len(found) == limit:
                break
            if self._state(package).state is not None or self.shelf.has(package, WITHDRAW):
                continue
            with suppress(FileNotFoundError):  # taken away meanwhile
                try:
                    if not left_out or self.receivers.of(package) not in left_out:
                        found.append(self._read(package))
                except Unreadable as why:
                    self._refuse(package, str(why))
        return tuple(found)

    def withdrawals(self, limit: int) -> tuple[Withdrawal, ...]:
        wishes = (
            Withdrawal(package, self._why(package))
            for package in self._complete()
            if self.shelf.has(package, WITHDRAW) and self._state(package).withdrawal is None
        )
        return tuple(wish for _, wish in zip(range(limit), wishes, strict=False))

    def dispatches(self, after: str | None, limit: int) -> tuple[str, ...]:
        there = (package for package in self._complete() if package > (after or "") and self._counts(package))
        return tuple(package for _, package in zip(range(limit), there, strict=False))

    def _complete(self) -> Iterator[str]:
        return (package for package in self.shelf.packages() if self.shelf.has(package, DOCUMENT))

    def _counts(self, package: str) -> bool:
        state = self._state(package)
        taken_back = state.withdrawal is not None and state.withdrawal.state == S.CANCELLED.value
        return state.state not in (None, S.REFUSED.value) and not taken_back

    def _why(self, package: str) -> str:
        """Return the clerk's words; that he wants it taken back is clear without them."""
        try:
            return self.shelf.read(package, WITHDRAW, Withdrawn).why
        except Unreadable:
            return ""

    def _read(self, package: str) -> Outgoing:
        form = self.shelf.read(package, DOCUMENT, Sending)
        contents = {one.file: self.shelf.content(package, one) for one in form.files}
        files = tuple(_file(one, form, contents) for one in form.files if not one.signature_of)
        answered = self.ledger.package(form.answers) if form.answers else None
        if form.answers and answered is None:
            raise Unreadable(f"answers: there is no incoming package {form.answers}")
        return Outgoing(
            ref=package,
            card=CardRef(form.card or package),
            to=form.to,
            document=replace(form.document, files=files, card=form.document.card or form.card or package),
            contents={one.sha256: one for one in contents.values()},
            answers=ExchangeId(answered.exchange) if answered else None,
        )

    def _refuse(self, package: str, why: str) -> None:
        """Say on a package that it cannot be sent as it is, unless it was written just now."""
        age = self.clock.now().timestamp() - self.shelf.written_at(package, DOCUMENT)
        if age >= PATIENCE.total_seconds():
            self.mark(package, S.REFUSED, f"{DOCUMENT}: {why}", None)

    # --- what becomes of it ---------------------------------------------------------------------------------------

    def mark(self, package: str, state: OutgoingState, detail: str, at: datetime | None) -> None:
        """See `gateway.ports.Edms.mark`; raises LookupError when the package was taken away."""
        self._there(package)
        with self.journal.errand(f"dispatch {package}"):
            before = self._state(package)
            after = self._marked(before, state, detail, at or self.clock.now())
            if after is before:
                return
            kept = self._raw_state(package)  # keys that others wrote into it stay
            self.shelf.publish(package, STATE, {**kept, **written(after)})

    @staticmethod
    def _marked(before: State, state: OutgoingState, detail: str, at: datetime) -> State:
        if state in AFTER:
            if before.state not in AFTER[state]:
                return before
            return before.model_copy(update={"state": state.value, "detail": detail, "at": at})
        standing: Answer | None = getattr(before, BESIDE[state])
        if standing is not None and standing.state == state.value:
            return before
        return before.model_copy(update={BESIDE[state]: Answer(state=state.value, detail=detail, at=at)})

    def _state(self, package: str) -> State:
        """Return our answer; one that somebody broke counts as none, for the journal knows what went."""
        try:
            return self.shelf.read(package, STATE, State)
        except (FileNotFoundError, Unreadable):
            return State()

    def _raw_state(self, package: str) -> dict[str, object]:
        try:
            return self.shelf.raw(package, STATE)
        except (FileNotFoundError, Unreadable):
            return {}

    def _there(self, package: str) -> None:
        self.shelf.reach()
        plain = package not in ("", ".", "..") and not {"/", "\\", "\0"} & set(package)
        if not plain or not self.shelf.has(package, DOCUMENT):
            raise LookupError(f"there is no package {package!r} in {self.shelf.folder}")

    # --- a partner's news -----------------------------------------------------------------------------------------

    def record(self, package: str, events: Sequence[Event], contents: Contents) -> None:
        """See `gateway.ports.Edms.record`: each fact is a file of its own, in the order of telling."""
        self._there(package)
        with self.journal.errand(f"dispatch {package}") as errand:
            for event in events:
                if self.journal.told(package, event.key):
                    continue
                own = sha256(event.key.encode()).hexdigest()[:16]
                there = [found for name in self.shelf.names(package) if (found := _NEWS.fullmatch(name))]
                if all(found[2] != own for found in there):  # else a crash fell between writing and noting it
                    last = max((int(found[1]) for found in there), default=0)
                    place = max(last, int(errand.done("last news") or 0)) + 1
                    self._write(package, f"news-{place:04}-{own}", event, contents)
                    errand.note("last news", str(place))
                self.failpoint("folder-record:written")
                self.journal.tell(package, event.key)

    def _write(self, package: str, name: str, event: Event, contents: Contents) -> None:
        """Write one fact, its files first; a file whose bytes are not there is only named."""
        files = [one for one in files_planned(_files_of(event), f"{name}-") if one.sha256 in contents]
        self.shelf.fill(package, files, contents)
        self.shelf.publish_form(package, f"{name}.json", news_of(event, [one.entry for one in files]))


def _file(entry: PackageFile, form: Sending, contents: dict[str, Kept]) -> File:
    content = contents[entry.file]
    signatures = tuple(
        Signature(clean_name(one.name or one.file), contents[one.file].size, Sha256(contents[one.file].sha256))
        for one in form.files
        if one.signature_of == entry.file
    )
    return File(
        clean_name(entry.name or entry.file),
        size=content.size,
        sha256=Sha256(content.sha256),
        media_type=entry.media_type,
        role=entry.role,
        signatures=signatures,
    )


def _files_of(event: Event) -> list[File]:
    """Return the files that executors reported with, or that visas and signatures brought."""
    executors = [*(event.task.executors if event.task else ()), *([event.executor] if event.executor else ())]
    found = [file for executor in executors for file in executor.files]
    if event.document is not None:
        found += [*event.document.files, *(file for one in event.document.approvals for file in one.files)]
    return list(dict.fromkeys(found))
