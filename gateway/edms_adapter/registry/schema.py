# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the built-in registry, the same on SQLite and PostgreSQL.

Moments are UTC, dates are calendar dates of the office.  Texts that may be missing are NULL.
Rows of `instruction_change`, `card_change`, `card_news` and `inbox_row` are only ever added.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.edms_adapter.sql.association import Association
from gateway.edms_adapter.sql.database import engine
from gateway.edms_adapter.sql.mapping import ClaimSection, DatabaseSection

metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _to(name: str, target: str, *, required: bool = True) -> Column[int]:
    return Column(name, ForeignKey(f"{target}.id"), nullable=not required, index=True)


def _moment(name: str, *, required: bool = False, index: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not required, index=index)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


# --- the office ---------------------------------------------------------------------------------------------------

office = Table(
    "office",
    metadata,
    _id(),
    Column("exchange_index", Text, nullable=False, unique=True),
    Column("short_name", Text, nullable=False),
    Column("full_name", Text, nullable=False),
)
department = Table(
    "department",
    metadata,
    _id(),
    _to("office_id", "office", required=False),  # NULL: of every organisation here
    Column("name", Text, nullable=False),
    Column("number", Text),
    Column("exchange_index", Text),
    Column("head_id", ForeignKey("person.id", use_alter=True), index=True),
)
person = Table(
    "person",
    metadata,
    _id(),
    _to("office_id", "office", required=False),  # NULL: works for every organisation here
    Column("name", Text, nullable=False),
    Column("post", Text),
    _to("department_id", "department", required=False),
    Column("exchange_index", Text),
    Column("away_from", Date),
    Column("away_until", Date),  # the last day away
    _to("deputy_id", "person", required=False),
    Column("left_on", Date),  # works here no more from that day on
)
inbox = Table(
    "inbox",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    _to("person_id", "person", required=False),
    _to("department_id", "department", required=False),  # a department's own
    _flag("is_default"),
)
correspondent = Table(
    "correspondent",
    metadata,
    _id(),
    Column("exchange_index", Text, nullable=False, unique=True),
    Column("short_name", Text, nullable=False),
    Column("full_name", Text),
    Column("tax_id", Text),
)
# people of correspondents, as their directories name them: never deleted, and what they were called before is kept
partner_official = Table(
    "partner_official",
    metadata,
    _id(),
    _to("correspondent_id", "correspondent"),
    Column("exchange_index", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("post", Text),
    Column("department", Text),
    Column("deputy_index", Text),
    _flag("is_head"),
    _flag("dismissed"),
    UniqueConstraint("correspondent_id", "exchange_index"),
)
partner_official_past = Table(
    "partner_official_past",
    metadata,
    _id(),
    _to("official_id", "partner_official"),
    Column("name", Text, nullable=False),
    Column("post", Text),
    Column("department", Text),
    _moment("until", required=True),
)
journal = Table(
    "journal",
    metadata,
    _id(),
    _to("office_id", "office", required=False),  # NULL: of every organisation here
    Column("name", Text, nullable=False),
    Column("prefix", Text),
    _flag("opened_by_hand"),  # people open each of its years; until then nothing gets a number there
)
counter = Table(
    "counter",
    metadata,
    Column("journal_id", ForeignKey("journal.id"), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)
doc_group = Table(
    "doc_group",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("direction", Text, CheckConstraint("direction in ('in', 'out')"), nullable=False),
    _to("journal_id", "journal"),
    _flag("is_default"),
)

# --- cards --------------------------------------------------------------------------------------------------------

card = Table(
    "card",
    metadata,
    _id(),
    _to("office_id", "office", required=False),  # whose it is; NULL: nobody has said
    Column("uid", Text, unique=True),  # of an outgoing document: the same for ever
    Column("direction", Text, CheckConstraint("direction in ('in', 'out')"), nullable=False),
    # a waiting paper is a card without a number, and so is a draft; joined: put onto another card; noted: only read
    Column(
        "state",
        Text,
        CheckConstraint("state in ('registered', 'waiting', 'refused', 'joined', 'noted', 'draft', 'deregistered')"),
        nullable=False,
    ),
    _to("group_id", "doc_group", required=False),  # NULL only while it waits
    _to("journal_id", "journal", required=False),  # the one it is, or shall be, numbered in; NULL: the group's
    Column("number", Text),
    Column("reg_date", Date),
    Column("subject", Text, nullable=False, server_default=""),
    Column("pages", Text),
    Column("access", Text),
    Column("note", Text),
    Column("deadline", Date),
    _moment("made_at", required=True),
    # incoming: the sender's side
    _to("correspondent_id", "correspondent", required=False),
    Column("sender", Text),  # as the message names its organisation, known to us or not
    Column("sender_index", Text),
    Column("partner_uid", Text, index=True),
    Column("partner_number", Text),
    Column("partner_date", Date),
    Column("partner_signer", Text),
    Column("route", Text),  # how the addressees were found, for people
    Column("exchange_mark", Text),  # what people should know of the exchange
    Column("message_id", Text),
    Column("return_id", Text),
    Column("waits_because", Text),
    _moment("decided_at", index=True),
    _to("decided_by", "person", required=False),
    Column("refusal_code", Integer),
    Column("refusal", Text),
    _to("joined_to", "card", required=False),
    # of a draft; a version has one uid wherever it is
    Column("draft_status", Text),
    Column("draft_version", Integer),
    Column("draft_version_uid", Text),
    # the paper original: incoming, whether it shall come and when it came; outgoing, whether it goes too
    Column("original_follows", Boolean),  # NULL: not said
    _moment("original_at"),
    _to("original_by", "person", required=False),  # who took it
    # outgoing: ours
    _to("signer_id", "person", required=False),
    _to("drafter_id", "person", required=False),
    Index("card_of_partner", "correspondent_id", "partner_date"),
)
refusal_reason = Table(  # what a clerk chooses from
    "refusal_reason",
    metadata,
    Column("code", Integer, primary_key=True, autoincrement=False),  # for the wire
    Column("text", Text, nullable=False),
)
card_file = Table(
    "card_file",
    metadata,
    _id(),
    _to("card_id", "card"),
    _to("signs_id", "card_file", required=False),  # a detached signature of that file
    _to("instruction_id", "instruction", required=False),  # a file of an instruction
    _to("approval_id", "approval", required=False),  # a file that came with a visa or signature
    _to("execution_id", "execution", required=False),  # a file that an executor reported with
    _flag("received"),  # a partner's report brought it: it stays on the card and is never sent on
    _flag("superseded"),  # of an earlier version of a draft
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text),
    Column("role", Text),
    Column("content", LargeBinary),  # small ones
    Column("path", Text),  # larger ones: inside the file store
    CheckConstraint("(content is null) <> (path is null)"),
)
card_change = Table(  # what people did to a card's registration
    "card_change",
    metadata,
    _id(),
    _to("card_id", "card"),
    Column("kind", Text, CheckConstraint("kind in ('renumbered', 'deregistered')"), nullable=False),
    Column("number", Text),  # renumbered: the new one; deregistered: the last one
    Column("reg_date", Date),
    _to("person_id", "person", required=False),
    Column("text", Text),  # why
    _moment("at", required=True, index=True),
)
card_link = Table(
    "card_link",
    metadata,
    _id(),
    _to("card_id", "card"),
    _to("other_id", "card"),
    Column("kind", Text, nullable=False),
    _flag("received"),  # came with a partner's document: his word, not ours
    _moment("at", required=True, index=True),
    UniqueConstraint("card_id", "other_id", "kind"),
)
link_kind = Table(
    "link_kind",
    metadata,
    _id(),
    Column("word", Text, nullable=False, unique=True),
    Column("reverse", Text, nullable=False, unique=True),  # what the other card shows
)
# documents a card names that are not in the registry: in words
card_mention = Table(
    "card_mention",
    metadata,
    _id(),
    _to("card_id", "card"),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("card_id", "kind", "text"),
)
addressee = Table(
    "addressee",
    metadata,
    _id(),
    _to("card_id", "card"),
    _to("correspondent_id", "correspondent", required=False),
    Column("organisation", Text),
    Column("department", Text),
    Column("name", Text),
    Column("post", Text),
    _to("official_id", "partner_official", required=False),  # outgoing: chosen from the partner's directory
)
inbox_row = Table(
    "inbox_row",
    metadata,
    _id(),
    _to("inbox_id", "inbox"),
    _to("card_id", "card"),
    Column("kind", Text, CheckConstraint("kind in ('document', 'approval', 'instruction', 'notice')"), nullable=False),
    _moment("at", required=True, index=True),
    _to("by_id", "person", required=False),  # who put it there; NULL: the gateway
    Column("why", Text),
    Column("text", Text),  # of a notice
    _to("approval_id", "approval", required=False),  # the visa or signature that is asked
)

# --- drafts -------------------------------------------------------------------------------------------------------

approval = Table(
    "approval",
    metadata,
    _id(),
    _to("card_id", "card"),
    Column("uid", Text, nullable=False),
    Column("kind", Text, CheckConstraint("kind in ('visa', 'signature')"), nullable=False),
    _to("inbox_id", "inbox", required=False),  # whose of ours; NULL: not asked of us, or not directed yet
    _to("correspondent_id", "correspondent", required=False),  # whose it is when we ask it
    Column("name", Text),  # as it was asked
    Column("post", Text),
    Column("department", Text),
    Column("organisation", Text),
    _moment("term"),
    Column("why", Text),  # how the inbox was found
    _moment("directed_at", index=True),
    _to("directed_by", "person", required=False),  # NULL: the gateway, or the partner
    Column("directed_to", Text),  # as the partner told it
    Column("result", Text),
    Column("remark", Text),
    _moment("signed_at", index=True),
    _to("signed_by", "person", required=False),  # one of ours
    Column("signer", Text),  # as the partner told it
    UniqueConstraint("card_id", "uid"),
)

# --- instructions -------------------------------------------------------------------------------------------------

instruction = Table(
    "instruction",
    metadata,
    _id(),
    _to("card_id", "card"),
    Column("uid", Text, nullable=False),
    _flag("external"),  # came with the document; its author is the sender's
    _to("parent_id", "instruction", required=False),
    Column("initial_uid", Text),  # the sent task that this own one carries out
    Column("kind", Text, nullable=False, server_default="resolution"),
    _to("author_id", "person", required=False),
    Column("author_name", Text),
    Column("author_post", Text),
    Column("text", Text, nullable=False),
    Column("deadline", Date),
    _flag("controlled"),
    Column("category", Text),
    _flag("private"),
    _moment("issued_at", required=True, index=True),
    Column(
        "state",
        Text,
        CheckConstraint("state in ('open', 'closed', 'cancelled')"),
        nullable=False,
        server_default="open",
    ),
    Column("progress", Text),
    Column("fact_date", Date),
    Column("resume", Text),
    UniqueConstraint("card_id", "uid"),
)
executor = Table(
    "executor",
    metadata,
    _id(),
    _to("instruction_id", "instruction"),
    _to("person_id", "person", required=False),
    _to("inbox_id", "inbox", required=False),
    Column("name", Text),
    Column("post", Text),
    Column("organisation", Text),
    _to("correspondent_id", "correspondent", required=False),  # whose people they are; NULL: ours, or not known
    _flag("responsible"),
    _flag("removed"),
)
execution = Table(
    "execution",
    metadata,
    _id(),
    _to("instruction_id", "instruction"),
    _to("executor_id", "executor", required=False),
    Column("reporter", Text),  # as a partner named him
    Column("text", Text, nullable=False),
    Column("status", Text),
    _moment("at", required=True, index=True),
    _moment("edited_at"),  # when its words were corrected last; NULL: never
)
instruction_change = Table(
    "instruction_change",
    metadata,
    _id(),
    _to("instruction_id", "instruction"),
    Column("kind", Text, nullable=False),  # due, progress, executors, closed, reopened, cancelled
    _to("person_id", "person", required=False),
    Column("text", Text),
    _moment("at", required=True, index=True),
)

# --- sending ------------------------------------------------------------------------------------------------------

dispatch = Table(
    "dispatch",
    metadata,
    _id(),
    _to("card_id", "card"),
    _to("correspondent_id", "correspondent"),
    _to("clerk_id", "person"),
    Column(
        "state",
        Text,
        CheckConstraint(
            "state in ('to send', 'queued', 'sent', 'received', 'registered', 'refused', 'failed', 'overdue',"
            " 'cancelled', 'deregistered')"
        ),
        nullable=False,
        server_default="to send",
    ),
    _moment("asked_at", required=True),
    _moment("queued_at"),
    _moment("sent_at"),
    Column("relay_words", Text),
    _moment("received_at"),
    Column("partner_number", Text),
    Column("partner_date", Date),
    _moment("registered_at"),
    Column("refusal", Text),
    Column("trouble", Text),
    _moment("trouble_at"),
    _moment("withdraw_asked_at"),  # the clerk wants it back
    Column("withdraw_why", Text),
    Column("withdrawal", Text),  # what became of that wish; NULL: not answered yet
    Column("changes_asked", Integer, nullable=False, server_default="0"),  # how often the clerk sent what changed
    Column(
        "changes_state",
        Text,
        CheckConstraint("changes_state in ('to send', 'queued', 'sent', 'nothing', 'failed')"),
    ),
    Column("changes_words", Text),
    UniqueConstraint("card_id", "correspondent_id"),
)
partner_task = Table(  # an instruction as the partner told of it last, ours or its own; its history is `card_news`
    "partner_task",
    metadata,
    _id(),
    _to("dispatch_id", "dispatch"),
    _to("instruction_id", "instruction", required=False),  # ours that was sent
    Column("uid", Text, nullable=False),
    Column("text", Text),
    Column("executors", Text),
    Column("deadline", Date),
    Column("progress", Text),
    Column(
        "state",
        Text,
        CheckConstraint("state in ('open', 'executed', 'cancelled', 'not reported')"),
        nullable=False,
    ),
    Column("fact_date", Date),
    _moment("told_at", required=True),
    UniqueConstraint("dispatch_id", "uid"),
)
card_news = Table(
    "card_news",
    metadata,
    _id(),
    _to("card_id", "card"),
    _to("dispatch_id", "dispatch", required=False),
    _to("instruction_id", "instruction", required=False),  # ours that the news is about
    Column("event", Text, nullable=False),
    Column("task_uid", Text),
    _moment("happened_at"),
    _moment("written_at", required=True),
    Column("text", Text, nullable=False),
)

# The folder of papers that wait for a person, as anybody may query it.
WAITING_PAPER = """
select c.id as card, coalesce(t.short_name, c.sender) as sender,
       coalesce(t.exchange_index, c.sender_index) as sender_index, c.partner_number as number, c.partner_date as date,
       c.subject, c.waits_because as reason,
       (select count(*) from card_file f where f.card_id = c.id and f.signs_id is null) as files, c.made_at as since
from card c left join correspondent t on t.id = c.correspondent_id where c.state = 'waiting'
"""
VIEW = {"sqlite": "create view if not exists waiting_paper as", "postgresql": "create or replace view waiting_paper as"}


def create(url: str) -> None:
    """Make every table and view of the registry, and the gateway's own beside them; those that are there stay."""
    made = engine(url)
    try:
        with made.begin() as connection:
            metadata.create_all(connection)
            connection.execute(text(f"{VIEW[connection.dialect.name]} {WAITING_PAPER}"))
            Association(ClaimSection(), DatabaseSection()).metadata.create_all(connection)
    finally:
        made.dispose()
