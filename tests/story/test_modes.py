# SPDX-License-Identifier: GPL-3.0-or-later
"""Modes of a partner: only looked at, held back, live."""

import json
from datetime import date
from fcntl import LOCK_EX, flock
from pathlib import Path

from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from gateway.build import build
from gateway.cli import main
from gateway.cli.observing import Observed, table_of
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people.rows import add
from gateway.edms_adapter.registry.people.rows import do as people_do
from gateway.errors import Reason
from gateway.journal import entries, mailboxes
from gateway.journal.entries import State
from gateway.ports import Outcome, Phase, Posted
from gateway.settings import parse
from tests.core.test_settings import GATEWAY, PARTNERS
from tests.story.acts import cards, dispatch, do, inbox, news, send_letter
from tests.story.offices import BEGINNING, TownOffice, settings_of, town

ALSO_MOSCOW = """
[[partner]]
id = "really-moscow"
name = "Исполком, отделение в Москве"
channel = "moscow"
indices = ["EX-MOSCOW"]
mode = "live"
"""
WORDS = st.text("абв где-№/1", max_size=200)
OUTCOME = st.sampled_from(["registered", "waiting", "unreadable"])
ROW = st.builds(Observed, st.integers(1, 10**9), st.just(BEGINNING), WORDS, WORDS, st.none(), OUTCOME, *[WORDS] * 3)
ROWS = st.lists(ROW, max_size=5)
CARDS = """
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
insert into card (office_id, uid, direction, state, group_id, number, reg_date, subject, made_at, signer_id, drafter_id)
select office_id, uid || i, direction, state, group_id, number || i, reg_date, subject, made_at, signer_id, drafter_id
from card cross join n where id = :card
"""
THEIR_DISPATCHES = """
insert into dispatch (card_id, correspondent_id, clerk_id, asked_at)
select c.id, d.correspondent_id, d.clerk_id, d.asked_at from dispatch d cross join card c
where d.card_id = :card and c.id > :card
"""
OBSERVE, HOLD = {"mode": "observe"}, {"mode": "hold"}


def typed(office: TownOffice, *words: str) -> Result:
    """Type a command in *office*, by its own configuration."""
    return CliRunner().invoke(main, ["--config", str(office.home / "gateway.toml"), *words])


def change(office: TownOffice, mode: str) -> None:
    """Let *office* start again with its partner in *mode*."""
    office.close()
    other = "moscow" if office.name == "minsk" else "minsk"
    office.settings = settings_of(office.home, office.name, other, mode=mode)
    office.parts = build(office.settings, office.clock)
    office.assemble()


def observed(office: TownOffice) -> list[dict[str, object]]:
    said = typed(office, "report", "observe", "--json")
    assert said.exit_code == 0, said.output
    return [json.loads(line) for line in said.stdout.splitlines()]


# --- observe ------------------------------------------------------------------------------------------------------


def test_a_new_partner_is_only_observed() -> None:
    settings = parse({"gateway.toml": GATEWAY, "partners.toml": PARTNERS.replace('mode = "live"\n', "")})

    assert settings.partners[0].mode == "observe"


def test_an_observed_partner_is_read_and_nothing_else_happens(tmp_path: Path) -> None:
    with town(tmp_path, moscow=OBSERVE) as offices:
        send_letter(offices.minsk)
        offices.settle()

        (entry,) = offices.moscow.incoming()
        assert (entry.state, entry.reason) == (State.PARKED, Reason.OBSERVED)
        assert (entry.partner, entry.kind) == ("minsk", "document")
        assert cards(offices.moscow, "true") == []
        assert offices.moscow.outgoing() == []


