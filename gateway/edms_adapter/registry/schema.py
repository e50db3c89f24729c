# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the built-in registry, the same on SQLite, PostgreSQL and MariaDB.

Moments are UTC, dates are calendar dates of the office.  Texts that may be missing are NULL.
Rows of `instruction_change`, `card_change`, `card_news` and `inbox_row` are only ever added.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from gateway.edms_adapter.sql.association import Association
from gateway.edms_adapter.sql.columns import content, indexed, transactional, words
from gateway.edms_adapter.sql.columns import moment as moment_type
from gateway.edms_adapter.sql.engines import engine
from gateway.edms_adapter.sql.mapping import ClaimSection, DatabaseSection

metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _to(name: str, target: str, *, required: bool = True) -> Column[int]:
    return Column(name, ForeignKey(f"{target}.id"), nullable=not required, index=True)


def _moment(name: str, *, required: bool = False, index: bool = False) -> Column[object]:
    return Column(name, moment_type(), nullable=not required, index=index)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


# --- the office ---------------------------------------------------------------------------------------------------

office = Table(
    "office",
    metadata,
    _id(),
    Column("exchange_index", indexed(400), nullable=False, unique=True),
    Column("short_name", words(), nullable=False),
    Column("full_name", words(), nullable=False),
)
department = Table(
    "department",
    metadata,
    _id(),
    _to("office_id", "office", required=False),  # NULL: of every organisation here
    Column("name", words(), nullable=False),
    Column("number", words()),
    Column("exchange_index", words()),
    Column("head_id", ForeignKey("person.id", use_alter=True), index=True),
)
person = Table(
    "person",
    metadata,
    _id(),
    _to("office_id", "office", required=False),  # NULL: works for every organisation here
    Column("name", words(), nullable=False),
    Column("post", words()),
    _to("department_id", "department", required=False),
    Column("exchange_index", words()),
    Column("away_from", Date),
    Column("away_until", Date),  # the last day away
    _to("deputy_id", "person", required=False),
    Column("left_on", Date),  # works here no more from that day on
)
inbox = Table(
    "inbox",
    metadata,
    _id(),
    Column("name", words(), nullable=False),
    _to("person_id", "person", required=False),
    _to("department_id", "department", required=False),  # a department's own
    _flag("is_default"),
)
correspondent = Table(
    "correspondent",
    metadata,
    _id(),
    Column("exchange_index", indexed(400), nullable=False, unique=True),
    Column("short_name", words(), nullable=False),
    Column("full_name", words()),
    Column("tax_id", words()),
)
# people of correspondents, as their directories name them: never deleted, and what they were called before is kept
partner_official = Table(
    "partner_official",
    metadata,
    _id(),
    _to("correspondent_id", "correspondent"),
    Column("exchange_index", indexed(400), nullable=False),
    Column("name", words(), nullable=False),
    Column("post", words()),
    Column("department", words()),
    Column("deputy_index", words()),
    _flag("is_head"),
    _flag("dismissed"),
    UniqueConstraint("correspondent_id", "exchange_index"),
)
partner_official_past = Table(
    "partner_official_past",
    metadata,
    _id(),
    _to("official_id", "partner_official"),
    Column("name", words(), nullable=False),
    Column("post", words()),
    Column("department", words()),
    _moment("until", required=True),
)
journal = Table(
    "journal",
    metadata,
    _id(),
    _to("office_id", "office", required=False),  # NULL: of every organisation here
    Column("name", words(), nullable=False),
    Column("prefix", words()),
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
    Column("name", words(), nullable=False),
    Column("direction", words(), CheckConstraint("direction in ('in', 'out')"), nullable=False),
    _to("journal_id", "journal"),
    _flag("is_default"),
)

# --- cards --------------------------------------------------------------------------------------------------------

