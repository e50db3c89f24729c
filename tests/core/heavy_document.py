# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that sends and receives a document with one large file, and prints the MiB it took beyond its start.

The whole way of such a letter: the passport is written, the file put into it, the letter sealed, taken apart and read.
"""

import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random

from gateway.dialects import by_name
from gateway.envelope import Wrapping, seal, unseal
from gateway.journal.blobs import Blobs
from gateway.mail.split import Limits
from gateway.model import Content, Document, File, FileRole
from tests.dialects.gost2010_packages import a_message

WRAPPING = Wrapping("a@a.example", "b@b.example", datetime(2026, 3, 11, tzinfo=UTC), "1@a.example", "", "", False)


def large(blobs: Blobs, mebibytes: int) -> Content:
    sink, random = blobs.sink(), Random(1)
    for _ in range(mebibytes):
        sink.write(random.randbytes(1 << 20))
    return sink.close()


def travelled(home: Path, mebibytes: int) -> None:
    blobs = Blobs(home)
    content = large(blobs, mebibytes)
    file = File("book.bin", size=content.size, sha256=content.sha256, role=FileRole.TEXT)
    package = by_name("gost2010").write(a_message(files=(file,)))
    letter = home / "letter.eml"
    with letter.open("wb") as out:
        out.writelines(seal(package, {content.sha256: content}, WRAPPING, blobs.sink))
    opened = unseal(blocks(letter), blobs.sink, Limits(max_decoded_bytes=1 << 30))
    assert opened.reading is not None
    assert opened.reading.message is not None
    assert isinstance(opened.reading.message.body, Document)
    (came,) = opened.reading.message.body.files
    assert came.size == mebibytes << 20
    digest = sha256()
    for block in opened.reading.contents[content.sha256].blocks():
        digest.update(block)
    assert digest.hexdigest() == content.sha256


def blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            yield block


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    travelled(Path(sys.argv[2]), 1)  # everything imported and made once
    base = peak()
    travelled(Path(sys.argv[2]), int(sys.argv[1]))
    print(f"{peak() - base:.1f}")
