# SPDX-License-Identifier: GPL-3.0-or-later
"""Every failpoint of the gateway: which fault it stands for, what has happened when it is hit, which errand hits it.

The faults F1–F27 are those of the crash model: F1–F8 a letter by SMTP, F9–F15 a mailbox, F16 a worker, F17 the
databases, F18–F20 the records system and what is owed, F21–F22 the relay, F23 leases, F24–F25 disks, F26 signals,
F27 power.  Those without a row here need no place in the code: a peer, a disk or a signal makes them.
"""

from dataclasses import dataclass

from tests.faults import errands
from tests.faults.errands import Errand

KILL, RAISE, ENOSPC, EIO = "kill", "raise", "enospc", "eio"
ANY = (KILL, RAISE)
DISK = (KILL, RAISE, ENOSPC, EIO)


@dataclass(frozen=True, slots=True)
class Point:
    """One place in the code, and how it is broken."""

    name: str
    faults: str
    meaning: str  # what has happened by then
    errand: Errand | None  # the one that shows it in the short run; None: a mailbox of a real server
    actions: tuple[str, ...] = ANY
    hit: int = 1  # which one is broken in the short run


POINTS = (
    Point("smtp:block", "F1", "a block of a letter was spooled, the dot has not come", errands.large),
    Point("blob:before-fsync", "F2 F25", "the spool file is whole, nothing is synced", errands.large, DISK),
    Point("blob:before-rename", "F3 F24", "the file is synced, its name is temporary", errands.large, DISK),
    Point("blob:before-dirsync", "F4 F8", "the file has its name, its folder is not synced", errands.large, DISK),
    Point("accept:before-commit", "F4 F8", "the bytes are safe, no row is written", errands.small, DISK),
    Point("accept:inserted", "F5 F8 F17", "the row is written, not committed", errands.small, DISK),
    Point("accept:committed", "F6 F8", "the row is committed, 250 is not said", errands.small),
    Point("smtp:answered", "F7", "250 was said", errands.small, (KILL,)),  # nothing is left there that could fail
    Point("imap:block", "F9", "a block of a letter was fetched", None, hit=2),
    Point("imap:fetched", "F10", "a letter was fetched, it is not accepted", None),
    Point("imap:taken", "F11", "its row is committed, the mailbox knows nothing", None),
    Point("imap:before-tidying", "F11", "letters are concluded, STORE or MOVE is not sent", None),
    Point("imap:tidied", "F12", "STORE or MOVE has happened, it is not written down", None),
    Point("worker:claimed", "F16 F23", "a worker has letters, nothing is parsed", errands.small),
    Point("process:shared", "F20", "each organisation of ours has its entry, none is processed", errands.for_two),
    Point("process:acknowledging", "F17", "the receipt is queued, not committed", errands.small),
    Point("process:acknowledged", "F18", "the receipt is committed, the EDMS is not called", errands.small),
    Point("edms-register:before-commit", "F18", "the card is written, not committed", errands.large, DISK),
    Point("edms-register:after-commit", "F18", "the card is committed, we do not know it", errands.small),
    Point(
        "edms-attach:before-commit", "F18", "a change is written onto the card, not committed", errands.changed, DISK
    ),
    Point("process:acted", "F19 F23", "the EDMS said yes, nothing of it is written", errands.small),
    Point("process:finishing", "F19 F17", "the report is queued, not committed", errands.small),
    Point("process:reported", "F19 F17", "a partner's news is written, not committed", errands.sent),
    Point("directory:waiting", "F19 F17", "a directory is laid before an administrator, not committed", errands.listed),
    Point("directory:planned", "F18", "what a directory will change is committed, the EDMS not called", errands.listed),
    Point("directory:applied", "F19", "the EDMS has a directory, nothing of it is written", errands.listed),
    Point("directory:finishing", "F19 F17", "the answer to a directory is queued, not committed", errands.listed),
    Point("worker:finished", "F20", "the letter is done, its report not sent", errands.small),
    Point("dispatch:before-send", "F20", "a letter of ours is claimed, the relay not called", errands.small),
    Point("dispatch:sent", "F22", "the relay said 250, it is not written", errands.small),
    Point("dispatch:noted", "F20", "the outcome is committed", errands.small),
    Point("collect:queued", "F18 F20", "a document is sealed and queued, the EDMS not told", errands.sent),
    Point("collect:marked", "F18", "the EDMS knows what became of a letter, it is not written", errands.sent),
    Point("collect:recorded", "F18", "the card has the partner's news, it is not written", errands.sent),
    Point("collect:heard", "F20", "a report is committed, the cursor not moved", errands.instructed),
    Point("collect:told-partners", "F20", "the cursor is committed", errands.instructed),
    Point("withdraw:decided", "F20", "a letter is taken back, its clerk not told", errands.withdrawn),
    Point("amend:queued", "F20", "an addition is queued, its clerk not told", errands.amended),
)
