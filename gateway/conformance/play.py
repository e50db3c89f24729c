# SPDX-License-Identifier: GPL-3.0-or-later
"""Play the cases: send, listen, wait for facts, and at the end for silence.

Cases run side by side; their own ids say which an answer belongs to, whatever the order.  Those whose answers can name
nothing run one after another.  What must hear nothing is not waited for: one quiet window at the end is for all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from time import gmtime, monotonic, strftime
from typing import Protocol

from gateway.conformance.answers import Heard
from gateway.conformance.case import Case, Step
from gateway.conformance.door import Collecting
from gateway.conformance.ground import Ground
from gateway.conformance.judging import Result, card_faults, complaints, faults_of
from gateway.conformance.letters import Leaf, Sheaf, letter
from gateway.conformance.situations.sender import DOCUMENTS, fill
from gateway.content import Held
from gateway.model import Event
from gateway.ports import Outcome, Post, Posted

SIDE_BY_SIDE = 24  # LIMIT: cases under way at once
LOOK_SECONDS = 0.02
TELL_SECONDS = 10.0  # between two lines on how far it is
CHECK_SECONDS = 1.0  # without an answer, until somebody looks whether one can still come


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds."""

    answer: float = 300  # for the reports of one letter
    documents: float = 600  # for the documents that they shall send
    quiet: float = 120  # at the end, for what must not come
    pace: float = 0  # between two reports on one document


class Inside(Protocol):
    """A look into a gateway of ours; other vendors' are judged by their reports alone."""

    def busy(self) -> bool:
        """Say whether the gateway has anything left to do, now or later."""

    async def settled(self) -> None:
        """Return when the gateway has nothing left to do now."""

    async def concluded(self, posted: Posted) -> None:
        """Return when the letter that was taken so has come to its end."""

    async def noted(self, letter_ids: Sequence[str]) -> None:
        """Return when the gateway has noted that its letters *letter_ids* have gone."""

    def faults(self, step: Step, posted: Posted) -> list[str]:
        """Return in what the gateway differs from what *step* expects inside."""

    def facts(self, return_id: str) -> Sequence[Event]:
        """Return what it heard of the document that it sent under *return_id*."""


AskForDocuments = Callable[[Ground, int], Awaitable[None]]
Say = Callable[[str], None]


