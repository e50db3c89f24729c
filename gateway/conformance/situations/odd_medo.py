# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd notifications and receipts of MEDO: every type, both spellings, both namespaces, and the receipts of nodes.

Sections are those of docs/standards.md, "MEDO".
"""

from gateway.conformance.situations.odd import Odd, Table, Write, received, refused, registered
from gateway.conformance.situations.passports import body_of, utf8
from gateway.errors import Reason

ACCEPTED = "<c:accepted>true</c:accepted>"
EVENT = "<c:documentAccepted>.*</c:documentAccepted>"
TIME = "<c:time>2026-03-11T10:00:00+03:00</c:time>"
IEDMS = "http://www.infpres.com/IEDMS"
NODE = (
    "<c:accepted>false</c:accepted><c:errorCode>248</c:errorCode>"
    "<c:errorFileMessage>originalMessage.zip</c:errorFileMessage>"
)


def event(kind: str, content: str) -> Write:
    """Return a notification of another *kind*."""
    return registered(('c:type="Зарегистрирован"', f'c:type="{kind}"'), (EVENT, content))


def reason(words: str, comment: str = "") -> Write:
    """Return a refusal for a reason of the list."""
    said = f"<c:comment>{comment}</c:comment>" if comment else ""
    return refused(("<c:reason>[^<]*", f"<c:reason>{words}"), ("<c:comment>.*?</c:comment>", said))


def _older(version: str, *pairs: tuple[str, str]) -> Write:
    """Return a registration in the namespace of versions before 2.7.1."""
    return registered(('c:version="[^"]*"', f'c:version="{version}"'), ("urn:IEDMS:MESSAGE", IEDMS), *pairs)


TABLE: Table = {
    "return-id-lost": Odd(
        "A notification without the id of its message is known by the document's uid.",
        registered((' c:mid="[^"]*"', "")),
    ),
    "uid-of-the-message": Odd(
        "Some products put the id of the message in the place of the document's uid.",
        registered((' c:mid="[^"]*"', ""), ('c:uid="@uid@" c:id="@UID@"', 'c:uid="@return-id@"')),
    ),
    "zero-mid": Odd(
        "Zeros name no message: the uid does.",
        registered(('c:mid="[^"]*"', 'c:mid="00000000-0000-0000-0000-000000000000"')),
    ),
    "wrong-mid": Odd(
        "An id of no message of theirs is passed over for the uid.",
        registered(('c:mid="[^"]*"', 'c:mid="6d0b7e14-7a52-4f0c-9b75-2f41aa000099"')),
    ),
    "older-namespace": Odd("The namespace before 2.7.1 is the same format.", _older("2.6")),
    "version-1.0": Odd("Live notifications call themselves 1.0.", _older("1.0", (' c:mid="[^"]*"', ""))),
    "no-version": Odd("Or nothing.", _older("", (' c:mid="[^"]*"', ""))),
    "bare-attributes": Odd(
        "Attributes may stand in no namespace.",
        lambda t: utf8(body_of(t.said(t.stands.registered())).replace(" c:", " ")),
    ),
    "no-delivery-index": Odd(
        "Whom it is for need not be listed.", registered(("<c:deliveryIndex>.*</c:deliveryIndex>", ""))
    ),
    "wrong-type": Odd(
        "What a message holds counts, not its type.", registered(('c:type="Уведомление"', 'c:type="Документ"'))
    ),
    "no-foundation": Odd(
        "The number of the document need not come back.", registered(("<c:foundation>.*?</c:foundation>", ""))
    ),
    "impossible-date": Odd(
        "A day that never was is noted.",
        registered(("(</c:correspondent><c:num><c:number>[^<]*</c:number><c:date>)[^<]*", r"\g<1>2026-02-31")),
    ),
    "impossible-time": Odd(
        "So is a moment that never was.", registered(("<c:time>[^<]*", "<c:time>2026-02-31T25:61:00"))
    ),
    "state-registration": Odd(
        "A state registration is no registration by the addressee.",
        registered(('c:type="Зарегистрирован"', 'c:type="Государственная регистрация"')),
        events=("progress", "no renumbered"),
    ),
    "published": Odd(
        "A publication is told in words.",
        event(
            "Опубликование",
            f"<c:documentPublished>{TIME}<c:num><c:number>77</c:number><c:date>2026-03-11T08:00:00</c:date></c:num>"
            "<c:publicationPoint>Вестник</c:publicationPoint></c:documentPublished>",
        ),
        events=("progress",),
    ),
    "prepared": Odd(
        "So is a draft of the answer.",
        event(
            "Доклад подготовлен",
            f"<c:reportPrepared>{TIME}<c:signatory><c:person>Ветров О. И.</c:person>"
            "<c:signed>2026-03-12</c:signed></c:signatory></c:reportPrepared>",
        ),
        events=("progress",),
    ),
    "prepared-misspelt": Odd(
        "Also as the description misspells it.",
        event(
            "Доклад подготовлен",
            f"<c:reportPepared>{TIME}<c:signatory><c:person>Кленов П. П.</c:person>"
            "<c:signed>2026-03-13</c:signed></c:signatory></c:reportPepared>",
        ),
        events=("progress",),
    ),
    "course": Odd(
        "So is any other news.",
        event("Исполнение", f"<c:courseChanged>{TIME}<c:courseText>Передано в архив</c:courseText></c:courseChanged>"),
        events=("progress",),
    ),
    "unknown-kind": Odd(
        "A type nobody knows is kept in words.",
        event("Исполнение услуги", f"<c:serviceDone>{TIME}<c:text>Готово</c:text></c:serviceDone>"),
        events=("progress",),
    ),
    "type-of-another": Odd(
        "What stands in a notification counts, not its type.",
        registered(('c:type="Зарегистрирован"', 'c:type="Исполнение"')),
        events=("no progress",),
    ),
    # --- refusals, 2.7
    "reason-short": Odd("A reason of the short list refuses.", reason("Нет подписи"), events=("refused",)),
    "reason-long": Odd(
        "So does one of the long list.", reason("Текст неразборчив", "Листы 2 и 3"), events=("refused",)
    ),
    "reason-free": Odd("So does one of nobody's list.", reason("Просто так"), events=("refused",)),
    "reason-empty": Odd("So does none at all.", reason(""), events=("refused",)),
    # --- receipts, 2.8
    "receipt-flag": Odd(
        "A flag may be a digit.",
        received((ACCEPTED, "<c:accepted>1</c:accepted>")),
        events=("no refused",),
        receipt=True,
    ),
    "receipt-flag-unknown": Odd(
        "A flag that is neither says nothing.",
        received((ACCEPTED, "<c:accepted>да</c:accepted>")),
        "parked",
        reason=Reason.BAD_PASSPORT,
        receipt=True,
    ),
    "receipt-without-time": Odd(
        "A receipt may not say when it was made.", received((' c:created="[^"]*"', "")), receipt=True
    ),
    "receipt-without-a-name": Odd(
        "The name of its sender may be empty.",
        received(("<c:organization>[^<]*</c:organization>", "<c:organization/>")),
        receipt=True,
    ),
    "receipt-of-an-older-version": Odd(
        "A receipt of the postal product has no version.",
        received(('c:version="[^"]*"', 'c:version=""'), ("urn:IEDMS:MESSAGE", IEDMS)),
        receipt=True,
    ),
    "receipt-with-hashes": Odd(
        "Hash sums in a receipt are no obstacle.",
        received(
            (
                "</c:acknowledgment>",
                "<c:hashCodes><c:item><c:name>a.pdf</c:name><c:code>0A0B</c:code></c:item></c:hashCodes></c:acknowledgment>",
            )
        ),
        receipt=True,
    ),
    "not-accepted": Odd(
        "A receipt that says no refuses.",
        received((ACCEPTED, "<c:accepted>false</c:accepted><c:comment>Нет файла</c:comment>")),
        events=("refused",),
        receipt=True,
    ),
    "not-accepted-digit": Odd(
        "Also as a digit.", received((ACCEPTED, "<c:accepted>0</c:accepted>")), events=("refused",), receipt=True
    ),
    "node-error": Odd(
        "A node that could not deliver refuses, with a code of its own.",
        received(
            ("<c:acknowledgment ", '<c:acknowledgment c:content="MEDOErrorAcknowledgment" '),
            (ACCEPTED, f"{NODE}<c:comment>Истёк срок</c:comment>"),
        ),
        events=("refused",),
        receipt=True,
    ),
    "node-error-unread": Odd(
        "One that could not even read the message names none.",
        received(
            (
                '<c:acknowledgment c:uid="[^"]*"',
                '<c:acknowledgment c:uid="00000000-0000-0000-0000-000000000000" c:content="MEDOErrorAcknowledgment"',
            ),
            (ACCEPTED, NODE),
        ),
        "parked",
        reason=Reason.UNKNOWN_EXCHANGE,
    ),
}
