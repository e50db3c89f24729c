# SPDX-License-Identifier: GPL-3.0-or-later
"""The oracle of power cuts itself, on traces written by hand: the honest one passes, every lie is refused."""

from pathlib import Path

import pytest

from tests.faults.power import judged

NAME = "ab" + "0" * 62
COMMIT = r"\0\0\0\10\0\0\0\7\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"  # a frame header that ends a transaction
FRAME = r"\0\0\0\10\0\0\0\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"  # … and one that does not
WAL = "7</g/j.db-wal>"
REPLY = r'1 sendto(9<socket:[5]>, "250 2.0.0 accepted, id smtp:a1\r\n", 32, 0, NULL, 0) = 32'
FLAG = r'1 sendto(9<socket:[5]>, "A1 UID STORE 3:4 +FLAGS.SILENT ($Done)\r\n", 40, 0, NULL, 0) = 40'
SEND = r'1 sendto(9<socket:[5]>, "From: a\r\nMessage-ID: <m1@office.example>\r\n\r\n", 44, 0, NULL, 0) = 44'


def spooled() -> list[str]:
    return [
        '2 openat(AT_FDCWD</g>, "/g/spool/t1", O_RDWR|O_CREAT|O_EXCL, 0600) = 5</g/spool/t1>',
        '2 write(5</g/spool/t1>, "letter"..., 65536) = 65536',
        "3 fsync(6</g/spool/t1>) = 0",
        '3 mkdir("/g/sha/ab", 0700) = 0',
        f'3 rename("/g/spool/t1", "/g/sha/ab/{NAME}") = 0',
        "3 fsync(6</g/sha/ab>) = 0",
        "3 fsync(6</g/sha>) = 0",
    ]


def committed(token: str) -> list[str]:
    return [
        f'3 pwrite64({WAL}, "{FRAME}", 24, 32) = 24',
        f'3 pwrite64({WAL}, "row {token}", 4096, 56) = 4096',
        f'3 pwrite64({WAL}, "{COMMIT}", 24, 4152) = 24',
        f'3 pwrite64({WAL}, "more", 4096, 4176) = 4096',
        f"3 fdatasync({WAL}) = 0",
    ]


def complaints(lines: list[str], mailbox: str = "") -> list[str]:
    before = map(Path, ("/g", "/g/spool", "/g/sha", "/g/j.db", "/g/j.db-wal"))
    return judged(lines, Path("/g/j.db"), before, mailbox=mailbox).complaints


def test_an_honest_trace_passes() -> None:
    verdict = judged([*spooled(), *committed(f"smtp:a1 {NAME}"), REPLY], Path("/g/j.db"), [Path("/g/sha")])

    assert verdict.accepted == ["smtp:a1"]
    assert verdict.stored == [f"/g/sha/ab/{NAME}"]
    assert complaints([*spooled(), *committed(f"smtp:a1 {NAME}"), REPLY]) == []


@pytest.mark.parametrize("absent", range(2, 7))
def test_a_missing_step_of_a_file_is_refused(absent: int) -> None:
    steps = spooled()
    del steps[absent]
    if absent == 3:  # the folder was there before: nothing is missing then
        assert complaints([*steps, *committed(f"smtp:a1 {NAME}"), REPLY]) == []
    elif absent == 4:  # never renamed: there is no file a row could name
        assert judged([*steps, *committed(f"smtp:a1 {NAME}"), REPLY], Path("/g/j.db"), []).stored == []
    else:
        assert complaints([*steps, *committed(f"smtp:a1 {NAME}"), REPLY])


def test_a_row_written_before_its_file_has_its_name_is_refused() -> None:
    row = committed(f"smtp:a1 {NAME}")

    assert complaints([*row[:2], *spooled(), *row[2:], REPLY])


def test_a_folder_synced_before_the_rename_is_refused() -> None:
    steps = spooled()
    steps[4], steps[5] = steps[5], steps[4]

    assert complaints([*steps, *committed(f"smtp:a1 {NAME}"), REPLY])


def test_a_write_after_the_sync_is_refused() -> None:
    steps = spooled()
    steps.insert(3, '2 write(5</g/spool/t1>, "the end"..., 7) = 7')

    assert complaints([*steps, *committed(f"smtp:a1 {NAME}"), REPLY])


@pytest.mark.parametrize("absent", [1, 2, 4])
def test_a_reply_whose_row_is_not_written_not_committed_or_not_synced_is_refused(absent: int) -> None:
    steps = committed("smtp:a1")
    del steps[absent]

    assert complaints([*committed("smtp:a1"), REPLY]) == []
    assert complaints([*steps, REPLY])


def test_a_sync_that_failed_or_is_still_under_way_counts_for_nothing() -> None:
    steps = committed("smtp:a1")
    failed = f"3 fdatasync({WAL}) = -1 EIO (Input/output error)"
    under_way = [f"3 fdatasync({WAL} <unfinished ...>", REPLY, "3 <... fdatasync resumed>) = 0"]

    assert complaints([*steps[:-1], failed, REPLY])
    assert complaints([*steps[:-1], *under_way])


def test_a_sync_begun_before_the_write_ended_does_not_cover_it() -> None:
    first, token, commit, more, _ = committed("smtp:a1")
    early = [f"4 fdatasync({WAL} <unfinished ...>", more, "4 <... fdatasync resumed>) = 0"]

    assert complaints([first, token, commit, *early, REPLY])


def test_another_thread_s_commit_is_not_ours() -> None:
    steps = committed("smtp:a1")[:2]
    theirs = [line.replace("3 ", "4 ", 1) for line in committed("smtp:b2")]

    assert complaints([*steps, *theirs, REPLY])


def test_a_reply_counts_from_its_first_byte() -> None:
    reply = [REPLY.replace(") = 32", " <unfinished ...>"), *committed("smtp:a1"), "1 <... sendto resumed>) = 32"]

    assert complaints(reply)


def test_flags_and_letters_are_promises_too() -> None:
    both = committed("imap:7:3:box imap:7:4:box")
    one = committed("imap:7:3:box")

    assert complaints([*both, FLAG], "imap:7:%d:box") == []
    assert len(complaints([*one, FLAG], "imap:7:%d:box")) == 1
    assert complaints([*committed("m1@office.example"), SEND]) == []
    assert complaints([SEND, *committed("m1@office.example")])


def test_a_journal_that_has_no_name_on_the_disk_is_refused() -> None:
    made = '3 openat(AT_FDCWD, "/g/j.db", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 8</g/j.db>'
    lines = [made, *committed("smtp:a1"), REPLY]

    assert judged(lines, Path("/g/j.db"), [Path("/g")]).complaints
    assert not judged([made, "3 fsync(8</g>) = 0", *lines[1:]], Path("/g/j.db"), [Path("/g")]).complaints
    assert not judged(lines, Path("/g/j.db"), [Path("/g/j.db")]).complaints
