# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses: one reading that nobody can bend, or none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.address import Address, addresses, parse, same


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("Clerk.One+tag@North.EXAMPLE", "Clerk.One+tag", "north.example"),
        ("clerk@почта.test", "clerk", "xn--80a1acny.test"),
        ("clerk@xn--80a1acny.test", "clerk", "xn--80a1acny.test"),
        ("clerk@host.local", "clerk", "host.local"),
        ("clerk@localhost", "clerk", "localhost"),
        ("clerk@mailhost", "clerk", "mailhost"),
        ("почта@north.example", "почта", "north.example"),
    ],
)
def test_a_plain_address_is_understood(text: str, local: str, domain: str) -> None:
    assert parse(text) == Address(local, domain)
    assert str(parse(text)) == f"{local}@{domain}"


@pytest.mark.parametrize(
    "text",
    [
        *("", "clerk", "@north.example", "clerk@", "a b@north.example", "clerk@north..example", "clerk@-a.example"),
        *("Clerk <clerk@north.example>", "<clerk@north.example>", '"a b"@north.example', "clerk@[127.0.0.1]"),
        *("clerk@north.example\r\nBcc: x@y.test", "clerk@north.example ", "a@b@north.example", "clerk@x.invalid"),
        *("clerk@x.onion", ".a@north.example", "a\0@b.test", "x" * 65 + "@north.example"),
    ],
)
def test_what_is_not_plainly_an_address_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="is not an e-mail address"):
        parse(text)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("a@North.example", "a@north.EXAMPLE", True),
        ("a@почта.test", "a@xn--80a1acny.test", True),
        ("A@north.example", "a@north.example", False),
        ("a+x@north.example", "a@north.example", False),
        ("а@north.example", "a@north.example", False),
        ("nonsense", "nonsense", False),
    ],
)
def test_addresses_are_the_same_by_domain_without_case_and_local_part_exactly(
    one: str, other: str, equal: bool
) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a@x.example", ("a@x.example",)),
        ("<a@x.example>", ("a@x.example",)),
        ("Ann Other <a@x.example>, b@y.example", ("a@x.example", "b@y.example")),
        ('"Other, Ann" <a@x.example>', ("a@x.example",)),
        ('"b@y.example" <a@x.example>', ("a@x.example",)),
        ('"<b@y.example>" <a@x.example>', ("a@x.example",)),
        ("A. N. Other <a@x.example> (a comment, b@y.example)", ("a@x.example",)),
        ("(x (nested)) a@x.example", ("a@x.example",)),
        ("Team: a@x.example, B <b@y.example>;", ("a@x.example", "b@y.example")),
        ("Team:;, a@x.example", ("a@x.example",)),
        (" , a@x.example,", ("a@x.example",)),
        ("Имя <a@X.example>", ("a@x.example",)),
        ("undisclosed-recipients:;", ()),
        ("", ()),
        ("alice@example.org)bob@evil.example", ()),
        ("alice@example.org(<bob@evil.example>", ()),
        ("alice@example.org <bob@evil.example>", ()),
        ("<alice@example.org> <bob@evil.example>", ()),
        ("<alice@example.org>, bob@evil.example junk", ()),
        ("alice@example.org bob@evil.example", ()),
        ("alice@example.org(comment)@evil.example", ()),
        ('"Alice" bob@evil.example', ()),
        ("<alice@example.org> bob@evil.example", ()),
        ('"alice@example.org', ()),
        ('"alice"@example.org', ()),
        ("alice@example.org\0, bob@evil.example", ()),
        ("<@relay.example:alice@example.org>", ()),
        ("alice@(x)example.org", ()),
        ("a: b: alice@example.org;;", ()),
        ("a: alice@example.org", ()),
        ("alice@example.org;", ()),
        ("[alice@example.org] <bob@evil.example>", ()),
        ("alice@example.org\\, <bob@evil.example>", ()),
    ],
)
def test_an_address_field_yields_exactly_its_addresses_or_nothing(value: str, found: tuple[str, ...]) -> None:
    """CVE-2023-27043; USENIX Security 2020, “Composition Kills”."""
    assert addresses(value) == found


@settings(max_examples=300, deadline=None)
@given(st.text('a@x.é,;:<>()"\\ \0', max_size=30))
def test_no_address_field_raises_and_whatever_is_found_parses_again(value: str) -> None:
    found = addresses(value)

    assert tuple(str(parse(each)) for each in found) == found
