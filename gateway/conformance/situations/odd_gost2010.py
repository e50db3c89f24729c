# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd notifications of GOST R 53898-2010: two spellings, codes that mean two things, a message that comes back."""

from gateway.conformance.situations.odd import Odd, Table, received, refused, registered
from gateway.errors import Reason

RESULT = "<AckResult .*</AckResult>"
NUMBER = '<RegNumber regdate="[^"]*">[^<]*</RegNumber>'


def code(kind: int, number: str, *, words: str = "Нет.") -> tuple[tuple[str, str], ...]:
    """Return the changes that make a notification of *kind* with the result *number* of a registration's."""
    return (
        (NUMBER, ""),
        (RESULT, f'<AckResult errorcode="{number}">{words}</AckResult>'),
        ('ack_type="2"', f'ack_type="{kind}"'),
    )


TABLE: Table = {
    "return-id-lost": Odd(
        "A notification that names no message is about nothing.",
        registered((' msg_id="@RETURN-ID@"', ' msg_id=""')),
        "parked",
        reason=Reason.UNKNOWN_EXCHANGE,
    ),
    "ask-type": Odd("The kind of a notification has two spellings.", registered(("ack_type=", "ask_type="))),
    "dashed-id": Odd("The id of a message may come back with dashes.", registered(("@RETURN-ID@", "@return-id@"))),
    "namespace": Odd(
        "A notification may have a namespace.", registered(("<Header ", '<Header xmlns="urn:kit.example" '))
    ),
    "standard-not-allowed": Odd(
        "Code 1 of acceptance is about the standard.", registered(*code(1, "1")), events=("refused",)
    ),
    "not-registered-here": Odd(
        "The same code of registration is about a category.", registered(*code(2, "1")), events=("refused",)
    ),
    "contradicts-earlier": Odd("Code 40 is about what came earlier.", registered(*code(1, "40")), events=("refused",)),
    "code-of-a-vendor": Odd("A negative code is a vendor's.", registered(*code(2, "-77")), events=("refused",)),
    "code-of-nobody": Odd("A code nobody knows refuses all the same.", registered(*code(1, "99")), events=("refused",)),
    "code-in-words": Odd("What is no number is an error.", registered(*code(1, "OK")), events=("refused",)),
    "no-code": Odd("A result without a code is none against it.", received((' errorcode="0"', "")), receipt=True),
    "no-words": Odd("A result needs no words.", registered(*code(1, "12", words="")), events=("refused",)),
    "several-results": Odd(
        "Several results are one refusal.",
        registered(
            (NUMBER, ""),
            (
                RESULT,
                '<AckResult errorcode="0">1</AckResult><AckResult errorcode="35">2</AckResult>'
                '<AckResult errorcode="20">3</AckResult>',
            ),
        ),
        events=("refused",),
    ),
    "no-result": Odd(
        "A notification without a result is noted.", received(("<AckResult .*</AckResult>", "")), receipt=True
    ),
    "registered-with-a-mistake": Odd(
        "A number and a mistake: registered all the same.",
        registered(('errorcode="0"', 'errorcode="33"')),
        events=("progress", "no refused"),
    ),
    "number-on-delivery": Odd(
        "A number in a notification of delivery is noted.",
        received(("<AckResult ", '<RegNumber regdate="2026-03-11">1</RegNumber><AckResult ')),
        events=("no renumbered",),
        receipt=True,
    ),
    "returned-message": Odd(
        "A message that comes back is not read.",
        refused(
            (
                "</Acknowledgement>",
                '<DocTransfer os="-" type="xml" description="x" transfertype="0">QQ==</DocTransfer></Acknowledgement>',
            )
        ),
        events=("refused",),
    ),
    "unknown-kind": Odd(
        "A notification of a kind nobody knows is laid aside.", registered(('ack_type="2"', 'ack_type="4"')), "parked"
    ),
    "no-zone": Odd("So is one without its zone.", registered(("<Acknowledgement .*</Acknowledgement>", "")), "parked"),
    "impossible-date": Odd("A day that never was is noted.", registered(('regdate="[^"]*"', 'regdate="2026-02-30"'))),
    "date-of-the-text": Odd(
        "A date may be written as the text has it.", registered(('regdate="[^"]*"', 'regdate="11.03.2026"'))
    ),
    "no-number": Odd("Registered, but without a number, is registered.", registered((NUMBER, ""))),
}
