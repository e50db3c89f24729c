# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample packages of this directory, whole or altered for a test."""

from collections.abc import Sequence
from pathlib import Path

from gateway.content import Held
from gateway.dialects import by_name
from gateway.dialects.wire import Reading, Resource

SAMPLES = Path(__file__).parent / "samples"
FILES = {
    "document": (
        "Письмо о сроках[1].txt",
        "Письмо о сроках[1].txt.sig",
        "Письмо о сроках[1].txt.2.sig",
        "Перечень[4].csv",
        "поручение[5].txt",
    ),
    "progress": ("отчёт[1].txt",),
    "draft": ("Проект приказа[1].txt",),
    "draft-progress": ("Замечание[1].txt",),
}


def passport(sample: str) -> bytes:
    return (SAMPLES / f"{sample}.xml").read_bytes()


def resources(sample: str) -> list[Resource]:
    return [resource(name) for name in FILES.get(sample, ())]


def resource(name: str, *aliases: str, data: bytes | None = None) -> Resource:
    """A file of the samples, perhaps under other names or with other bytes."""
    return Resource(aliases or (name,), Held((SAMPLES / name).read_bytes() if data is None else data))


def read_sample(sample: str) -> Reading:
    return by_name("sev").read(passport(sample), resources(sample))


def altered(sample: str, *changes: tuple[str, str]) -> bytes:
    """The passport of *sample* with texts replaced; a text that is not there is a mistake of the test."""
    text = passport(sample).decode()
    for old, new in changes:
        assert old in text, f"{sample} has no {old!r}"
        text = text.replace(old, new)
    return text.encode()


def read_altered(sample: str, *changes: tuple[str, str], came: Sequence[Resource] | None = None) -> Reading:
    return by_name("sev").read(altered(sample, *changes), resources(sample) if came is None else came)


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]
