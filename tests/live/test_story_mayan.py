# SPDX-License-Identifier: GPL-3.0-or-later
"""An office whose records system is a live Mayan: a letter from a partner with a registry, and what comes home."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.model import CardRef
from gateway.settings import Settings
from gateway.settings_files import load
from tests.edms_adapter.systems.mayan import WORKER, Mayan
from tests.servers.mayan import (
    CLERK,
    DOCUMENT_TYPE,
    GATEWAY,
    HOUSE,
    SEQUENCE,
    WORKFLOW,
    MayanOffice,
    password_of,
)
from tests.story.acts import ANNEX, LETTER, dispatch, news, send_letter
from tests.story.offices import HandClock, HandPost, Town, TownOffice, open_office, settings_of

EDMS = """[edms]
adapter = "mayan"
files = "{files}"
poll = "1 s"
[edms.options]
url = "{url}"
login = "{login}"
password_file = "mayan-password"
document_type = "{kind}"
workflow = "{workflow}"
sequence = "{sequence}"
default_inbox = "{clerk}"
inboxes = ["EX-MOSCOW: {house}"]
"""


def settings_beside_mayan(home: Path, mayan: MayanOffice) -> Settings:
    """Return Moscow's settings, with Mayan in place of the registry."""
    settings_of(home, "moscow", "minsk")
    gateway, secret = home / "gateway.toml", home / "mayan-password"
    before, _, rest = gateway.read_text().partition("[edms]\n")
    ours = EDMS.format(
        files=home / "steps",
        url=mayan.url,
        login=GATEWAY,
        kind=DOCUMENT_TYPE,
        workflow=WORKFLOW,
        sequence=SEQUENCE,
        clerk=CLERK,
        house=HOUSE,
    )
    gateway.write_text(before + ours + rest[rest.index("[[listener]]") :])
    secret.touch(0o600)
    secret.write_text(password_of(GATEWAY) + "\n")
    return load(gateway)


@contextmanager
def beside_mayan(home: Path, mayan: MayanOffice) -> Iterator[Town]:
    """Open Minsk with its registry and Moscow with Mayan, at the time Mayan has."""
    clock, post = HandClock(datetime.now(UTC)), HandPost()
    minsk = open_office(home / "minsk", "minsk", "moscow", clock, post)
    moscow = TownOffice(home / "moscow", "moscow", settings_beside_mayan(home / "moscow", mayan), clock, post)
    post.doors[moscow.address] = moscow
    try:
        yield Town(minsk, moscow, clock, post)
    finally:
        minsk.close()
        moscow.close()


@pytest.fixture
def people(mayan: MayanOffice, tmp_path: Path) -> Iterator[Mayan]:
    with Mayan(mayan, tmp_path / "people") as made:
        yield made


def test_a_letter_is_registered_in_mayan_and_what_a_user_did_with_it_comes_home(
    mayan: MayanOffice, people: Mayan, tmp_path: Path
) -> None:
    with beside_mayan(tmp_path, mayan) as town:
        sent = send_letter(town.minsk, to="Лугов С. И.")
        town.settle()

        (row,) = mayan.person(WORKER).every("/documents/")
        ref = CardRef(str(row["id"]))
        card = people.card(ref)
        assert row["label"] == f"{card.number.text} Об обмене документами"
        assert sorted(one.size for one in card.files) == sorted((len(LETTER), len(ANNEX)))
        assert card.inboxes == ("Лугов Семён Ильич",)
        assert dispatch(town.minsk, sent).partner_number == card.number.text
        assert news(town.minsk, sent) == ["received", "registered", "forwarded"]

        people.execute(ref, "документы подобраны")
        town.settle()

        assert news(town.minsk, sent)[-1] == "executed"
        assert [entry.kind for entry in town.moscow.outgoing()] == ["receipt", "report", "report"]
