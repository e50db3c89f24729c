# SPDX-License-Identifier: GPL-3.0-or-later
"""A power cut on paper: was everything we answered for on the disk before we said so?

A killed process loses nothing that it wrote, so no kill -9 can see a missing fsync.  Therefore the system calls of the
running service are written down by strace, and judged here by rules of their own, without a line of the gateway's code:

- what a socket is told ("250 … accepted", a flag in IMAP, a letter to a relay) stands in the journal's log first: its
  frames and its commit frame are written, and then synced, before the first byte of the telling is written;
- a file named in a row of any database is synced, its name is synced in its folder, and so is every folder made for
  it, before the row is written at all, for a log may reach the disk by itself at any moment;
- a database and its log have their own names on the disk as well.

Only what was begun after a write ended covers it; only what ended before a telling began counts for it.
"""

import codecs
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "openat,open,creat,write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2,mkdir"
REMEDY = "apt-get install --no-install-recommends strace"
SHOWN = 6000  # bytes of each write that strace shows: a page of SQLite and more


def watched(trace: Path, command: Sequence[str]) -> list[str]:
    """Return *command* under strace, which follows every process and writes *trace*."""
    options = ["-f", "-y", "-s", str(SHOWN), "--seccomp-bpf", "-e", f"trace={CALLS},mkdirat", "-e", "signal=none"]
    return ["strace", *options, "-o", str(trace), *command]


def strace_works() -> bool:
    """Say whether strace is here and may trace."""
    try:
        tried = subprocess.run(
            ["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False, timeout=20
        )
    except FileNotFoundError:
        return False
    return tried.returncode == 0


# --- a trace becomes events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    """One system call that succeeded; *begun* and *ended* are places in the trace."""

    thread: int
    kind: str  # write, say, sync, rename, mkdir, create
    path: str  # of the file, or what rename gives up; empty for a socket
    begun: int
    ended: int
    data: bytes = b""  # what was written, as far as strace shows it
    target: str = ""  # of a rename


_LINE = re.compile(r"^(\d+)\s+(.*)$")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)")
_OPEN = re.compile(r"^\w+\((.*)\)\s+= (\d+)<(.*?)>(?:\(deleted\))?$")
_FD = re.compile(r"^\d+<(.*?)>(?:\(deleted\))?(?:, |$)")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PATHS = re.compile(r'(?:AT_FDCWD(?:<(.*?)>)?, )?"((?:[^"\\]|\\.)*)"')
_KINDS = {"fsync": "sync", "fdatasync": "sync", "sendto": "say", "sendmsg": "say"}
_KINDS |= dict.fromkeys(("write", "writev", "pwrite64", "pwritev"), "write")
_KINDS |= dict.fromkeys(("rename", "renameat", "renameat2"), "rename") | dict.fromkeys(("mkdir", "mkdirat"), "mkdir")


def events(lines: Iterable[str]) -> list[Event]:
    """Return what happened in a trace of ``strace -f -y``, in the order in which the calls ended."""
    found, open_calls = [], dict[int, tuple[int, str]]()
    for place, line in enumerate(lines):
        if (split := _LINE.match(line.rstrip("\n"))) is None:
            continue
        thread, text, begun = int(split[1]), split[2], place
        if text.endswith("<unfinished ...>"):
            open_calls[thread] = (place, text.removesuffix("<unfinished ...>").rstrip())
            if (early := _said(thread, text, place)) is not None:
                found.append(early)
            continue
        if (resumed := _RESUMED.match(text)) is not None:
            begun, first = open_calls.pop(thread, (place, ""))
            text = first + resumed[2].lstrip()
        if (event := _event(thread, text, begun, place)) is not None and not (event.kind == "say" and begun != place):
            found.append(event)
    return found


def _said(thread: int, text: str, place: int) -> Event | None:
    """A telling counts from its first moment, whether we see its end or not."""
    name = text.partition("(")[0]
    if _KINDS.get(name) != "say":
        return None
    return Event(thread, "say", "", place, place, _bytes(text))


def _event(thread: int, text: str, begun: int, ended: int) -> Event | None:
    name = text.partition("(")[0]
    if name in ("open", "openat", "creat"):
        made = _OPEN.match(text)
        if made is None or not (name == "creat" or "O_CREAT" in made[1]):
            return None
        return Event(thread, "create", made[3], begun, ended)
    call = _CALL.match(text)
    if call is None or int(call[3]) < 0 or name not in _KINDS:
        return None
    kind, inside = _KINDS[name], call[2]
    if kind in ("rename", "mkdir"):
        paths = [str(Path(folder or "/", _bytes(f'"{path}"').decode())) for folder, path in _PATHS.findall(inside)]
        return Event(thread, kind, paths[0], begun, ended, target=paths[-1])
    file = _FD.match(inside)
    path = file[1] if file else ""
    if kind == "write" and path.startswith(("socket:", "TCP:", "UNIX")):
        kind = "say"
    wanted = kind == "say" or path.endswith("-wal")
    return Event(thread, kind, "" if kind == "say" else path, begun, ended, _bytes(inside) if wanted else b"")


def _bytes(text: str) -> bytes:
    return b"".join(codecs.escape_decode(part.encode())[0] for part in _TEXT.findall(text))


