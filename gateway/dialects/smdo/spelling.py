# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of elements and attributes as the format prints them, whatever a sender made of them.

QUIRK: live programs compare names without case, write `Adres`, `TaskDate` and `taskdate`, and hand on a specification
that spells `postсode` with a Cyrillic letter.  Reading sees printed names only; what was spelt otherwise is noted.
"""

from lxml import etree

from gateway.dialects.tree import Element

ELEMENTS = (
    *("Envelop", "Header", "Sender", "Receiver", "Integrity", "Body", "Document", "TaskList", "AddDocuments"),
    *("Expansion", "Acknowledgement", "Datadir", "Controlset", "Varset", "Supplement", "Version", "Date"),
    *("RegNumber", "DocParent", "Confident", "Referred", "DocNumber", "DocTransfer", "RegHistory", "Author"),
    *("Validator", "Writer", "OutNumber", "Task", "TaskNumber", "AuthorOrganization", "Executor", "Folder", "Note"),
    *("IncNumber", "AckResult", "Data", "Signature", "Organization", "OrganizationOnly", "OrganizationWithSign"),
    *("OfficialPerson", "OfficialPersonWithSign", "PrivatePerson", "PrivatePersonWithSign", "Name", "Official"),
    *("Rank", "Address", "Econtact", "SignDate"),
)
ATTRIBUTES = (
    *("type", "msg_id", "dtstamp", "subject", "msg_type", "msg_acknow", "id", "name", "sys_id", "system"),
    *("system_details", "idnumber", "kind", "pages", "title", "annotation", "collection", "regdate", "delivery_type"),
    *("lastmsg_id", "parmsg_id", "parorg_id", "flag", "numcopy", "retype", "attestation", "task_reg", "task_copy"),
    *("task_text", "deadline", "taskDate", "responsible", "task_specified", "contents", "add_type", "ack_type"),
    *("errorcode", "os", "type_ver", "char_set", "description", "ordernum", "created", "modified", "referenceid"),
    *("signer", "signtime", "keyid", "operation_type", "orig_signature", "organization_string", "fullname"),
    *("shortname", "ownership", "inn", "doc_kind", "doc_num", "doc_org", "doc_date", "secname", "firstname"),
    *("fathersname", "department", "post", "separator", "street", "house", "building", "flat", "settlement"),
    *("district", "region", "country", "postcode", "postbox", "nontypical", "notes"),
)
_ALIASES = {"adres": "Address", "envelope": "Envelop"}
_LIKE_LATIN = str.maketrans("авсеіјкмнорѕтухАВСЕІЈКМНОРЅТУХ", "abceijkmhopstyxABCEIJKMHOPSTYX")
_PRINTED = frozenset(ELEMENTS)
_PRINTED_ATTRIBUTES = frozenset(ATTRIBUTES)
_BY_SOUND = {name.lower(): name for name in ELEMENTS} | _ALIASES
_ATTRIBUTE_BY_SOUND = {name.lower(): name for name in ATTRIBUTES}


def printed(name: str) -> str:
    """Return the name of an element as the format prints it; one that the format does not have as it is."""
    return name if name in _PRINTED else _BY_SOUND.get(name.translate(_LIKE_LATIN).lower(), name)


def printed_attribute(name: str) -> str:
    if name in _PRINTED_ATTRIBUTES:
        return name
    return _ATTRIBUTE_BY_SOUND.get(name.translate(_LIKE_LATIN).lower(), name)


def respell(root: Element) -> tuple[tuple[Element, str], ...]:
    """Give every element and attribute of *root* its printed name; return which were spelt otherwise.

    Namespaces go: the format has none.  Of two attributes with one printed name the one spelt so counts.
    """
    odd: list[tuple[Element, str]] = []
    for element in root.iter(etree.Element):
        tag = str(element.tag)
        if tag not in _PRINTED:
            local = tag.rpartition("}")[2]
            right = printed(local)
            if right != tag and right in _PRINTED:
                odd.append((element, local))
            if right != tag:
                element.tag = right
        if element.attrib:
            for key in map(str, element.attrib.keys()):
                if key not in _PRINTED_ATTRIBUTES:
                    local = key.rpartition("}")[2]
                    right = printed_attribute(local)
                    if right in _PRINTED_ATTRIBUTES:
                        odd.append((element, f"@{local}"))
                        value = element.attrib.pop(key)
                        if right not in element.attrib:
                            element.set(right, value)
    return tuple(odd)
