# SPDX-License-Identifier: GPL-3.0-or-later
"""A document of 200 MiB from one office to another: the most memory any process held, and the bytes at the end."""

import asyncio
import os
import time
from dataclasses import replace
from hashlib import file_digest, sha256
from pathlib import Path

from bench.figures import Line
from bench.gateways import MIB, Gateway, prepare, running
from bench.world import Broken
from gateway.demo.offices import MINSK, MOSCOW, free_ports
from gateway.demo.story import moment, number_there
from gateway.edms_adapter.registry import people

PEAK = 150 * MIB  # aim, for every process
PATIENCE_SECONDS = 240.0


async def measure(home: Path, megabytes: int) -> list[Line]:
    """Send one document of *megabytes* MiB from Minsk to Moscow through two gateways."""
    ports = free_ports(2)
    minsk = prepare(home / "minsk", ports[1], us=replace(MINSK, port=ports[0]), them=MOSCOW)
    moscow = prepare(home / "moscow", ports[0], us=replace(MOSCOW, port=ports[1]), them=MINSK)
    content = os.urandom(megabytes * MIB)
    digest = sha256(content).hexdigest()
    with running(minsk) as sending, running(moscow) as receiving:
        before = {gateway: set(gateway.pids()) for gateway in (sending, receiving)}
        idle = max(max(gateway.peaks().values()) for gateway in (sending, receiving))
        began = time.monotonic()
        with people.at_work(minsk.registry) as work:
            files = {"Дело.bin": content}
            card = people.write_card(
                work, "Дело", files, signer="Озёрный", drafter="Тихая", now=moment(), store=minsk.files
            )
            people.send(work, card, MOSCOW.index, clerk="Тихая", now=moment())
        while number_there(minsk, card) is None:
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise Broken(f"no registration of the large document in {PATIENCE_SECONDS:.0f} s")
            await asyncio.sleep(0.2)
        seconds = time.monotonic() - began
        lines = [_line(f"{megabytes} MiB document, {way}", gateway, before[gateway]) for way, gateway in
                 (("sending", sending), ("receiving", receiving))]  # fmt: skip
    same = any(_digest(file) == digest for file in moscow.files.rglob("*") if file.is_file())
    size = f"{megabytes} MiB document"
    return [
        *lines,
        Line(f"{size}, a process before it came", f"{idle / MIB:.0f} MiB"),
        Line(f"{size}, bytes in the other registry", "identical" if same else "DIFFERENT", "identical", same),
        Line(f"{size}, card to report on the card", f"{seconds:.0f} s"),
    ]


def _line(what: str, gateway: Gateway, before: set[int]) -> Line:
    """Return the highest peak among *gateway*'s processes; one that died took its peak with it, so that counts too."""
    peaks = gateway.peaks()
    lost = before - set(peaks)
    most = max(peaks.values())
    each = " + ".join(f"{peak / MIB:.0f}" for peak in peaks.values())
    figure = f"{most / MIB:.0f} MiB" + (f", {len(lost)} process(es) died" if lost else "")
    return Line(f"{what}, peak of a process", figure, f"≤ {PEAK / MIB:.0f} MiB", most <= PEAK and not lost, each)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
