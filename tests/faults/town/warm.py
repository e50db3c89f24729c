# SPDX-License-Identifier: GPL-3.0-or-later
"""Imported once by the process that all offices are forked from: everything slow is loaded and compiled there.

A short life of an office is lived and ended; nothing of it stays open.
"""

import logging
import shutil
from pathlib import Path
from random import Random
from tempfile import mkdtemp

import structlog

from tests.faults.town.far import FarPartner
from tests.faults.town.inside import Breaking, Office, ToldClock
from tests.faults.town.site import PROOF, on_sqlite
from tests.story.offices import BEGINNING


class Nobody:
    """An outside that takes every letter and has an empty mailbox."""

    def __call__(self, what: str, *question: object) -> object:
        return ("sent", "replied", 250) if what == "post" else {"select": (1, 1, 0)}.get(str(question[0]), [])


def live_once() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # until `configure_logs`
    folder = Path(mkdtemp(prefix="storm-warm-"))
    try:
        clock = ToldClock()
        clock.moment = BEGINNING
        office = Office(on_sqlite(folder / "sites")["minsk"], Nobody(), clock, Breaking())
        office.open()
        far = FarPartner(Random(0))
        written = [far.something("minsk", BEGINNING) for _ in range(20)]
        letters = [
            (str(n), "edms@far.example", f"{PROOF}: far\r\n".encode() + one.data) for n, one in enumerate(written)
        ]
        office.receive(letters)
        office.people([("send", "uid-warm", "moscow", "warm", {"a.pdf": b"warm"})])
        for _ in range(3):
            office.look()
            office.work()
            office.collect()
            office.dispatch()
        office.parts.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


live_once()
