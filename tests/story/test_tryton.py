# SPDX-License-Identifier: GPL-3.0-or-later
"""An office whose records system is a live Tryton: a letter from a partner with a registry, and what comes home."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.model import CardRef
from gateway.settings import Settings
from gateway.settings_files import load
from tests.edms_adapter.systems.tryton import WORKER, Tryton
from tests.servers.tryton import CLERK_LOGIN, COMPANY, GATEWAY, SEQUENCE, TrytonOffice, password_of
from tests.story.acts import ANNEX, LETTER, dispatch, news, send_letter
from tests.story.offices import HandClock, HandPost, Town, TownOffice, open_office, settings_of

EDMS = """[edms]
adapter = "tryton"
files = "{files}"
poll = "1 s"
[edms.options]
url = "{url}"
database = "{database}"
login = "{login}"
password_file = "tryton-password"
sequence = "{sequence}"
default_user = "{clerk}"
companies = ["EX-MOSCOW: {company}"]
"""


def settings_beside_tryton(home: Path, tryton: TrytonOffice) -> Settings:
    """Return Moscow's settings, with Tryton in place of the registry."""
    settings_of(home, "moscow", "minsk")
    gateway, secret = home / "gateway.toml", home / "tryton-password"
    before, _, rest = gateway.read_text().partition("[edms]\n")
    ours = EDMS.format(
        files=home / "steps",
        url=tryton.url,
        database=tryton.database,
        login=GATEWAY,
        sequence=SEQUENCE,
        clerk=CLERK_LOGIN,
        company=COMPANY,
    )
    gateway.write_text(before + ours + rest[rest.index("[[listener]]") :])
    secret.touch(0o600)
    secret.write_text(password_of(GATEWAY) + "\n")
    return load(gateway)


@contextmanager
def beside_tryton(home: Path, tryton: TrytonOffice) -> Iterator[Town]:
    """Open Minsk with its registry and Moscow with Tryton, at the time Tryton has."""
    clock, post = HandClock(datetime.now(UTC)), HandPost()
    minsk = open_office(home / "minsk", "minsk", "moscow", clock, post)
    moscow = TownOffice(home / "moscow", "moscow", settings_beside_tryton(home / "moscow", tryton), clock, post)
    post.doors[moscow.address] = moscow
    try:
        yield Town(minsk, moscow, clock, post)
    finally:
        minsk.close()
        moscow.close()


@pytest.fixture
def people(tryton: TrytonOffice, tmp_path: Path) -> Iterator[Tryton]:
    with Tryton(tryton, tmp_path / "people") as made:
        yield made


def test_a_letter_is_registered_in_tryton_and_what_a_user_did_with_it_comes_home(
    tryton: TrytonOffice, people: Tryton, tmp_path: Path
) -> None:
    with beside_tryton(tmp_path, tryton) as town:
        sent = send_letter(town.minsk, to="Лугов С. И.")
        town.settle()

        (row,) = tryton.person(WORKER).call(
            "model.document.incoming.search_read", [], 0, None, None, ["name", "source"]
        )
        card = people.card(CardRef(str(row["id"])))
        assert row["source"].startswith("edms-gw:")
        assert [(one.name, one.size) for one in card.files] == [
            (f"{card.number.text.replace('/', '-')} Об обмене документами.pdf", len(LETTER)),
            ("Приложение № 1.txt", len(ANNEX)),
        ]
        assert card.inboxes == ("Лугов Семён Ильич",)
        assert dispatch(town.minsk, sent).partner_number == card.number.text
        assert news(town.minsk, sent) == ["received", "registered", "forwarded"]

        people.execute(CardRef(str(row["id"])), "документы подобраны")
        town.settle()

        assert news(town.minsk, sent)[-1] == "executed"
        assert [entry.kind for entry in town.moscow.outgoing()] == ["receipt", "report", "report"]
