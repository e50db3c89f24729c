# SPDX-License-Identifier: GPL-3.0-or-later
"""What our mail server found out about a letter, and everything a stranger may write that looks like it."""

import pytest

from tests.core.test_office import HERE, RESULTS, proven

OURS = "mx.ours.example"
PASS = "dmarc=pass header.from=partner.example"
FAIL = "dmarc=fail header.from=partner.example"

FORGED = {
    "nobody wrote one": (),
    "another server's": (f"mx.evil.example; {PASS}",),
    "our name as a prefix": (f"{OURS}.evil.example; {PASS}",),
    "our name in other letters": (f"MX.ours.example; {PASS}",),
    "our name in a comment": (f"(x) {OURS}; {PASS}",),
    "our name behind a comment without a blank": (f"{OURS}(x); {PASS}",),
    "our name in quotes": (f'"{OURS}"; {PASS}',),
    "our name as a folded second word": (f"mx.evil.example {OURS}; {PASS}",),
    "below our own that says no": (f"{OURS}; {FAIL}", f"{OURS}; {PASS}"),
    "below our own that says nothing": (f"{OURS}; none", f"{OURS}; {PASS}"),
    "between foreign ones, below ours": (f"a.example; {PASS}", f"{OURS}; {FAIL}", f"{OURS}; {PASS}"),
    "the pass in a comment": (f"{OURS}; dmarc=fail ({PASS})",),
    "the pass in a nested comment": (f"{OURS}; spf=pass ((a) ; {PASS}; (b))",),
    "a comment that an escape keeps open": (f"{OURS}; spf=pass (\\) ; {PASS})",),
    "a comment that never closes": (f"{OURS}; {PASS} (",),
    "the pass in a quoted mail address": (f'{OURS}; spf=pass smtp.mailfrom="a; {PASS}; b"@evil.example',),
    "the pass in a quoted reason": (f'{OURS}; dkim=fail reason="x; {PASS}"; dmarc=none',),
    "a quote that an escape keeps open": (f'{OURS}; spf=pass smtp.mailfrom="\\"; {PASS}; "@evil.example',),
    "a quote that never closes": (f'{OURS}; spf=pass smtp.mailfrom="x; {PASS}',),
    "a parenthesis in quotes": (f'{OURS}; spf=pass smtp.mailfrom="("@evil.example; x=")"; dmarc=fail ({PASS})',),
    "two verdicts in one clause": (f"{OURS}; dmarc=fail {PASS}",),
    "the pass as somebody's property": (f"{OURS}; spf=pass smtp.mailfrom=evil.example dmarc=pass {PASS}",),
    "the DMARC that failed beside an aligned DKIM": (f"{OURS}; {FAIL}; dkim=pass header.d=partner.example",),
    "the DMARC that failed beside one that passed": (f"{OURS}; {FAIL}; {PASS}",),
    "the domain given twice": (f"{OURS}; dmarc=pass header.from=evil.example header.from=partner.example",),
    "signed by another domain": (f"{OURS}; dkim=pass header.d=evil.example header.i=@partner.example",),
    "only a mail address that passed SPF": (f"{OURS}; spf=pass smtp.mailfrom=partner.example",),
    "a domain below": (f"{OURS}; dmarc=pass header.from=a.partner.example",),
    "a domain that only begins so": (f"{OURS}; dkim=pass header.d=partner.example.evil.example",),
    "a pass that is no pass": (f"{OURS}; dmarc=passed header.from=partner.example",),
}

GENUINE = {
    "DMARC": (f"{OURS}; {PASS}",),
    "with a version": (f"{OURS} 1; {PASS}",),
    "an aligned signature": (f"{OURS}; dkim=pass (2048-bit key) header.d=partner.example; dmarc=none",),
    "an aligned user": (f"{OURS}; dkim=pass header.i=@Partner.Example",),
    "in quotes": (f'{OURS}; dmarc=pass header.from="partner.example"',),
    "above a forged one": (f"{OURS}; {PASS}", f"{OURS}; {FAIL}"),
    "below a foreign one": ("mx.evil.example; dmarc=fail", f"{OURS}; spf=fail (x;y); {PASS} (p=reject)"),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_verdict_proves_nothing(how: str) -> None:
    """RFC 8601 §5, §7.1: a stranger writes the field himself, or has our server quote him in it."""
    assert not proven(RESULTS, HERE, *(("Authentication-Results", value) for value in FORGED[how]))


@pytest.mark.parametrize("how", GENUINE)
def test_the_verdict_of_our_own_server_proves_the_domain(how: str) -> None:
    """RFC 8601 §2.2: versions, comments, quotes and further methods are no reason to doubt."""
    assert proven(RESULTS, HERE, *(("Authentication-Results", value) for value in GENUINE[how]))


@pytest.mark.parametrize(
    "sender",
    [
        "who@evil.example",
        "them@partner.example.evil.example",
        "them@partner.example, who@evil.example",
        '"them@partner.example" <who@evil.example>',
        "them@partner.example@evil.example",
        "",
    ],
)
def test_a_pass_for_the_partners_domain_lends_itself_to_no_other_sender(sender: str) -> None:
    """USENIX Security 2020, "Composition Kills": the name that passed is not the name that is shown."""
    assert not proven(RESULTS, HERE, ("Authentication-Results", f"{OURS}; {PASS}"), ("From", sender))


def test_signature_headers_of_the_letter_itself_are_never_read() -> None:
    """RFC 6376 §8.2, §8.15: ``l=``, unsigned headers, small keys and replay are our mail server's to judge."""
    signature = "v=1; a=rsa-sha256; d=partner.example; s=x; l=0; h=from; bh=AA==; b=AA=="

    assert not proven(
        RESULTS, HERE, ("DKIM-Signature", signature), ("ARC-Authentication-Results", f"i=1; {OURS}; {PASS}")
    )
    assert not proven(RESULTS, HERE, ("Received-SPF", "pass"), ("X-Authentication-Results", f"{OURS}; {PASS}"))
