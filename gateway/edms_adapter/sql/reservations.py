# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own table of numbers that are reserved and not yet used: a row an exchange; only for mappings that reserve."""

from sqlalchemy import Column, DateTime, MetaData, String, Table, Text, bindparam, delete, insert, select, update

from gateway.edms_adapter.sql.association import untyped


class Reservations:
    """The table, beside our other ones in *metadata*, and its statements."""

    def __init__(self, metadata: MetaData, prefix: str) -> None:
        whole = Table(
            f"{prefix}reserved",
            metadata,
            Column("exchange_id", String(100), primary_key=True),
            Column("wanted", Text, nullable=False),  # the values of [number], as JSON
            Column("got", Text),  # what `reserve` gave, as JSON; empty only inside the transaction that reserves
            Column("reserved_at", DateTime(timezone=True), nullable=False),
        )
        bare = untyped(whole)
        at = bare.c
        mine = at.exchange_id == bindparam("exchange")
        names = ("exchange_id", "wanted", "got", "reserved_at")
        self.hold = insert(bare).values({name: bindparam(name) for name in names})
        self.note = update(bare).where(mine).values({"got": bindparam("got")})
        self.drop = delete(bare).where(mine)
        self.find = select(bare).where(mine)
        self.older = select(at.exchange_id).where(at.reserved_at < bindparam("moment"))