@dataclass(eq=False, slots=True)
class Course:
    """A case under way."""

    case: Case
    ground: Ground
    heard: list[Heard] = field(default_factory=list)
    posted: list[tuple[Step, Posted]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)  # what was sent and what came, with the time of day in UTC
    waited: float = 0  # until when for the answers of its last letter, by the monotonic clock; 0: they came
    left_out: bool = False  # the run was stopped before its end
    began: float = 0
    ended: float = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Play:
    """Everything of one run."""

    grounds: Mapping[str, Ground]  # by dialect
    courses: list[Course]
    post: Post
    collecting: Collecting
    ask: AskForDocuments
    patience: Patience
    inside: Inside | None = None
    strict: bool = False  # codes and places of refusals are ours
    say: Say = lambda words: None  # how far it is, for people
    tell_every: float = TELL_SECONDS
    documents: dict[str, list[Heard]] = field(default_factory=dict)  # of theirs, by dialect
    strays: list[Heard] = field(default_factory=list)
    by_id: dict[str, Course] = field(default_factory=dict)
    alone: Course | None = None
    moved: float = 0  # when the last letter came or went, by the monotonic clock

    async def run(self) -> tuple[Result, ...]:
        for course in self.courses:
            for step in course.case.steps:
                for known in (step.return_id, step.uid, step.letter_id):
                    self.by_id.setdefault(known, course)
        self.by_id.pop("", None)
        self.moved = monotonic()
        beside = [asyncio.ensure_future(one) for one in (self._listen(), self._tell())]
        try:
            await asyncio.gather(self._receivers(), self._senders())
            await self._settle()
            await self._silence()
        except asyncio.CancelledError:  # ^C: what is known is told
            for course in self.courses:
                course.left_out = not course.ended
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        return (*(self._result(course) for course in self.courses), *self._stray())

    # --- what comes

    async def _listen(self) -> None:
        while True:
            self._take(await self.collecting.came.get())

    def _take(self, heard: Heard) -> None:
        self.moved = monotonic()
        if heard.document is not None:
            self._take_document(heard)
        elif (course := self._course_of(heard)) is not None:
            if course.waited:
                late = monotonic() - course.began
                course.notes.append(f"“{heard.tells}” came after {late:.0f} s, later than it was waited for")
            course.heard.append(heard)
            course.story.append(f"{_now()} came “{heard.tells}” to {heard.recipient}: {_named(heard)}")
            course.news.set()
        else:
            self.strays.append(heard)

    def _take_document(self, heard: Heard) -> None:
        assert heard.message is not None
        here = self.documents.setdefault(heard.message.dialect, [])
        if all(one.message is None or one.message.return_id != heard.message.return_id for one in here):
            here.append(heard)

    def _course_of(self, heard: Heard) -> Course | None:
        report = heard.report
        named = (
            heard.message.return_id if heard.message else "",
            heard.in_reply_to,
            report.about.uid if report else "",
        )
        return next((self.by_id[name] for name in named if name in self.by_id), self.alone)

    # --- what goes

    async def _receivers(self) -> None:
        room = asyncio.Semaphore(SIDE_BY_SIDE)
        ours = [course for course in self.courses if course.case.role == "receiver"]

        async def one(course: Course) -> None:
            async with room:
                await self._course(course)

        await asyncio.gather(*(one(course) for course in ours if not course.case.alone))
        for course in ours:
            if course.case.alone:
                self.alone = course
                await self._course(course)
                self.alone = None

    async def _course(self, course: Course) -> None:
        course.began = monotonic()
        due = 0
        for place, step in enumerate(course.case.steps, 1):
            if not await self._send(course, step, step.letter):
                break
            due += len(step.reports)
            if step.reports and not await self._wait(course, due):
                course.waited = monotonic()
                if place < len(course.case.steps):  # what follows would prove nothing
                    course.complaints.append(f"letter {place + 1} was not sent: the answers to letter {place} lack")
                break
            if place < len(course.case.steps) and self.inside is not None:  # what is still on its way is not sent again
                await self.inside.noted([one.letter_id for one in course.heard])
        course.ended = monotonic()

    async def _wait(self, course: Course, due: int) -> bool:
        """Return whether as many reports came as are *due*; a gateway of ours is waited for while it has work only."""
        end, idle = monotonic() + self.patience.answer, False
        while len(course.heard) < due:
            course.news.clear()
            try:
                async with asyncio.timeout(min(CHECK_SECONDS, end - monotonic())):
                    await course.news.wait()
            except TimeoutError:
                if idle or monotonic() >= end:
                    return False
                idle = self.inside is not None and not self.inside.busy()
        return True

    async def _send(self, course: Course, step: Step, data: bytes) -> bool:
        """Send one letter and return whether it was taken."""
        began = _now()
        posted = await self.post.send(Held(data), step.envelope_sender, course.ground.theirs.address)
        course.posted.append((step, posted))
        self.moved = monotonic()
        taken = posted.outcome is Outcome.SENT
        said = " ".join(str(word) for word in (posted.code, posted.words) if word)
        if not taken:
            course.complaints.append(f"the letter was not taken: {said}")
        named = f"<{step.letter_id}>" if step.letter_id else "a letter without Message-ID"
        expected = ", ".join(f"“{told.tells}”" for told in step.reports) or "silence"
        course.story.append(f"{began} sent {named}, {len(data)} bytes: {said}; expected: {step.outcome}, {expected}")
        return taken

    # --- their documents

    async def _senders(self) -> None:
        """Ask for documents in each standard, and report on them; no standard waits for another."""
        asked: list[tuple[str, list[Course]]] = []
        for dialect, ground in self.grounds.items():
            courses = [one for one in self.courses if one.case.role == "sender" and one.ground is ground]
            if courses:
                await self.ask(ground, DOCUMENTS)
                asked.append((dialect, courses))
        await asyncio.gather(*(self._sender(dialect, courses) for dialect, courses in asked))

    async def _sender(self, dialect: str, courses: Sequence[Course]) -> None:
        await self._documents(dialect)
        for course in courses:
            await self._report(course, self.documents.get(dialect, []))

    async def _documents(self, dialect: str) -> None:
        end = monotonic() + self.patience.documents
        while len(self.documents.get(dialect, ())) < DOCUMENTS and monotonic() < end:
            await asyncio.sleep(LOOK_SECONDS)

    async def _report(self, course: Course, documents: Sequence[Heard]) -> None:
        course.began = monotonic()
        case = course.case
        if case.checks:
            none = [] if documents else ["no document came"]
            course.complaints.extend(none or faults_of(case, documents, course.ground))
        elif len(documents) < case.document:
            course.complaints.append(f"no document {case.document} came to report on")
        else:
            about = documents[case.document - 1].message
            assert about is not None
            for step in case.steps:
                await self._send(course, step, wrapped(fill(step.letter, about), step, course))
                if self.inside is not None:  # a report about the same document must not overtake this one
                    await self.inside.concluded(course.posted[-1][1])
            await asyncio.sleep(self.patience.pace)
        course.ended = monotonic()

    # --- the end

    async def _settle(self) -> None:
        if self.inside is not None:
            await self.inside.settled()

    async def _silence(self) -> None:
        """Wait until nothing has come for as long as the quiet window is, since the last letter came or went."""
        while (left := self.moved + self.patience.quiet - monotonic()) > 0:
            await asyncio.sleep(left)

    async def _tell(self) -> None:
        """Say now and then how far it is: a run takes minutes."""
        while True:
            await asyncio.sleep(self.tell_every)
            ended = [course for course in self.courses if course.ended]
            if len(ended) < len(self.courses):
                lacking = sum(1 for course in ended if course.waited or course.complaints)
                said = f", {lacking} of them not passed so far" if lacking else ""
                self.say(f"{len(ended)} of {len(self.courses)} cases ended{said}")
            elif (left := self.moved + self.patience.quiet - monotonic()) > 0:
                self.say(f"all cases ended; the run ends when nothing comes for another {left:.0f} s")

    def _result(self, course: Course) -> Result:
        if course.left_out:
            return Result(course.case, (), played=False)
        wrong, notes = complaints(course.case, course.heard, strict=self.strict)
        inside = self._inside(course) if self.inside is not None else []
        return Result(
            case=course.case,
            complaints=tuple(dict.fromkeys((*course.complaints, *wrong, *inside))),
            notes=tuple(dict.fromkeys((*course.notes, *notes))),
            heard=tuple(one.tells for one in course.heard),
            story=tuple(course.story),
            seconds=max(course.ended - course.began, 0),
        )

    def _inside(self, course: Course) -> list[str]:
        assert self.inside is not None
        found = [fault for step, posted in course.posted for fault in self.inside.faults(step, posted)]
        documents = self.documents.get(course.case.dialect, [])
        if course.case.document and len(documents) >= course.case.document:
            about = documents[course.case.document - 1].message
            facts = self.inside.facts(about.return_id if about else "")
            found += [fault for step in course.case.steps for fault in card_faults(step, facts)]
        return found

    def _stray(self) -> tuple[Result, ...]:
        """The last case of all: nothing came that belongs to none."""
        case = Case("nothing-else", "Nothing comes that no case asked for.", (), dialect="")
        told = tuple(f"“{one.tells}” from {one.sender or 'nobody'}" for one in self.strays)
        return (Result(case, told),)


def _now() -> str:
    return strftime("%H:%M:%S", gmtime())


def _named(heard: Heard) -> str:
    return f"<{heard.letter_id}>" if heard.letter_id else f"{len(heard.data)} bytes without Message-ID"


def wrapped(passport: bytes, step: Step, course: Course) -> bytes:
    """Return a report as a letter."""
    head = (
        f"From: {step.envelope_sender}",
        f"To: {course.ground.theirs.address}",
        f"Subject: conformance {course.case.name}",
        f"Date: {format_datetime(course.ground.at)}",
        "Auto-Submitted: auto-replied",
        f"Message-ID: <{step.letter_id}>",
        "MIME-Version: 1.0",
    )
    leaves = (Leaf("Report.xml", passport, "application/xml"),)
    return letter(Sheaf(tuple(line.encode() for line in head), leaves, f"=_{course.ground.id('wrap', step.letter_id)}"))
