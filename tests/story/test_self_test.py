# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway writes to itself by the whole way, and says how far it came."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import self_test
from gateway.causes import Cause, EdmsLook, Look, causes
from gateway.journal import entries, mailboxes
from gateway.journal.entries import Direction
from gateway.node import only_one
from gateway.ports import Outcome, Phase, Posted
from gateway.self_test import REPORTS, TEXT, Rung, begin, passed
from tests.faults.restoring import call
from tests.story.acts import cards
from tests.story.offices import Town, TownOffice, town

PATIENCE = timedelta(minutes=15)
MAILBOX = """
[[mailbox]]
name = "letters"
host = "127.0.0.1"
user = "letters"
password = "anything"
tls = "none"
start = "now"
"""


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as both:
        yield both


def probed(office: TownOffice) -> dict[str, Rung]:
    """Begin a test in *office*, let everybody work, and return how far each letter came."""
    with office.parts.journal.write() as tx:
        begin(tx, office.parts.outbox.sealer, None, office.clock.now())
    for _ in range(10):
        office.work()
        office.clock.advance(seconds=1)
    return {rung.what: rung for rung in looked_at(office)}


def looked_at(office: TownOffice) -> tuple[Rung, ...]:
    with office.parts.journal.read() as tx:
        found = self_test.standing(tx, office.settings.secret.encode(), PATIENCE, office.clock.now())
    assert found is not None
    return found[1]


def wrong(office: TownOffice) -> tuple[Cause, ...]:
    parts = office.parts
    with parts.journal.read() as tx:
        return causes(Look(parts.office, parts.journal, tx, EdmsLook(), office.clock.now(), running=True))


def test_a_document_and_every_report_come_back_as_they_were_sent_and_nothing_is_registered(offices: Town) -> None:
    rungs = probed(offices.moscow)

    assert list(rungs) == ["document", *REPORTS]
    assert {(rung.stage, rung.ok) for rung in rungs.values()} == {("understood", True)}
    assert rungs["document"].words == "by door: would be registered as ВХ-1 for Дубов Олег Юрьевич"
    assert passed(tuple(rungs.values()))
    assert cards(offices.moscow, "true") == []
    assert offices.minsk.incoming() == []


def test_a_test_waits_until_every_mailbox_was_entered_for_what_came_before_is_left_alone(offices: Town) -> None:
    moscow = offices.moscow
    config = moscow.home / "gateway.toml"
    config.write_text(f"{config.read_text()}\n{MAILBOX}")
    with moscow.parts.journal.write() as tx:
        mailboxes.failed(tx, "letters", "the server is away", offices.clock.now(), login_refused=False)
    with only_one(moscow.settings.journal.blobs):
        away = call(moscow, "self-test", "--patience", "30")
    with moscow.parts.journal.write() as tx:
        mailboxes.heard(tx, "letters", offices.clock.now())
    with only_one(moscow.settings.journal.blobs):
        silent = call(moscow, "self-test", "--patience", "0")
    with moscow.parts.journal.write() as tx:
        mailboxes.enter(tx, "letters", 1, 1, "now", offices.clock.now())
    begun_by_then = self_test_letters(moscow)
    with only_one(moscow.settings.journal.blobs):
        call(moscow, "self-test", "--patience", "0")

    assert away.exit_code == silent.exit_code == 1
    assert "has not entered the mailbox letters yet: the server is away" in away.stderr
    assert "has not entered the mailbox letters yet; edms-gateway doctor says" in silent.stderr
    assert begun_by_then == 0
    assert self_test_letters(moscow) == 1


def self_test_letters(office: TownOffice) -> int:
    with office.parts.journal.read() as tx:
        return len([one for one in entries.select(tx, direction=Direction.OUT) if one.kind == self_test.KIND])


def test_nobody_else_can_begin_or_answer_a_test(offices: Town) -> None:
    probed(offices.moscow)
    ours = [data for _, _, data in offices.post.carried]
    message_id = ours[0].partition(b"Message-ID: <")[2][:32]
    forged = ours[0].replace(message_id, b"f" * 32)

    before = len(offices.moscow.outgoing())
    for letter in (forged, *ours):
        offices.moscow.receive(letter, "edms@moscow.example")
    for _ in range(5):
        offices.moscow.work()

    assert len(offices.moscow.outgoing()) == before


def test_a_letter_that_was_altered_on_the_way_fails(offices: Town) -> None:
    office = offices.moscow
    offices.post.delivers = False
    probed(office)
    ((_, _, letter),) = offices.post.carried
    inside = b64encode(TEXT.data[:30])
    assert inside in letter
    office.receive(letter.replace(inside, b64encode(TEXT.data[:30][::-1])), office.address)
    office.work()

    rung = looked_at(office)[0]
    assert (rung.stage, rung.ok) == ("understood", False)


def test_a_relay_that_rewrites_who_wrote_it_makes_no_partners_document_of_it(offices: Town) -> None:
    office = offices.moscow
    offices.post.delivers = False
    probed(office)
    ((_, _, letter),) = offices.post.carried
    office.receive(letter.replace(b"From: edms@moscow.example", b"From: edms@minsk.example", 1), office.address)
    office.work()

    assert looked_at(office)[0].words == "by door: its From: address was changed on the way"
    assert cards(office, "true") == []
    assert {entry.kind for entry in office.outgoing()} == {"self-test"}


def test_what_the_relay_does_not_take_fails_there_in_its_own_words(offices: Town) -> None:
    offices.post.answer = Posted(Outcome.REJECTED, Phase.RCPT, 554, "5.7.1 relaying denied")
    rung = probed(offices.moscow)["document"]

    assert (rung.stage, rung.ok, rung.words) == ("written", False, "5.7.1 relaying denied")


def test_what_does_not_come_back_in_time_fails_as_sent(offices: Town) -> None:
    offices.post.delivers = False
    assert probed(offices.moscow)["document"].ok is None
    offices.clock.advance(minutes=16)

    (rung,) = looked_at(offices.moscow)
    assert (rung.stage, rung.ok) == ("sent", False)


def test_a_test_that_failed_is_named_by_status_until_one_passes(offices: Town) -> None:
    offices.post.delivers = False
    probed(offices.moscow)
    offices.clock.advance(minutes=16)
    assert [cause.what for cause in wrong(offices.moscow)] == ["the self-test failed at its document, which was sent"]

    offices.post.answer = Posted(Outcome.REJECTED, Phase.RCPT, 554, "5.7.1 relaying denied")
    probed(offices.moscow)
    assert [cause.words for cause in wrong(offices.moscow)] == ["5.7.1 relaying denied"]

    offices.post.delivers, offices.post.answer = True, Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 Ok")
    probed(offices.moscow)
    assert wrong(offices.moscow) == ()