def test_a_report_of_an_observed_partner_is_not_written_onto_the_card(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        card = send_letter(offices.minsk)
        offices.minsk.work()  # it goes
        change(offices.minsk, "observe")
        offices.settle()

        assert {entry.reason for entry in offices.minsk.incoming()} == {Reason.OBSERVED}
        assert news(offices.minsk, card) == []


def test_documents_for_an_observed_partner_stay_where_they_lie_and_hold_nobody_back(tmp_path: Path) -> None:
    with town(tmp_path, minsk={**OBSERVE, "indices": '"EX-OTHER"', "partner": ALSO_MOSCOW}) as offices:
        with people.at_work(offices.minsk.registry) as work:
            add(work, "correspondent", short_name="Другие", exchange_index="EX-OTHER")
        left = send_letter(offices.minsk, index="EX-OTHER")
        with people.at_work(offices.minsk.registry) as work:
            for statement in (CARDS, THEIR_DISPATCHES):
                people_do(work, statement, card=left)
        gone = send_letter(offices.minsk)
        offices.settle()

        assert dispatch(offices.minsk, gone).state == "registered"
        with people.at_work(offices.minsk.registry) as work:
            (others,) = people.rows(work, "select count(*) as n from dispatch where state = 'to send'")
        assert others.n == 2001
        assert len(offices.minsk.outgoing()) == 1


def test_an_observed_letter_is_never_flagged_in_its_mailbox(tmp_path: Path) -> None:
    with town(tmp_path, moscow=OBSERVE) as offices:
        offices.post.delivers = False
        send_letter(offices.minsk)
        offices.settle()
        ((sender, _, data),) = offices.post.carried
        offices.moscow.receive(data, sender, source=entries.imap_source("box", 7, 1), channel="box")
        offices.settle()

        with offices.moscow.parts.journal.read() as tx:
            assert mailboxes.to_flag(tx, "box", 7, 10) == ()


def test_what_would_have_become_of_a_letter_stands_beside_what_people_did(tmp_path: Path) -> None:
    with town(tmp_path, moscow=OBSERVE) as offices:
        for _ in range(2):
            send_letter(offices.minsk)
        offices.settle()
        first, second = observed(offices.moscow)
        assert (first["would"], first["inbox"], first["by_hand"]) == ("registered", "Берёзкина Анна Викторовна", "")

        number, dated = str(first["number"]), date.fromisoformat(str(first["date"]))
        do(offices.moscow, people.enter_paper, "EX-MINSK", number, dated, by="Дубов")
        first, second = observed(offices.moscow)
        by_hand = cards(offices.moscow)[0].number
        said = typed(offices.moscow, "report", "observe").output

        assert (first["by_hand"], second["by_hand"]) == (by_hand, "")
        assert "2 document(s): 2 would be registered without a person\n" in said
        assert "of these people registered 1 by hand, and 1 not\n" in said
        assert len(cards(offices.moscow)) == 1  # nothing was written


def test_what_people_read_of_observed_letters_fits_a_hundred_columns(tmp_path: Path) -> None:
    nobody = "Заместителю начальника отдела по обмену документами и их учёту Неизвестному Игорю Игоревичу"
    with town(tmp_path, moscow=OBSERVE) as offices:
        send_letter(offices.minsk, to=nobody)
        offices.settle()  # two letters that go together may come in either order
        send_letter(offices.minsk)
        offices.settle()
        lines = typed(offices.moscow, "report", "observe").output.splitlines()

        head, _, first, *why, second = lines[:-2]
        assert head.split() == ["letter", "received", "partner", "number", "would", "inbox", "by_hand"]
        assert first.startswith("1       2026-03-11  minsk    ИСХ-1   registered  ")
        assert "Неизвестному Игорю Игоревичу" in " ".join(line.strip() for line in why)
        assert "Берёзкина Анна Викторовна" in second
        assert max(map(len, lines)) <= 100


@given(ROWS)
def test_nothing_of_an_observed_letter_is_lost_for_want_of_room(rows: list[Observed]) -> None:
    lines = list(table_of(rows))

    assert all(len(line) <= 100 for line in lines)
    said = "".join("".join(lines).split())
    for row in rows:
        for value in (row.partner, row.number, row.inbox, row.why, row.by_hand):
            assert "".join((value or "").split()) in said


def test_letters_of_before_are_registered_when_an_operator_says_so(tmp_path: Path) -> None:
    with town(tmp_path, moscow=OBSERVE) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        change(offices.moscow, "live")
        offices.settle()
        assert cards(offices.moscow) == []  # going live alone registers nothing that people may have registered

        typed(offices.moscow, "quarantine", "reprocess", "--reason", "observed", "--why", "live", "--yes")
        offices.settle()

        assert inbox(offices.moscow, "Берёзкина") == [cards(offices.moscow)[0].id]
        assert "registered" in news(offices.minsk, card)


def test_an_observed_letter_is_no_trouble(tmp_path: Path) -> None:
    with town(tmp_path, moscow=OBSERVE) as offices:
        send_letter(offices.minsk)
        offices.settle()
        (offices.moscow.home / "blobs" / "node.lock").touch()
        with (offices.moscow.home / "blobs" / "node.lock").open("wb") as lock:
            flock(lock, LOCK_EX)  # the service runs
            said = typed(offices.moscow, "status")

        assert said.exit_code == 0, said.output
        assert "observe" in said.output


# --- hold ---------------------------------------------------------------------------------------------------------


def test_a_held_partners_documents_are_registered_and_what_goes_out_waits_for_a_release(tmp_path: Path) -> None:
    with town(tmp_path, moscow=HOLD) as offices:
        card = send_letter(offices.minsk)
        offices.settle()

        assert len(cards(offices.moscow)) == 1
        assert {(entry.state, entry.held) for entry in offices.moscow.outgoing()} == {(State.QUEUED, True)}
        assert news(offices.minsk, card) == []

        said = typed(offices.moscow, "queue", "release", "--partner", "minsk", "--why", "looked at", "--yes")
        offices.settle()

        assert said.exit_code == 0, said.output
        assert "registered" in news(offices.minsk, card)


def test_status_names_the_mode_of_every_partner_and_what_is_held(tmp_path: Path) -> None:
    with town(tmp_path, moscow=HOLD) as offices:
        send_letter(offices.minsk)
        offices.settle()
        said = json.loads(typed(offices.moscow, "status", "--json").stdout)

        assert [(row["partner"], row["mode"], row["queued"]) for row in said["partners"]] == [("minsk", "hold", 2)]
        assert "2 letters held back until released" in [cause["what"] for cause in said["causes"]]


def test_what_is_queued_when_a_partner_is_held_waits_but_not_what_was_released(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        for _ in range(2):
            send_letter(offices.minsk)
        offices.minsk.collector.round()
        released, held = (entry.id for entry in offices.minsk.outgoing())
        typed(offices.minsk, "queue", "release", str(released), "--why", "go")

        with offices.minsk.parts.journal.write() as tx:
            count = entries.hold_back(tx, ["moscow"], who="t", why="held", now=offices.clock.now())

        assert count == 1
        assert [entry.held for entry in offices.minsk.outgoing()] == [False, True]
        assert offices.minsk.entry(held).held


def test_what_a_held_partner_asks_for_again_waits_too(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        send_letter(offices.minsk)
        offices.settle()
        ((sender, _, letter),) = [one for one in offices.post.carried if one[0] == offices.minsk.address]
        heard = len(offices.moscow.sent())
        change(offices.moscow, "hold")
        offices.clock.advance(hours=2)
        offices.moscow.receive(letter, sender)
        offices.settle()

        assert len(offices.moscow.sent()) == heard
        assert {entry.held for entry in offices.moscow.outgoing()} == {True}


def test_what_an_operator_tries_again_for_an_observed_partner_waits_for_a_release(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        send_letter(offices.minsk)
        offices.post.answer = Posted(Outcome.REJECTED, Phase.RCPT, 554, "5.7.1 not today")
        offices.settle()
        change(offices.minsk, "observe")
        offices.post.answer = Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 Ok")
        said = typed(offices.minsk, "queue", "retry", "--since", "2020-01-01", "--why", "again", "--yes")
        offices.settle()

        assert "held: its partner is not live" in said.output
        assert offices.post.carried == []
