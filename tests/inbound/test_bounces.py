# SPDX-License-Identifier: GPL-3.0-or-later
"""Every layout of a mail server's notice is read for what it says, and nothing else is taken for one."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.inbound.bounces import Fate, read_bounce
from tests.inbound import notices
from tests.inbound.notices import FAILURES, NOT_NOTICES, failed, headers, people, report, status, told
from tests.mail.letters import read

ID, TO = f"{'0a' * 16}@minsk.example", "edms@moscow.example"
_ROOT = Path(os.environ.get("GATEWAY_CORPORA") or Path(__file__).parents[3] / "shared" / "corpora")
_SAMPLES = sorted(
    path
    for pattern in ("mail-parser/*/*.eml", "mimekit/messages/*", "mimekit/partial/*")
    for path in _ROOT.glob(pattern)
    if path.is_file()
)
_NOTICES = {  # those of the public samples that are notices: the fate they tell, and of how many recipients
    "bounce.txt": ("failed", 1),
    "delivery-status.txt": ("failed", 1),
    "delivery-status2.txt": ("failed", 1),
    "delivery-status-no-blank-line.txt": ("failed", 1),
}


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"], ids=["crlf", "lf"])
@pytest.mark.parametrize("layout", FAILURES)
def test_every_layout_tells_the_letter_the_recipient_and_the_servers_words(layout: str, line_end: bytes) -> None:
    bounce = read_bounce(read(FAILURES[layout](ID, TO).replace(b"\r\n", line_end)))

    assert bounce is not None
    assert ID in (*bounce.message_ids, bounce.envelope_id)
    assert "0@elsewhere.example" not in bounce.message_ids
    about = bounce.about(TO)
    assert about is not None
    assert about.fate is Fate.FAILED
    assert notices.WORDS in about.words


@pytest.mark.parametrize("what", NOT_NOTICES)
def test_what_is_no_notice_is_left_alone(what: str) -> None:
    assert read_bounce(read(NOT_NOTICES[what](ID, TO))) is None


@pytest.mark.parametrize(
    ("action", "fate"),
    [
        ("delayed", Fate.DELAYED),
        ("delivered", Fate.DELIVERED),
        ("relayed", Fate.RELAYED),
        ("expanded", Fate.RELAYED),
        ("Failed (gave up)", Fate.FAILED),
    ],
)
def test_every_action_of_the_standard_is_understood(action: str, fate: Fate) -> None:
    code = {Fate.DELAYED: "4.4.1", Fate.FAILED: "4.4.7"}.get(fate, "2.0.0")
    bounce = read_bounce(read(report(people("x"), status(told(TO, action, code)), headers(ID))))

    assert bounce is not None
    assert [one.fate for one in bounce.told] == [fate]


def test_exims_warning_is_a_delay_of_whatever_letter_its_address_names() -> None:
    bounce = read_bounce(read(notices.exim_warning(ID, TO)))

    assert bounce is not None
    assert (bounce.message_ids, [one.fate for one in bounce.told]) == ((), [Fate.DELAYED])


@pytest.mark.parametrize("together", [False, True], ids=["groups", "without blank lines"])
def test_of_several_recipients_only_ours_counts(together: bool) -> None:
    groups = (failed("first@moscow.example"), told(TO, "delivered", "2.0.0"), failed("last@moscow.example"))
    given_ = (tuple(field for group in groups for field in group),) if together else groups
    bounce = read_bounce(read(report(people("x"), status(*given_), headers(ID))))

    assert bounce is not None
    about = bounce.about(TO.upper())
    assert about is not None
    assert about.fate is Fate.DELIVERED


def test_a_notice_about_several_others_says_nothing_of_our_recipient() -> None:
    others = status(failed("first@moscow.example"), failed("last@moscow.example"))
    bounce = read_bounce(read(report(people("x"), others, headers(ID))))

    assert bounce is not None
    assert bounce.about(TO) is None


def test_an_original_recipient_is_ours_under_whatever_name_it_failed() -> None:
    group = ("Original-Recipient: rfc822;edms+40moscow.example", *failed("internal@host.example"))
    bounce = read_bounce(read(report(people("x"), status(group, failed("other@host.example")), headers(ID))))

    assert bounce is not None
    assert bounce.about(TO) is not None


@given(st.lists(st.sampled_from([*FAILURES.values()]), min_size=1, max_size=1), st.data())
def test_a_notice_cut_or_damaged_anywhere_is_read_or_left_alone_and_never_raises(layout, data) -> None:
    octets = bytearray(layout[0](ID, TO))
    for _ in range(data.draw(st.integers(0, 8))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        letter = read(bytes(octets[: data.draw(st.integers(1, len(octets)))]))
    except Refused:
        return

    read_bounce(letter)


@pytest.mark.skipif(not _SAMPLES, reason=f"no sample letters below {_ROOT}; set GATEWAY_CORPORA")
def test_of_the_public_samples_exactly_the_notices_are_recognised() -> None:
    """Four of the samples are notices that say something; none of them names a letter of ours.

    The anonymised one has no word left to read, and the one with several blank lines is broken off.
    """
    found = {}
    for path in _SAMPLES:
        try:
            bounce = read_bounce(read(path.read_bytes()))
        except Refused:
            continue
        if bounce is not None:
            found[path.name] = (bounce.told[0].fate.value, len(bounce.told))
            assert not any(one.endswith("@minsk.example") for one in bounce.message_ids)

    assert found == _NOTICES
