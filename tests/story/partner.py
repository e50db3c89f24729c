# SPDX-License-Identifier: GPL-3.0-or-later
"""A partner with another product: letters written by hand, with nothing of the gateway's own code."""

from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP

SEV = "http://www.eos.ru/2010/sev"
PDF = b"%PDF-1.4 hand made"


def passport(
    *,
    message_id: str = "0a" * 16,
    return_id: str = "0b" * 16,
    uid: str = "0c" * 16,
    number: str = "77-1",
    on: str = "2026-03-10",
    sender: str = "EX-MOSCOW",
    recipient: str = "EX-MINSK",
    kind: str = "MainDoc",
    document_type: str = "Created",
    author: bool = True,
    addressee: str = "",
    files: Mapping[str, str] | None = None,
    size: str = "1",
    tail: str = "",
) -> str:
    """Return a DocInfo as a partner would write it; *files* maps UniqueName to Description."""
    named = {"letter[1].pdf": "letter.pdf"} if files is None else files
    resources = "".join(f'<Resource UID="{i}" UniqueName="{name}"/>' for i, name in enumerate(named, 1))
    entries = "".join(
        f'<File UID="{i:032x}" ResourceID="{i}" Size="{size}"><Description>{shown}</Description>'
        f"<Extension>.{shown.rpartition('.')[2]}</Extension></File>"
        for i, shown in enumerate(named.values(), 1)
    )
    organisation = f'<Organization UID="{sender}"><ShortName>Partner</ShortName></Organization>'
    registration = f"<RegistrationInfo><Number>{number}</Number><Date>{on}</Date></RegistrationInfo>"
    written_by = f"<Author><Contact>{organisation}</Contact>{registration}</Author>" if author else ""
    us = f'<Organization UID="{recipient}"><ShortName>Us</ShortName></Organization>'
    person = f"<OfficialPerson><FIO>{addressee}</FIO></OfficialPerson>" if addressee else ""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><DocInfo xmlns="{SEV}">'
        f'<Header MessageID="{message_id}" Version="1.0" Time="2026-03-11T10:00:00+03:00" MessageType="{kind}"'
        f' ReturnID="{return_id}" ResourceID="0"><Sender><Contact>{organisation}</Contact>'
        f'<EDMS UID="{"0d" * 16}" Version="1">Other</EDMS></Sender>'
        f"<Recipient><Contact>{us}{person}</Contact></Recipient>"
        f'<ResourceList><Resource UID="0" UniqueName="DocInfo.xml"/>{resources}</ResourceList></Header>'
        f'<DocumentList><Document UID="{uid}" DocumentID="9" Type="{document_type}" MainDocument="true">{registration}'
        f"<Group>Letters</Group><Consists>1</Consists><Annotation>About it</Annotation>{entries}{written_by}"
        f"<Addressee><Contact>{us}{person}</Contact></Addressee></Document></DocumentList>{tail}<Expansion/></DocInfo>"
    )


SUBSCRIPTIONS = (
    '<Subscriptions StopDayCount="30"><Reception Include="{receipt}"/><Registration Include="true"/>'
    '<Forwarding Include="true"/><Consideration Include="true"/><Report Include="true"/>'
    '<Redirection Include="true"/><Answer Include="true"/></Subscriptions>'
)


def letter(
    inside: str | bytes,
    files: Mapping[str, bytes] | None = None,
    *,
    sender: str = "edms@moscow.example",
    name: str = "DocInfo.xml",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return a letter that carries the passport *inside* and *files*, by name."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = "edms@minsk.example"
    mail["Subject"] = "№ 77-1 от 10.03.2026 Letters"
    mail["Message-ID"] = f"<{abs(hash((inside, sender)))}@moscow.example>"
    for key, value in (headers or {}).items():
        mail[key] = value
    mail.set_content("")
    data = inside.encode("utf-8-sig") if isinstance(inside, str) else inside
    mail.add_attachment(data, maintype="application", subtype="xml", filename=name)
    for shown, content in ({"letter[1].pdf": PDF} if files is None else files).items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=shown)
    return mail.as_bytes(policy=SMTP)


def directory(lines: str, *, message_id: str, return_id: str, sender: str = "EX-MOSCOW") -> str:
    """Return a SyncInfo with *lines*, each a SyncContact."""
    organisation = f'<Organization UID="{sender}"><ShortName>Partner</ShortName></Organization>'
    return (
        f'<?xml version="1.0" encoding="utf-8"?><SyncInfo xmlns="{SEV}">'
        f'<Header MessageID="{message_id}" Version="1.0" Time="2026-03-11T12:00:00+03:00" MessageType="MainDoc"'
        f' ReturnID="{return_id}" ResourceID="0"><Sender><Contact>{organisation}</Contact>'
        f'<EDMS UID="{"0d" * 16}" Version="1">Other</EDMS></Sender><Recipient><Contact>'
        f'<Organization UID="EX-MINSK"><ShortName>Us</ShortName></Organization></Contact></Recipient>'
        f'<ResourceList><Resource UID="0" UniqueName="SyncInfo.xml"/></ResourceList></Header>'
        f'<SyncDepartments OperationName="any">{lines}</SyncDepartments></SyncInfo>'
    )


def official(index: str, name: str, *, deleted: bool = False) -> str:
    """Return a SyncContact."""
    return (
        '<SyncContact><Contact><Organization UID="EX-MOSCOW"><ShortName>Partner</ShortName></Organization>'
        f'<OfficialPerson UID="{index}"><FIO>{name}</FIO></OfficialPerson></Contact>'
        f'<ContactInfo Deleted="{str(deleted).lower()}" IdentityCode=""/></SyncContact>'
    )


def report(
    *,
    message_id: str,
    return_id: str,
    uid: str,
    body: str,
    kind: str = "Report",
    sender: str = "EX-MOSCOW",
    documents: str = "",
) -> str:
    """Return a Report passport whose Notification holds *body* after the InitialDoc."""
    organisation = f'<Organization UID="{sender}"><ShortName>Partner</ShortName></Organization>'
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Report xmlns="{SEV}">'
        f'<Header MessageID="{message_id}" Version="1.0" Time="2026-03-11T12:00:00+03:00" MessageType="{kind}"'
        f' ReturnID="{return_id}" ResourceID="0"><Sender><Contact>{organisation}</Contact>'
        f'<EDMS UID="{"0d" * 16}" Version="1">Other</EDMS></Sender><Recipient><Contact>'
        f'<Organization UID="EX-MINSK"><ShortName>Us</ShortName></Organization></Contact></Recipient>'
        f'<ResourceList><Resource UID="0" UniqueName="Report.xml"/></ResourceList></Header>'
        f'<Notification><InitialDoc UID="{uid}"><Number>ИСХ-1</Number><Date>2026-03-11</Date></InitialDoc>{body}'
        f"</Notification>{documents}<Expansion/></Report>"
    )
