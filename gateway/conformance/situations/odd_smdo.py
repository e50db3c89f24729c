# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd acknowledgements of SMDO: numbers the other way round than in GOST, codes by kind, and the router's own.

Numbers of tables are those of docs/standards.md, "SMDO".
"""

from gateway.conformance.situations.odd import Odd, Table, received, registered
from gateway.errors import Reason

RESULT = "<AckResult .*</AckResult>"
INCOMING = "<IncNumber .*?</IncNumber>"
SENDER = '<Sender id="[^"]*"'
ROUTER = (SENDER, '<Sender id="SMDO_DISPATCHER"')


def code(kind: int, number: str, words: str = "Нет.", incoming: str = "") -> tuple[tuple[str, str], ...]:
    """Return the changes that make an acknowledgement of *kind* with the result *number* of a registration's."""
    return (
        (INCOMING, incoming),
        (RESULT, f'<AckResult errorcode="{number}">{words}</AckResult>'),
        ('ack_type="2"', f'ack_type="{kind}"'),
    )


def number(text: str) -> str:
    return f'<IncNumber regdate="2026-03-11">{text}</IncNumber>'


TABLE: Table = {
    "return-id-lost": Odd(
        "An acknowledgement that names no message is known by the number of its document.",
        registered((' msg_id="@RETURN-ID@"', ' msg_id=""'), (INCOMING, number("ВХ-900"))),
        events=("renumbered ВХ-900",),
    ),
    "incoming-number": Odd(
        "The receiver's number is IncNumber; RegNumber is the sender's: not as in GOST.",
        registered((INCOMING, number("ВХ-901"))),
        events=("renumbered ВХ-901",),
    ),
    "no-sender-number": Odd(
        "The sender's own number need not come back.",
        registered(("<RegNumber .*?</RegNumber>", ""), (INCOMING, number("ВХ-902"))),
        events=("renumbered ВХ-902",),
    ),
    "number-with-refusing-words": Odd(
        "The code decides, whatever stands in the number.",
        registered((INCOMING, number("Отказ в регистрации"))),
        events=("no refused",),
    ),
    "small-letters": Odd(
        "Names are compared without case.",
        registered((INCOMING, number("ВХ-903")), ("<IncNumber (.*?)</IncNumber>", r"<incnumber \g<1></incnumber>")),
        events=("renumbered ВХ-903",),
    ),
    "no-incoming-number": Odd("A registration without a number is told in words.", registered((INCOMING, ""))),
    "delivery-refused": Odd("Code -1: the XML cannot be read.", registered(*code(1, "-1")), events=("refused",)),
    "signature-wrong": Odd("Code -21: a signature is wrong.", registered(*code(1, "-21")), events=("refused",)),
    "not-signed": Odd("Code -22: a file is not signed.", registered(*code(1, "-22")), events=("refused",)),
    "not-trusted": Odd("Code -23: a certificate is not trusted.", registered(*code(1, "-23")), events=("refused",)),
    "not-trusted-positive": Odd(
        "One program writes it without its sign.", registered(*code(1, "23")), events=("refused",)
    ),
    "catch-all": Odd("Code 999 is somebody's for everything.", registered(*code(1, "999")), events=("refused",)),
    "not-subject": Odd(
        "Code 1 of registration: it is not subject to it.",
        registered(*code(2, "1", incoming=number("Регистрации не подлежит"))),
        events=("refused",),
    ),
    "declined": Odd(
        "Code 2 of registration: it is refused.",
        registered(*code(2, "2", incoming=number("Отказ от регистрации"))),
        events=("refused",),
    ),
    "distrusted": Odd(
        "Code 3 of registration: the signature is not trusted.", registered(*code(2, "3")), events=("refused",)
    ),
    "unknown-refusal": Odd(
        "A code nobody knows refuses all the same.", registered(*code(2, "17")), events=("refused",)
    ),
    "first-mistake-counts": Odd(
        "Of several results the first mistake counts.",
        registered(
            (INCOMING, ""),
            (RESULT, '<AckResult errorcode="0">1</AckResult><AckResult errorcode="2">2</AckResult>'),
        ),
        events=("refused",),
    ),
    "code-in-words": Odd(
        "What is no code is none against it, as the widespread client has it.",
        received(('errorcode="0"', 'errorcode="ноль"')),
        events=("no refused",),
        receipt=True,
    ),
    "no-result": Odd("An acknowledgement without a result is noted.", received((RESULT, "")), receipt=True),
    "returned-message": Odd(
        "A message that comes back is left out.",
        registered(
            *code(1, "-1"),
            ("</Acknowledgement>", "<DocTransfer name='x'><Data>QQ==</Data></DocTransfer></Acknowledgement>"),
        ),
        events=("refused",),
    ),
    "notice": Odd("A notice of a user is words.", registered(*code(4, "0", "Звонили.")), events=("progress",)),
    "reserved-kind": Odd("The reserved kind is words.", registered(*code(3, "0", "Вид 3.")), events=("progress",)),
    "unknown-kind": Odd("So is a kind nobody knows.", registered(*code(7, "0", "Вид 7.")), events=("progress",)),
    "wrong-kind-of-message": Odd(
        "What stands in a message counts, not the number of its kind.", registered(('msg_type="0"', 'msg_type="1"'))
    ),
    "impossible-date": Odd(
        "A day that never was is noted.", registered(('<IncNumber regdate="[^"]*"', '<IncNumber regdate="2026-02-30"'))
    ),
    # --- the router, table 1.3
    "router-core": Odd(
        "The router tells that the core has it.",
        registered(ROUTER, *code(100, "0", "")),
        events=("progress", "no received"),
    ),
    "router-handed-over": Odd(
        "And that the addressee got it.", registered(ROUTER, *code(101, "0", "")), events=("progress", "no received")
    ),
    "router-gap": Odd(
        "A kind that its list leaves out is words.",
        registered(ROUTER, *code(102, "0", "Вид 102.")),
        events=("progress",),
    ),
    "router-errors": Odd(
        "The router tells that the core found mistakes.", registered(ROUTER, *code(103, "0")), events=("refused",)
    ),
    "router-blocked": Odd(
        "Or that the addressee is blocked.", registered(ROUTER, *code(104, "0")), events=("refused",)
    ),
    "router-old-format": Odd(
        "Or that the package is of an old format.", registered(ROUTER, *code(105, "0")), events=("refused",)
    ),
    "router-by-another-code": Odd(
        "The router has another name in the newer channel.",
        registered((SENDER, '<Sender id="ROUTER"'), *code(101, "0", "Передано.")),
        events=("progress",),
    ),
    "router-of-nothing": Odd(
        "The router speaks only of what went.",
        registered(ROUTER, *code(103, "0"), ("@RETURN-ID@", "6d0b7e14-7a52-4f0c-9b75-2f41aa000099")),
        "parked",
        reason=Reason.UNKNOWN_EXCHANGE,
    ),
    "router-by-a-neighbour": Odd(
        "And only by the way that it went.",
        registered(ROUTER, *code(103, "0")),
        "parked",
        reason=Reason.UNKNOWN_EXCHANGE,
        by_strict=True,
    ),
    "directory": Odd(
        "A notice that a directory changed is laid aside.",
        registered(
            (SENDER, '<Sender id="pkinci"'),
            ("<Acknowledgement .*</Acknowledgement>", "<Datadir type='acknowledgement'>[6d0b7e14]</Datadir>"),
        ),
        "parked",
        reason=Reason.UNSUPPORTED,
    ),
}
