# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail servers' notices in every layout we know of, written from the formats, for any letter and recipient."""

from base64 import b64encode
from collections.abc import Callable

from tests.mail.letters import crlf

Notice = Callable[[str, str], bytes]  # of a letter's Message-ID and its recipient

WORDS = "550 5.1.1 no such mailbox"


def report(*parts: bytes, head: tuple[str, ...] = (), kind: str = "report; report-type=delivery-status") -> bytes:
    """Return a notice of *parts*, each a header block and a body."""
    lines = ("From: MAILER-DAEMON@relay.example", "To: edms@minsk.example", "Subject: Undelivered", *head)
    top = crlf(*lines, "MIME-Version: 1.0", f'Content-Type: multipart/{kind}; boundary="b"', "")
    return top + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def people(*lines: str) -> bytes:
    return crlf("Content-Type: text/plain; charset=utf-8", "", *lines)


def status(*groups: tuple[str, ...], media_type: str = "message/delivery-status", envelope_id: str = "") -> bytes:
    lines = ["Reporting-MTA: dns; relay.example", *([f"Original-Envelope-Id: {envelope_id}"] if envelope_id else [])]
    for group in groups:
        lines += ["", *group]
    return crlf(f"Content-Type: {media_type}", "", *lines)


def failed(recipient: str, **more: str) -> tuple[str, ...]:
    return told(recipient, "failed", "5.1.1", **more)


def told(
    recipient: str, action: str, code: str, *, words: str = f"smtp; {WORDS}", kind: str = "rfc822"
) -> tuple[str, ...]:
    return (
        f"Final-Recipient: {kind}; {recipient}",
        f"Action: {action}",
        f"Status: {code}",
        f"Diagnostic-Code: {words}",
    )


def headers(message_id: str, media_type: str = "text/rfc822-headers") -> bytes:
    return crlf(f"Content-Type: {media_type}", "", "Received: from a", f"Message-ID: <{message_id}>", "Subject: x", "")


def whole_letter(message_id: str, media_type: str = "message/rfc822") -> bytes:
    return headers(message_id, media_type) + crlf("The text speaks of Message-ID: <0@elsewhere.example>")


def prose(*lines: str, head: tuple[str, ...] = ()) -> bytes:
    return crlf("From: Mail System <MAILER-DAEMON@relay.example>", "To: edms@minsk.example", *head, "", *lines)


def postfix(message_id: str, recipient: str) -> bytes:
    original = (failed(recipient)[0], f"Original-Recipient: rfc822;{recipient}", *failed(recipient)[1:])
    return report(people("This is the mail system at host relay.example."), status(original), whole_letter(message_id))


def postfix_headers_only(message_id: str, recipient: str) -> bytes:
    return report(people("This is the mail system."), status(failed(recipient)), headers(message_id))


def exim_standard(message_id: str, recipient: str) -> bytes:
    fields = failed(recipient)
    group = (fields[1], fields[0], *fields[2:])  # Exim says Action first
    return report(
        people("This message was created automatically by mail delivery software."),
        status(group),
        whole_letter(message_id),
        head=(f"X-Failed-Recipients: {recipient}", "Auto-Submitted: auto-replied"),
    )


def exim_prose(message_id: str, recipient: str) -> bytes:
    return prose(
        "This message was created automatically by mail delivery software.",
        "",
        "A message that you sent could not be delivered to one or more of its",
        "recipients. This is a permanent error. The following address(es) failed:",
        "",
        f"  {recipient}",
        f"    SMTP error from remote mail server after RCPT TO:<{recipient}>:",
        f"    host mx.moscow.example [192.0.2.9]: {WORDS}",
        "",
        "------ This is a copy of the message, including all the headers. ------",
        "",
        "Return-path: <edms@minsk.example>",
        f"Message-ID: <{message_id}>",
        "",
        "text",
        head=(f"X-Failed-Recipients: {recipient}",),
    )


