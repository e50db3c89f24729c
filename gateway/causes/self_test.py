# SPDX-License-Identifier: GPL-3.0-or-later
"""The latest letter to ourselves did not come through."""

from collections.abc import Iterator

from gateway import self_test
from gateway.causes.cause import Cause
from gateway.causes.look import Look


def self_tests(look: Look) -> Iterator[Cause]:
    settings = look.settings
    latest = self_test.standing(look.tx, settings.secret.encode(), settings.self_test.patience, look.now)
    if latest is None:
        return
    run, found = latest
    failed = next((rung for rung in found if rung.ok is False), None)
    if failed is not None:
        what = f"the self-test failed at its {failed.what}, which was {failed.stage}"
        yield Cause("self-test", what, run.began, failed.words, "edms-gateway self-test")
