# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters of observed partners on the pages: counted apart from the quarantine, and named, in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.story.acts import send_letter
from tests.story.offices import town
from tests.web.conftest import Site, served
from tests.web.test_pages import words

HOME = {"en": ("0 lie in quarantine", "2 only read: their partners are being observed")}
HOME["ru"] = ("0 лежат в карантине", "2 только прочитаны: за партнёром наблюдаем")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An office that has read two letters of an observed partner, and parked one that nobody proved."""
    home: Path = tmp_path_factory.mktemp("town")
    with town(home, moscow={"mode": "observe"}) as offices:
        for _ in range(2):
            send_letter(offices.minsk)
        offices.settle()
        with served(offices.moscow) as site:
            yield site


@pytest.mark.parametrize("language", HOME)
def test_the_overview_counts_what_was_only_read_beside_the_quarantine(site: Site, language: str) -> None:
    page = words(site.get(f"/?lang={language}"))

    assert all(said in page for said in HOME[language])


@pytest.mark.parametrize(
    ("language", "state", "why"),
    [
        ("en", "only read: the partner is being observed came in 2", "Why letters lie in quarantine"),
        ("ru", "только прочитано: за партнёром наблюдаем входящее 2", "Почему письма в карантине"),
    ],
)
def test_the_page_about_mail_lists_them_in_a_state_of_their_own(
    site: Site, language: str, state: str, why: str
) -> None:
    page = words(site.get(f"/mail?lang={language}"))

    assert state in page
    assert why not in page
    assert "in quarantine" not in page


@pytest.mark.parametrize(
    ("language", "said", "none"),
    [
        ("en", "Only read, because this partner is being observed: 2.", "There are none."),
        ("ru", "Только прочитано, потому что за партнёром наблюдаем: 2.", "Таких нет."),
    ],
)
def test_a_partners_page_does_not_call_them_unusable(site: Site, language: str, said: str, none: str) -> None:
    page = words(site.get(f"/partners/minsk?lang={language}"))

    assert said in page
    assert none in page
