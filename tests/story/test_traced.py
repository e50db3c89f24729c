# SPDX-License-Identifier: GPL-3.0-or-later
"""What `trace` and `queue show` say of a document of ours, and of the letters about it, at every step of its way."""

import json

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.journal import entries
from gateway.ports import Outcome, Phase, Posted
from tests.inbound import notices
from tests.story.acts import dispatch, send_letter
from tests.story.offices import Town, TownOffice
from tests.story.test_bounces import hear, sent_letter

GONE = Posted(Outcome.REJECTED, Phase.RCPT, 550, "5.1.1 no such user")
SAID = "smtp; 451 busy"


def typed(office: TownOffice, *words: str) -> str:
    said = CliRunner().invoke(main, ["--config", str(office.home / "gateway.toml"), *words])
    assert said.exit_code == 0, said.output
    return said.stdout


def traced(office: TownOffice, card: int) -> tuple[str, str]:
    """Return how the document of *card* stands, for people (the first line) and for programs."""
    ref = str(dispatch(office, card).id)
    with office.parts.journal.read() as tx:
        (letter, *_) = [one for one in entries.select(tx) if one.outgoing_ref == ref]
    people = typed(office, "trace", str(letter.exchange)).splitlines()[0]
    return people.rpartition(" to moscow: ")[2], json.loads(typed(office, "trace", str(letter.exchange), "--json"))[
        "state"
    ]


def test_a_document_that_its_partner_is_silent_about_stands_where_its_letter_is(offices: Town) -> None:
    minsk = offices.minsk
    offices.post.delivers = False
    card = send_letter(minsk)
    minsk.collector.round()
    (letter,) = minsk.outgoing()

    found = [traced(minsk, card)]
    typed(minsk, "queue", "hold", str(letter.id), "--why", "wait")
    found.append(traced(minsk, card))
    typed(minsk, "queue", "release", str(letter.id), "--why", "go")
    offices.settle()
    found.append(traced(minsk, card))

    assert found == [
        ("queued, not sent yet", "queued"),
        ("held, not sent yet", "held"),
        ("sent, waiting for the partner's receipt", "sent"),
    ]


def test_a_document_whose_letter_came_back_is_not_delivered_and_one_that_is_registered_is(offices: Town) -> None:
    offices.post.answer = GONE
    lost = send_letter(offices.minsk)
    offices.settle()
    offices.post.answer = Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 taken")
    gone = send_letter(offices.minsk)
    offices.settle()

    assert traced(offices.minsk, lost) == ("not delivered", "failed")
    assert traced(offices.minsk, gone) == ("forwarded, registered as ВХ-1", "forwarded")


@pytest.mark.parametrize(
    ("notice", "told"),
    [
        (notices.postfix, "failed"),
        (notices.delay, "delayed"),
        (notices.success, "delivered"),
        (lambda id, to: notices.success(id, to, "relayed"), "relayed"),
    ],
)
def test_a_notice_of_a_mail_server_is_called_by_what_it_tells(offices: Town, notice: object, told: str) -> None:
    offices.post.delivers = False
    letter = sent_letter(offices)
    heard = hear(offices.minsk, notice(letter.rfc_message_id, letter.recipient))  # type: ignore[operator]  # see above

    assert heard.kind == f"notice-{told}"
    story = typed(offices.minsk, "trace", str(letter.exchange))
    assert f"letter {heard.id} in  notice of a mail server: {told} · done" in story
    assert "bounce" not in story


def test_a_partner_is_heard_when_its_gateway_writes_and_not_when_our_mail_server_does(offices: Town) -> None:
    def heard_at() -> object:
        (partner,) = json.loads(typed_status(offices.minsk))["partners"]
        return partner["heard_at"]

    offices.post.delivers = False
    letter = sent_letter(offices)
    notice = notices.delay(letter.rfc_message_id, letter.recipient)
    hear(offices.minsk, notice, source="imap:1:7:box")
    offices.minsk.receive(notice, "", source="imap:1:8:box", anew=False)  # a rescan finds it once more
    offices.minsk.work()
    before = heard_at()
    offices.post.delivers = True
    send_letter(offices.minsk)
    offices.settle()

    assert before is None
    assert heard_at() is not None


def typed_status(office: TownOffice) -> str:
    """Return what `status` says, whatever its exit code."""
    return CliRunner().invoke(main, ["--config", str(office.home / "gateway.toml"), "status", "--json"]).stdout


def test_what_tells_of_a_document_names_it_in_the_queue(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()
    receipt, report = offices.moscow.outgoing()
    (letter, *_) = offices.minsk.outgoing()

    shown = [typed(offices.moscow, "queue", "show", str(one.id)) for one in (receipt, report)]
    ours = typed(offices.minsk, "queue", "show", str(letter.id))
    about = json.loads(typed(offices.moscow, "queue", "show", str(report.id), "--json").splitlines()[0])["about"]

    assert all(
        "about the document ИСХ-1 of 2026-03-11: minsk's, registered as ВХ-1 of 2026-03-11" in one for one in shown
    )
    assert "about the document ИСХ-1 of 2026-03-11: ours, to moscow, registered as ВХ-1 of 2026-03-11" in ours
    assert about == {
        "number": "ИСХ-1",
        "date": "2026-03-11",
        "sender": "minsk",
        "receiver": "EX-MOSCOW",
        "registered": "ВХ-1",
        "registered_date": "2026-03-11",
    }