card = Table(
    "card",
    metadata,
    _id(),
    _to("office_id", "office", required=False),  # whose it is; NULL: nobody has said
    Column("uid", indexed(400), unique=True),  # of an outgoing document: the same for ever
    Column("direction", words(), CheckConstraint("direction in ('in', 'out')"), nullable=False),
    # a waiting paper is a card without a number, and so is a draft; joined: put onto another card; noted: only read
    Column(
        "state",
        words(),
        CheckConstraint("state in ('registered', 'waiting', 'refused', 'joined', 'noted', 'draft', 'deregistered')"),
        nullable=False,
    ),
    _to("group_id", "doc_group", required=False),  # NULL only while it waits
    _to("journal_id", "journal", required=False),  # the one it is, or shall be, numbered in; NULL: the group's
    Column("number", words()),
    Column("reg_date", Date),
    Column("subject", words(), nullable=False, server_default=""),
    Column("pages", words()),
    Column("access", words()),
    Column("note", words()),
    Column("deadline", Date),
    _moment("made_at", required=True),
    # incoming: the sender's side
    _to("correspondent_id", "correspondent", required=False),
    Column("sender", words()),  # as the message names its organisation, known to us or not
    Column("sender_index", words()),
    Column("partner_uid", indexed(400), index=True),
    Column("partner_number", words()),
    Column("partner_date", Date),
    Column("partner_signer", words()),
    Column("route", words()),  # how the addressees were found, for people
    Column("exchange_mark", words()),  # what people should know of the exchange
    Column("message_id", words()),
    Column("return_id", words()),
    Column("waits_because", words()),
    _moment("decided_at", index=True),
    _to("decided_by", "person", required=False),
    Column("refusal_code", Integer),
    Column("refusal", words()),
    _to("joined_to", "card", required=False),
    # of a draft; a version has one uid wherever it is
    Column("draft_status", words()),
    Column("draft_version", Integer),
    Column("draft_version_uid", words()),
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
    Column("text", words(), nullable=False),
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
    Column("name", words(), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", words(), nullable=False),
    Column("media_type", words()),
    Column("role", words()),
    Column("content", content()),  # small ones
    Column("path", words()),  # larger ones: inside the file store
    CheckConstraint("(content is null) <> (path is null)"),
)
card_change = Table(  # what people did to a card's registration
    "card_change",
    metadata,
    _id(),
    _to("card_id", "card"),
    Column("kind", words(), CheckConstraint("kind in ('renumbered', 'deregistered')"), nullable=False),
    Column("number", words()),  # renumbered: the new one; deregistered: the last one
    Column("reg_date", Date),
    _to("person_id", "person", required=False),
    Column("text", words()),  # why
    _moment("at", required=True, index=True),
)
card_link = Table(
    "card_link",
    metadata,
    _id(),
    _to("card_id", "card"),
    _to("other_id", "card"),
    Column("kind", indexed(200), nullable=False),
    _flag("received"),  # came with a partner's document: his word, not ours
    _moment("at", required=True, index=True),
    UniqueConstraint("card_id", "other_id", "kind"),
)
link_kind = Table(
    "link_kind",
    metadata,
    _id(),
    Column("word", indexed(200), nullable=False, unique=True),
    Column("reverse", indexed(200), nullable=False, unique=True),  # what the other card shows
)
# documents a card names that are not in the registry: in words
card_mention = Table(
    "card_mention",
    metadata,
    _id(),
    _to("card_id", "card"),
    Column("kind", indexed(200), nullable=False),
    Column("text", indexed(400), nullable=False),
    UniqueConstraint("card_id", "kind", "text"),
)
addressee = Table(
    "addressee",
    metadata,
    _id(),
    _to("card_id", "card"),
    _to("correspondent_id", "correspondent", required=False),
    Column("organisation", words()),
    Column("department", words()),
    Column("name", words()),
    Column("post", words()),
    _to("official_id", "partner_official", required=False),  # outgoing: chosen from the partner's directory
)
inbox_row = Table(
    "inbox_row",
    metadata,
    _id(),
    _to("inbox_id", "inbox"),
    _to("card_id", "card"),
    Column(
        "kind", words(), CheckConstraint("kind in ('document', 'approval', 'instruction', 'notice')"), nullable=False
    ),
    _moment("at", required=True, index=True),
    _to("by_id", "person", required=False),  # who put it there; NULL: the gateway
    Column("why", words()),
    Column("text", words()),  # of a notice
    _to("approval_id", "approval", required=False),  # the visa or signature that is asked
)

# --- drafts -------------------------------------------------------------------------------------------------------

approval = Table(
    "approval",
    metadata,
    _id(),
    _to("card_id", "card"),
    Column("uid", indexed(400), nullable=False),
    Column("kind", words(), CheckConstraint("kind in ('visa', 'signature')"), nullable=False),
    _to("inbox_id", "inbox", required=False),  # whose of ours; NULL: not asked of us, or not directed yet
    _to("correspondent_id", "correspondent", required=False),  # whose it is when we ask it
    Column("name", words()),  # as it was asked
    Column("post", words()),
    Column("department", words()),
    Column("organisation", words()),
    _moment("term"),
    Column("why", words()),  # how the inbox was found
    _moment("directed_at", index=True),
    _to("directed_by", "person", required=False),  # NULL: the gateway, or the partner
    Column("directed_to", words()),  # as the partner told it
    Column("result", words()),
    Column("remark", words()),
    _moment("signed_at", index=True),
    _to("signed_by", "person", required=False),  # one of ours
    Column("signer", words()),  # as the partner told it
    UniqueConstraint("card_id", "uid"),
)

# --- instructions -------------------------------------------------------------------------------------------------

instruction = Table(
    "instruction",
    metadata,
    _id(),
    _to("card_id", "card"),
    Column("uid", indexed(400), nullable=False),
    _flag("external"),  # came with the document; its author is the sender's
    _to("parent_id", "instruction", required=False),
    Column("initial_uid", words()),  # the sent task that this own one carries out
    Column("kind", words(), nullable=False, server_default="resolution"),
    _to("author_id", "person", required=False),
    Column("author_name", words()),
    Column("author_post", words()),
    Column("text", words(), nullable=False),
    Column("deadline", Date),
    _flag("controlled"),
    Column("category", words()),
    _flag("private"),
    _moment("issued_at", required=True, index=True),
    Column(
        "state",
        words(),
        CheckConstraint("state in ('open', 'closed', 'cancelled')"),
        nullable=False,
        server_default="open",
    ),
    Column("progress", words()),
    Column("fact_date", Date),
    Column("resume", words()),
    UniqueConstraint("card_id", "uid"),
)
executor = Table(
    "executor",
    metadata,
    _id(),
    _to("instruction_id", "instruction"),
    _to("person_id", "person", required=False),
    _to("inbox_id", "inbox", required=False),
    Column("name", words()),
    Column("post", words()),
    Column("organisation", words()),
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
    Column("reporter", words()),  # as a partner named him
    Column("text", words(), nullable=False),
    Column("status", words()),
    _moment("at", required=True, index=True),
    _moment("edited_at"),  # when its words were corrected last; NULL: never
)
instruction_change = Table(
    "instruction_change",
    metadata,
    _id(),
    _to("instruction_id", "instruction"),
    Column("kind", words(), nullable=False),  # due, progress, executors, closed, reopened, cancelled
    _to("person_id", "person", required=False),
    Column("text", words()),
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
        words(),
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
    Column("relay_words", words()),
    _moment("received_at"),
    Column("partner_number", words()),
    Column("partner_date", Date),
    _moment("registered_at"),
    Column("refusal", words()),
    Column("trouble", words()),
    _moment("trouble_at"),
    _moment("withdraw_asked_at"),  # the clerk wants it back
    Column("withdraw_why", words()),
    Column("withdrawal", words()),  # what became of that wish; NULL: not answered yet
    Column("changes_asked", Integer, nullable=False, server_default="0"),  # how often the clerk sent what changed
    Column(
        "changes_state",
        words(),
        CheckConstraint("changes_state in ('to send', 'queued', 'sent', 'nothing', 'failed')"),
    ),
    Column("changes_words", words()),
    UniqueConstraint("card_id", "correspondent_id"),
)
partner_task = Table(  # an instruction as the partner told of it last, ours or its own; its history is `card_news`
    "partner_task",
    metadata,
    _id(),
    _to("dispatch_id", "dispatch"),
    _to("instruction_id", "instruction", required=False),  # ours that was sent
    Column("uid", indexed(400), nullable=False),
    Column("text", words()),
    Column("executors", words()),
    Column("deadline", Date),
    Column("progress", words()),
    Column(
        "state",
        words(),
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
    Column("event", words(), nullable=False),
    Column("task_uid", words()),
    _moment("happened_at"),
    _moment("written_at", required=True),
    Column("text", words(), nullable=False),
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
VIEW["mysql"] = VIEW["postgresql"]
for each in metadata.tables.values():
    transactional(each)


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
