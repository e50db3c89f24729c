# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong at the moment, and what to type: read by ``status``, by alarms and by metrics; changes nothing.

A new kind of trouble is one function and a line in `KINDS`.
"""

from collections.abc import Callable, Iterator
from itertools import chain

from gateway.causes.cause import Cause
from gateway.causes.certificates import certificates
from gateway.causes.configuration import configuration
from gateway.causes.edms import edms
from gateway.causes.folders import folders
from gateway.causes.left_alone import left_alone
from gateway.causes.letters import letters
from gateway.causes.look import EdmsLook, Look
from gateway.causes.machine import disks, service
from gateway.causes.mailboxes import mailboxes
from gateway.causes.partners import partners
from gateway.causes.scanner import scanner
from gateway.causes.self_test import self_tests

__all__ = ["Cause", "EdmsLook", "Look", "causes"]

KINDS: tuple[Callable[[Look], Iterator[Cause]], ...] = (
    service,
    configuration,
    disks,
    mailboxes,
    folders,
    edms,
    scanner,
    left_alone,
    letters,
    partners,
    certificates,
    self_tests,
)


def causes(look: Look) -> tuple[Cause, ...]:
    """Return everything that is wrong, what is serious first; raises what the journal raises when it is away."""
    found = chain.from_iterable(kind(look) for kind in KINDS)
    return tuple(sorted(found, key=lambda cause: not cause.serious))