def gmail_prose(message_id: str, recipient: str) -> bytes:
    return prose(
        "Delivery to the following recipient failed permanently:",
        "",
        f"     {recipient}",
        "",
        f"The error that the other server returned was: {WORDS}",
        "",
        "----- Original message -----",
        "",
        "X-Received: by 10.0.0.1 with SMTP id x",
        f"Message-ID: <{message_id}>",
        "",
        "text",
        head=(f"X-Failed-Recipients: {recipient}",),
    )


def gmail(message_id: str, recipient: str) -> bytes:
    alternative = crlf('Content-Type: multipart/alternative; boundary="c"', "") + (
        b"--c\r\n" + people("Address not found") + b"--c\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--c--\r\n"
    )
    replied = (f"In-Reply-To: <{message_id}>", f"References: <{message_id}>")
    return report(alternative, status(failed(recipient)), whole_letter(message_id), head=replied)


def qmail(message_id: str, recipient: str) -> bytes:
    return prose(
        "Hi. This is the qmail-send program at relay.example.",
        "I'm afraid I wasn't able to deliver your message to the following addresses.",
        "This is a permanent error; I've given up. Sorry it didn't work out.",
        "",
        f"<{recipient}>:",
        "192.0.2.9 does not like recipient.",
        f"Remote host said: {WORDS}",
        "",
        "--- Below this line is a copy of the message.",
        "",
        "Return-Path: <edms@minsk.example>",
        f"Message-ID: <{message_id}>",
        "",
        "text",
    )


def exchange(message_id: str, recipient: str) -> bytes:
    html = crlf("Content-Type: text/html; charset=utf-8", "", "<p>Доставка не удалась</p>")
    diagnostic = f"smtp;{WORDS} #SMTP#"
    return report(html, status(failed(recipient, words=diagnostic)), headers(message_id, "message/rfc822"))


def exchange_reply(message_id: str, recipient: str) -> bytes:
    replied = (f"In-Reply-To: <{message_id}>",)
    return report(people("Ваше сообщение не доставлено"), status(failed(recipient)), head=replied)


def sendmail(message_id: str, recipient: str) -> bytes:
    group = (failed(recipient)[0], "Action: failed", "Status: 5.1.1", "Remote-MTA: DNS; mx.moscow.example")
    diagnostic = (f"Diagnostic-Code: SMTP; {WORDS}", "Last-Attempt-Date: Wed, 11 Mar 2026 10:00:00 GMT")
    return report(people("   ----- Transcript -----"), status((*group, *diagnostic)), headers(message_id))


def sendmail_prose(message_id: str, recipient: str) -> bytes:
    return prose(
        "The original message was received at Wed, 11 Mar 2026 10:00:00 GMT",
        "",
        "   ----- The following addresses had permanent fatal errors -----",
        f"<{recipient}>",
        "",
        "   ----- Transcript of session follows -----",
        f"... while talking to mx.moscow.example.:\r\n>>> RCPT To:<{recipient}>\r\n<<< {WORDS}",
        "",
        "   ----- Original message follows -----",
        "",
        "Return-Path: <edms@minsk.example>",
        f"Message-ID: <{message_id}>",
        "",
        "text",
    )


def domino(message_id: str, recipient: str) -> bytes:
    group = failed(recipient, words=f"X-Notes; {WORDS}")
    return report(
        people("Your message was not delivered"),
        status(group, media_type="message/delivery-status"),
        (whole_letter(message_id)),
    )


def international(message_id: str, recipient: str) -> bytes:
    return report(
        people("Не доставлено"),
        status(failed(recipient, kind="utf-8"), media_type="message/global-delivery-status"),
        headers(message_id, "message/global-headers"),
    )


def in_base64(message_id: str, recipient: str) -> bytes:
    plain = status(failed(recipient)).partition(b"\r\n\r\n")[2]
    encoded = crlf("Content-Type: message/delivery-status", "Content-Transfer-Encoding: base64", "", b64encode(plain))
    return report(people("Sorry"), encoded, headers(message_id))