# --- the disk after a power cut -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disk:
    """What is safe at a moment, by what happened before it."""

    events: Sequence[Event]
    before: frozenset[str]  # paths that were there, and safe, when the trace began

    def lacks(self, path: str, moment: int) -> str:
        """Return what of *path* a power cut at *moment* would take, or empty."""
        names = {path: path}
        for event in self.events:  # a renamed file keeps what was written under its old name
            if event.kind == "rename" and event.target == path and event.ended < moment:
                names = {path: event.path}
        written = max((e.ended for e in self._of("write", *names, *names.values()) if e.ended < moment), default=-1)
        if written >= 0 and not self._synced(written, moment, *names, *names.values()):
            return f"{path} is written and not synced"
        return self._nameless(path, moment)

    def _nameless(self, path: str, moment: int) -> str:
        """Return which name on the way to *path* is not safe in its folder at *moment*."""
        step = Path(path)
        while str(step) != step.root:
            made = max((event.ended for event in self._made(str(step)) if event.ended < moment), default=-1)
            if made >= 0 and not self._synced(made, moment, str(step.parent)):
                return f"the name {step} is not synced in its folder"
            step = step.parent
        return ""

    def _made(self, path: str) -> Iterator[Event]:
        """Yield when the name *path* came to be; to open what is there already makes no name."""
        there = path in self.before
        for event in self.events:
            came = event.target if event.kind == "rename" else event.path
            if came == path and (event.kind == "rename" or (event.kind in ("mkdir", "create") and not there)):
                there = True
                yield event

    def _of(self, kind: str, *paths: str) -> Iterator[Event]:
        return (event for event in self.events if event.kind == kind and event.path in paths)

    def _synced(self, after: int, moment: int, *paths: str) -> bool:
        return any(event.begun > after and event.ended < moment for event in self._of("sync", *paths))


# --- the rules ------------------------------------------------------------------------------------------------------

_ACCEPTED = re.compile(rb"250 2\.0\.0 accepted, id (smtp:[0-9a-f]+)")
_FLAGGED = re.compile(rb"UID (?:STORE|MOVE|COPY) ([0-9:,]+) ")
_LETTER = re.compile(rb"Message-ID: <([^>\s]+)>", re.IGNORECASE)
_STORED = re.compile(r"/[0-9a-f]{2}/([0-9a-f]{64})$")


@dataclass(slots=True)
class Verdict:
    """What the oracle saw hold, and what not."""

    accepted: list[str] = field(default_factory=list)  # ids of the letters answered with 250
    flagged: list[int] = field(default_factory=list)  # UIDs
    sent: list[str] = field(default_factory=list)  # Message-IDs
    stored: list[str] = field(default_factory=list)  # names of the files that a row refers to
    complaints: list[str] = field(default_factory=list)


def judged(trace: Iterable[str], journal: Path, before: Iterable[Path], *, mailbox: str = "") -> Verdict:
    """Return what a power cut at the worst moment of *trace* would have made of our word.

    *journal* is the SQLite file; *before* what was there when the trace began; *mailbox* ``UIDVALIDITY:%d:NAME``.
    """
    happened = events(trace)
    disk = Disk(happened, frozenset(map(str, before)))
    verdict = Verdict()
    _files_before_rows(disk, verdict)
    log = f"{journal}-wal"
    for event in happened:
        if event.kind != "say":
            continue
        for id in _ACCEPTED.findall(event.data):
            verdict.accepted.append(id.decode())
            _promised(disk, log, id, event, f"250 for {id.decode()}", verdict)
        for uid in _uids(event.data) if mailbox else ():
            verdict.flagged.append(uid)
            _promised(disk, log, (mailbox % uid).encode(), event, f"the flag of letter {uid}", verdict)
        for id in _LETTER.findall(event.data):
            verdict.sent.append(id.decode())
            _promised(disk, log, id, event, f"letter {id.decode()} to the relay", verdict)
    return verdict


def _files_before_rows(disk: Disk, verdict: Verdict) -> None:
    logs = [event for event in disk.events if event.kind == "write" and event.path.endswith("-wal")]
    for path in {event.target for event in disk.events if event.kind == "rename"}:
        if (name := _STORED.search(path)) is None:
            continue
        row = next((event for event in logs if name[1].encode() in event.data), None)
        if row is None:
            continue
        verdict.stored.append(path)
        there = any(e.kind == "rename" and e.target == path and e.ended < row.begun for e in disk.events)
        lacking = disk.lacks(path, row.begun) if there else f"{path} is not there yet"
        if lacking:
            verdict.complaints.append(f"a row in {row.path}: {lacking}")


def _promised(disk: Disk, log: str, token: bytes, told: Event, what: str, verdict: Verdict) -> None:
    """Complain unless a committed and synced frame of *log* holds *token* when *told* begins."""
    rows = [event for event in disk.events if event.kind == "write" and event.path == log]
    if not any(_durable(disk, rows, row, told.begun) for row in rows if token in row.data and row.ended < told.begun):
        verdict.complaints.append(f"{what} is told before its row is committed and synced")
    for path in (log.removesuffix("-wal"), log):
        if lacking := disk._nameless(path, told.begun):
            verdict.complaints.append(f"{what}: {lacking}")


def _durable(disk: Disk, rows: Sequence[Event], row: Event, moment: int) -> bool:
    """Say whether the transaction that wrote *row* was committed and synced before *moment*."""
    mine = [event for event in rows if event.thread == row.thread]
    at = mine.index(row)
    for head, page in zip(mine[max(at - 1, 0) :], mine[max(at, 1) :], strict=False):
        if len(head.data) == 24 and head.data[4:8] != b"\0\0\0\0":  # the header of a commit frame (SQLite, file format)
            return page.ended < moment and disk._synced(page.ended, moment, row.path)
    return False


def _uids(said: bytes) -> Iterator[int]:
    for spans in _FLAGGED.findall(said):
        for span in spans.split(b","):
            first, _, last = span.partition(b":")
            yield from range(int(first), int(last or first) + 1)
