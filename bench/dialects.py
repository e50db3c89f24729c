# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a package, validation included, beside what lxml needs to parse the same bytes and nothing else.

Both run in turn in one process, round by round, and only their processor time counts; the ratios are of one round.
The memory of a large container is that of a forked child, above what it had before.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import NoReturn

from lxml import etree

from bench.figures import Line, middle, ratios, spread
from bench.gateways import peak
from bench.packages import CONTAINER, KINDS, Kind, Sent, of_size, sent
from bench.world import Broken
from gateway.bodies import cut_out
from gateway.cli.explaining import explained
from gateway.content import Held, MemorySink
from gateway.dialects import by_name
from gateway.dialects.wire import Body, Reading, Resource
from gateway.envelope import read_package
from gateway.mail.archive import unzip

TYPICAL = 20_000  # bytes of XML in a package
SCALES = (1, 10, 100)
READ_MS = 1.0  # aim, for a typical package
LINEAR = 1.5  # aim: what a KB may cost in the largest package, of what it costs in the typical one
MIB = 1 << 20
ABOVE = 64 * MIB  # aim, for a large container
_TURN_SECONDS = 0.02  # of processor time: what one side does before the other has its turn


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int
    megabytes: int  # of the container


async def measure(home: Path, size: Size) -> list[Line]:
    """Measure every kind of package, then the large container."""
    lines = [line for kind in KINDS for line in _kind(kind, size.rounds)]
    return [*lines, _large(home, size.megabytes)]


# --- time ---------------------------------------------------------------------------------------------------------


def _kind(kind: Kind, rounds: int) -> list[Line]:
    parts = of_size(kind, TYPICAL)
    packages = {scale: sent(kind, scale * parts) for scale in SCALES}
    ours = {scale: _reader(kind, package) for scale, package in packages.items()}
    package = packages[1]
    front, bare = _front_door(package), _bare(package)
    for scale, read in ours.items():
        _sound(kind, scale, read())
    spent: dict[str, list[float]] = {"read": [], "bare": [], "front": []}
    costs: dict[int, list[float]] = {scale: [] for scale in SCALES}
    for _ in range(rounds):
        spent["read"].append(_milliseconds(ours[1]))
        spent["bare"].append(_milliseconds(bare))
        spent["front"].append(_milliseconds(front))
        for scale, read in ours.items():
            milliseconds = spent["read"][-1] if scale == 1 else _milliseconds(read)
            costs[scale].append(milliseconds / packages[scale].size * 1000)
    return _lines(kind, package, spent, costs)


def _lines(kind: Kind, package: Sent, spent: dict[str, list[float]], costs: dict[int, list[float]]) -> list[Line]:
    read, bare, front = spent["read"], spent["bare"], spent["front"]
    name = f"{kind.name}, {package.size / 1000:.0f} KB"
    found, growth = ratios(read, bare), ratios(costs[SCALES[-1]], costs[1])
    each = ", ".join(middle(costs[scale], 3) for scale in SCALES)
    return [
        Line(f"{name}: read, ms", middle(read, 2), f"≤ {READ_MS:.0f}", median(read) <= READ_MS, spread(read, 2)),
        Line(f"{name}: parsed by lxml, ms", middle(bare, 2), spread=spread(bare, 2)),
        Line(f"{name}: read / parsed by lxml", middle(found, 1), spread=spread(found, 1)),
        Line(f"{name}: recognised and read, ms", middle(front, 2), spread=spread(front, 2)),
        Line(f"{kind.name}: a KB of {', '.join(f'{scale}×' for scale in SCALES)}, ms", each),
        Line(
            f"{kind.name}: a KB of {SCALES[-1]}× / of 1×",
            middle(growth, 2),
            f"≤ {LINEAR}",
            median(growth) <= LINEAR,
            spread(growth, 2),
        ),
    ]


def _reader(kind: Kind, package: Sent) -> Callable[[], Reading]:
    """Return what reads *package* with its dialect: files inside are cut out and archives open already."""
    dialect, (passport, *beside) = by_name(kind.dialect), package.resources
    octets, bodies = package.passports[0], tuple[Body, ...]()
    if dialect.is_body is not None:
        octets, bodies = cut_out(passport.content, dialect.is_body, MemorySink)
    opened = {each.content.sha256: _opened(each) for each in beside if each.names[0].endswith(".zip")}
    return lambda: dialect.read(octets, beside, bodies=bodies, unpack=lambda one: opened[one.content.sha256])


def _opened(archive: Resource) -> Sequence[Resource]:
    return [Resource((name,), content) for name, content in unzip(archive.content, MemorySink)]


def _front_door(package: Sent) -> Callable[[], object]:
    """Return what does all that the gateway does with the files of a letter, archives and files inside included."""
    return lambda: read_package(package.resources, MemorySink)


def _bare(package: Sent) -> Callable[[], object]:
    return lambda: [etree.fromstring(passport) for passport in package.passports]


def _sound(kind: Kind, scale: int, reading: Reading) -> None:
    """Raise Broken when a package was not understood: then nothing was measured."""
    noted = {problem.text for problem in reading.problems if not problem.text.startswith("not checked: more than")}
    if reading.refusal is not None or reading.message is None or noted:
        raise Broken(f"{kind.name} {scale}×: {reading.refusal or noted}")


def _milliseconds(work: Callable[[], object]) -> float:
    """Return the processor time of one piece of *work*, done as often as fits in a turn."""
    began, done = process_time(), 0
    while (spent := process_time() - began) < _TURN_SECONDS or not done:
        work()
        done += 1
    return 1000 * spent / done if done else 0.0


# --- memory -------------------------------------------------------------------------------------------------------


def _large(home: Path, megabytes: int) -> Line:
    """Lay a container with a document of *megabytes* MiB in a folder, as `explain` takes it, and read it in a child."""
    folder, scratch = home / "container", home / "scratch"
    folder.mkdir()
    scratch.mkdir()
    package = sent(CONTAINER, 1, Held(os.urandom(megabytes * MIB)))
    for each in package.resources:
        (folder / each.names[0]).write_bytes(b"".join(each.content.blocks()))
    del package, each
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        _read_apart(folder, scratch, theirs)
    os.close(theirs)
    with open(ours, "rb") as said:
        words = said.read().decode()
    os.waitpid(child, 0)
    what = f"MEDO container of {megabytes} MB, memory above the base"
    if not words.isdigit():
        return Line(what, f"not measured: {words or 'the child died'}", met=False)
    above = int(words)
    return Line(what, f"{above / MIB:.0f} MiB", f"≤ {ABOVE / MIB:.0f} MiB", above <= ABOVE)


def _read_apart(folder: Path, scratch: Path, said: int) -> NoReturn:
    """In a child: tell by how much reading the package in *folder* raises the peak of its memory, or what is wrong."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc(5))
        base = peak(os.getpid())
        found = explained(folder, scratch)
        words = str(peak(os.getpid()) - base) if found["kind"] == "document" else f"{found['problems']}"
    except BaseException as error:  # a child must never run on as its parent
        words = repr(error)
    os.write(said, words.encode())
    os._exit(0)