def groups_in_base64(message_id: str, recipient: str) -> bytes:
    """A filter on the way encoded the groups inside the part."""
    group = b64encode(crlf(*failed(recipient)))
    lines = ("Reporting-MTA: dns; relay.example", "Content-Transfer-Encoding: base64", "", group)
    encoded = crlf("Content-Type: message/delivery-status", "", *lines)
    return report(people("Sorry"), encoded, headers(message_id))


def without_blank_lines(message_id: str, recipient: str) -> bytes:
    fields = ("Reporting-MTA: dns; relay.example", *failed(recipient))
    return report(people("Sorry"), crlf("Content-Type: message/delivery-status", "", *fields), headers(message_id))


def with_an_envelope_id_only(message_id: str, recipient: str) -> bytes:
    return report(people("Sorry"), status(failed(recipient), envelope_id=message_id.replace("@", "+40")))


def delayed_and_failed(message_id: str, recipient: str) -> bytes:
    groups = (told("somebody@moscow.example", "delayed", "4.4.1"), failed(recipient))
    return report(people("Sorry"), status(*groups), headers(message_id))


FAILURES: dict[str, Notice] = {
    "postfix": postfix,
    "postfix, headers only": postfix_headers_only,
    "exim": exim_standard,
    "exim, prose": exim_prose,
    "gmail": gmail,
    "gmail, prose": gmail_prose,
    "qmail": qmail,
    "exchange, localised": exchange,
    "exchange, a reply": exchange_reply,
    "sendmail": sendmail,
    "sendmail, prose": sendmail_prose,
    "domino": domino,
    "beyond ascii (RFC 6533)": international,
    "status in base64": in_base64,
    "groups in base64": groups_in_base64,
    "status without blank lines": without_blank_lines,
    "envelope id only": with_an_envelope_id_only,
    "delayed for one, failed for ours": delayed_and_failed,
}


def delay(message_id: str, recipient: str) -> bytes:
    group = told(recipient, "delayed", "4.4.1", words="smtp; 451 busy")
    return report(people("Not yet"), status(group), headers(message_id))


def success(message_id: str, recipient: str, action: str = "delivered") -> bytes:
    group = told(recipient, action, "2.0.0", words="smtp; 250 2.0.0 taken")
    return report(people("Done"), status(group), headers(message_id))


def exim_warning(message_id: str, recipient: str) -> bytes:
    return prose(
        "This message was created automatically by mail delivery software.",
        "A message that you sent has not yet been delivered to one or more of its",
        "recipients after more than 24 hours on the queue on relay.example.",
        "",
        "The address to which the message has not yet been delivered is:",
        "",
        f"  {recipient}",
        "",
    )


def out_of_office(message_id: str, recipient: str) -> bytes:
    return crlf(f"From: {recipient}", f"In-Reply-To: <{message_id}>", "Auto-Submitted: auto-replied", "", "I am away.")


def was_read(message_id: str, recipient: str) -> bytes:
    about = f"Final-Recipient: rfc822;{recipient}\r\nOriginal-Message-ID: <{message_id}>\r\nDisposition: x; displayed"
    kind = "report; report-type=disposition-notification"
    return report(people("Read"), crlf("Content-Type: message/disposition-notification", "", about), kind=kind)


def forwarded_by_a_person(message_id: str, recipient: str) -> bytes:
    return report(people("See below"), status(failed(recipient)), headers(message_id), kind="mixed")


def quoted_by_a_person(message_id: str, recipient: str) -> bytes:
    return qmail(message_id, recipient).replace(b"Mail System <MAILER-DAEMON@relay.example>", b"clerk@moscow.example")


def contradicting_itself(message_id: str, recipient: str) -> bytes:
    return report(people("?"), status(told(recipient, "failed", "2.0.0")), headers(message_id))


def without_a_fate(message_id: str, recipient: str) -> bytes:
    return report(people("?"), status((f"Final-Recipient: rfc822; {recipient}",)), headers(message_id))


NOT_NOTICES: dict[str, Notice] = {
    "out of office": out_of_office,
    "read receipt": was_read,
    "forwarded by a person": forwarded_by_a_person,
    "quoted by a person": quoted_by_a_person,
    "contradicts itself": contradicting_itself,
    "says nothing": without_a_fate,
}
