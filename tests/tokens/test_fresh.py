# SPDX-License-Identifier: GPL-3.0-or-later
"""A provider that gives nothing is left alone for a while, by everybody who waits for it."""

from datetime import timedelta

import pytest

from gateway.ports import NoToken
from gateway.tokens.endpoint import Grant
from gateway.tokens.fresh import REST, Fresh


def test_a_provider_that_did_not_answer_is_asked_once_for_all_who_wait_and_again_after_a_rest() -> None:
    asked, clock = [], [0.0]

    def silent() -> Grant:
        asked.append(clock[0])
        clock[0] += 30
        raise NoToken("it does not answer")

    tokens = Fresh(silent, lambda: clock[0])
    for _ in range(15):
        with pytest.raises(NoToken, match="does not answer"):
            tokens.current()
    assert asked == [0]

    clock[0] += REST.total_seconds()
    with pytest.raises(NoToken):
        tokens.current()
    assert len(asked) == 2


def test_it_is_told_how_long_a_token_is_good_until_it_is_rejected() -> None:
    clock = [0.0]
    tokens = Fresh(lambda: Grant("t-1", timedelta(hours=1)), lambda: clock[0])
    before = tokens.good_for()
    token = tokens.current()
    clock[0] += 4000
    over = tokens.good_for()
    tokens.rejected(token)

    assert (before, over, tokens.good_for()) == (None, timedelta(seconds=-400), None)
