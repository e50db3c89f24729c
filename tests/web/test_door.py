# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may look: methods, names of the machine, proxies, passwords, and what every answer carries."""

import http.client
from base64 import b64encode

import pytest

from tests.story.offices import Town
from tests.web.conftest import Site, served

EVERY_PAGE = ("/", "/received", "/sent", "/waiting", "/overdue", "/refused", "/partners", "/mail", "/search", "/no")


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_nothing_but_reading_is_answered(minsk: Site, method: str) -> None:
    answers = {path: minsk.get(path, method=method) for path in EVERY_PAGE}

    assert {answer.status for answer in answers.values()} == {405}
    assert {answer.headers["allow"] for answer in answers.values()} == {"GET, HEAD"}


def test_head_says_what_get_says_without_a_body(minsk: Site) -> None:
    page = minsk.get("/sent", method="HEAD")

    assert (page.status, page.text) == (200, "")


def test_every_answer_forbids_scripts_frames_guessing_and_keeping(minsk: Site) -> None:
    for path in EVERY_PAGE:
        headers = minsk.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; ")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_a_strangers_name_for_this_machine_is_not_answered(minsk: Site) -> None:
    """A page elsewhere could have its name point to 127.0.0.1 and read along."""
    assert minsk.get("/", Host="evil.example").status == 421
    for name in ("localhost.evil.example", "[::1]evil", "localhost:80@evil", "localhost:", ""):
        assert minsk.get("/", Host=name).status == 421
    assert [minsk.get("/", Host=name).status for name in ("localhost:1", "127.0.0.1", "[::1]:8025")] == [200] * 3


def test_a_password_lets_in_and_nothing_else_does(offices: Town) -> None:
    with served(offices.minsk, user="clerk", password="отопри:дверь") as site:
        wrong = [
            site.get("/"),
            site.get("/", Authorization=basic("clerk", "")),
            site.get("/", Authorization=basic("clerk", "отопри")),
            site.get("/", Authorization=basic("", "отопри:дверь")),
            site.get("/", Authorization="Basic !!!"),
            site.get("/", Authorization="Bearer " + basic("clerk", "отопри:дверь").partition(" ")[2]),
        ]
        right = site.get("/", Authorization=basic("clerk", "отопри:дверь"), Host="journal.example")

    assert [page.status for page in wrong] == [401] * 6
    assert wrong[0].headers["www-authenticate"].startswith("Basic ")
    assert right.status == 200


def test_a_header_is_believed_from_the_proxy_alone(offices: Town) -> None:
    proxy = {"trusted_header": "X-Forwarded-User", "trusted_proxies": ("192.0.2.7",)}
    with served(offices.minsk, **proxy) as elsewhere:
        stranger = elsewhere.get("/", X_Forwarded_User="clerk", X_Forwarded_For="192.0.2.7", Forwarded="for=192.0.2.7")
    with served(offices.minsk, **{**proxy, "trusted_proxies": ("127.0.0.0/8",)}) as here:
        named, nobody, blank = (
            here.get("/", X_Forwarded_User="clerk"),
            here.get("/"),
            here.get("/", X_Forwarded_User=""),
        )

    assert [page.status for page in (stranger, named, nobody, blank)] == [403, 200, 403, 403]


def test_a_header_that_stands_twice_is_not_believed(offices: Town) -> None:
    """One of the two may be the visitor's own."""
    proxy = {"trusted_header": "X-Forwarded-User", "trusted_proxies": ("127.0.0.1",)}
    with served(offices.minsk, **proxy) as site:
        line = http.client.HTTPConnection("127.0.0.1", site.port)
        line.putrequest("GET", "/")
        for user in ("clerk", "somebody"):
            line.putheader("X-Forwarded-User", user)
        line.endheaders()
        status = line.getresponse().status
        line.close()

    assert status == 403
