# SPDX-License-Identifier: GPL-3.0-or-later
"""A vendor's system that keeps larger files in rows, and one large file: ``URL FOLDER MEGABYTES`` registers it.

Prints the seconds it took and the most memory the process ever had, in MiB.
"""

import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.model import ExchangeId, File, FileRole, Sha256
from gateway.ports import Registration
from tests.edms_adapter import vendor
from tests.edms_adapter.desk import Hands, intake, letter

MIB = 1 << 20
TABLES = """
create table letter (id {key}, num varchar(40) unique, about varchar(2000), state varchar(40), note varchar(2000));
create table attachment (id {key}, letter integer, title varchar(200), length bigint, digest varchar(64), body {bytes});
create table piece (attachment integer, n integer, body {bytes}, primary key (attachment, n));
create table numbers (n integer not null);
create table clerk (id integer, name varchar(100));
insert into numbers values (0);
insert into clerk values (1, 'Канцелярия')
"""
BYTES = {"sqlite": "blob", "postgresql": "bytea"}
FILES = """
[files]
inline_max_bytes = 1000
chunk_bytes = 1048576
chunk = "select body from piece where attachment = :file and n = :number"
of_card = '''
select digest as sha256, length as size, null as path, body as content, case when body is null then id end as chunks
from attachment where letter = :card
'''
"""
ATTACHMENTS = """
[[{section}]]
each = "files"
table = "attachment"
key = "id"
as = "stored"
values = {{ letter = "card", title = "file.name", length = "file.size", digest = "file.sha256", body = "file.blob" }}
[[{section}.steps]]
each = "file.chunks"
table = "piece"
values = {{ attachment = "stored", n = "chunk.number", body = "chunk.bytes" }}
"""
READ = """
[read.files]
sql = "select id, title, digest, length, body from attachment where letter = :card order by id"
value = "file(row.title, row.digest, row.length, content=row.body, chunks=row.id)"
"""


def mapping() -> str:
    rest = vendor.REST
    attach = rest[rest.index("[[attach]]") : rest.index("[outgoing]")]
    rest = rest.replace(attach, ATTACHMENTS.format(section="attach"))
    rest = rest.replace("subject=row.about", "subject=row.about, files=read.files(card=row.id)")
    register = vendor.REGISTER + ATTACHMENTS.format(section="register")
    return vendor.mapping_of(register=register, files=FILES, more=READ, rest=rest)


def tables(url: str) -> str:
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    return TABLES.replace("{bytes}", BYTES[kind])


@dataclass(frozen=True, slots=True)
class Made:
    """A `Content` of so many MiB that is made while it is read."""

    megabytes: int

    @property
    def size(self) -> int:
        return self.megabytes * MIB

    @property
    def sha256(self) -> Sha256:
        digest = sha256()
        for block in self.blocks():
            digest.update(block)
        return Sha256(digest.hexdigest())

    def blocks(self) -> Iterator[bytes]:
        for place in range(self.megabytes):
            yield sha256(str(place).encode()).digest() * (MIB // 32)


def register(edms: SqlEdms, content: Made, exchange: str = "ex-1") -> Registration:
    file = File("Большой.tif", size=content.size, sha256=content.sha256, role=FileRole.TEXT)
    made = edms.register(letter(files=(file,), addressees=()), {file.sha256: content}, ExchangeId(exchange), intake())
    assert isinstance(made, Registration)
    return made


def main(url: str, folder: str, megabytes: str) -> None:
    with open_edms(Path(folder) / "vendor.toml", url, Path(folder), "Europe/Moscow", clock=Hands()) as edms:
        begun = time.monotonic()
        register(edms, Made(int(megabytes)), f"ex-{megabytes}")
        took = time.monotonic() - begun
    print(f"{took:.1f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
