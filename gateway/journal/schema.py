# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables and their indexes, as the newest migration leaves them (a test compares the two).

The queues are partial indexes that hold only what is waiting: a claim costs the same with a hundred letters behind us
and with a million.  Letters lie in a table of their own, so a change of state never rewrites them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
    true,
)

from gateway.journal.columns import Id, Moment, Words

HEAD = "0003"  # the newest migration; a test compares it with the folder
VERSION_TABLE = "journal_version"  # ours by name: the database may hold other people's migrations too

metadata = MetaData()


def _words(name: str) -> Column[str]:
    return Column(name, Words(), nullable=False, server_default="")


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(), nullable=False, server_default=false())


def _count(name: str) -> Column[int]:
    return Column(name, Integer(), nullable=False, server_default="0")


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    # Literal conditions: with bound ones neither engine may use the index.
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


FRESH = "state = 'accepted' AND starts = 0"
SUSPECT = "state = 'accepted' AND starts > 0"
DUE_OUT = "state = 'queued' AND NOT held"
AMBIGUOUS = "ambiguous_since IS NOT NULL AND state IN ('queued', 'failed')"
DELAYED = "delayed_since IS NOT NULL AND state = 'sent'"
UNPROVEN = "rung IN ('', 'sent', 'received')"  # neither registered nor refused, as far as is known
REFUSED = "rung = 'refused'"

entries = Table(
    "entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("direction", Text(), nullable=False),
    Column("state", Text(), nullable=False),
    _words("channel"),
    Column("lane", Words(), nullable=False),
    Column("partner", Words()),
    Column("exchange", Words()),
    _words("message_id"),
    _words("rfc_message_id"),
    _words("kind"),
    Column("created_at", Moment(), nullable=False),
    Column("concluded_at", Moment()),
    Column("not_before", Moment()),
    Column("deferred_at", Moment()),
    # The earliest moment a worker may take it: 1970 for "at once", `not_before`, or the end of the standing lease.
    Column("ready_at", Moment(), nullable=False),
    _words("worker"),
    _count("starts"),
    _count("attempts"),
    Column("reason", Text()),
    _words("detail"),
    _words("place"),
    Column("source", Words()),
    _words("envelope_sender"),
    Column("envelope_recipients", Words(), nullable=False, server_default="[]"),
    _words("peer"),
    _flag("arrived_anew"),
    Column("size", BigInteger(), nullable=False),
    Column("sha256", Text(), nullable=False),
    Column("stored", Boolean(), nullable=False, server_default=true()),  # false: the bytes were given up
    _flag("held"),
    Column("ambiguous_since", Moment()),
    Column("delayed_since", Moment()),
    Column("delivered_at", Moment()),
    _words("recipient"),
    Column("sent_at", Moment()),
    _words("phase"),
    _words("words"),
    Column("outgoing_ref", Words()),
    _words("change"),
    Column("told_at", Moment()),
    _flag("in_reply"),
    _words("office"),
    Column("letter_of", Id, ForeignKey("entries.id")),  # NULL: the letter is its own
    Column("uidvalidity", BigInteger()),
    Column("uid", BigInteger()),
    _flag("flag_due"),
    Column("flagged_at", Moment()),
    Index("ux_entries_source", "source", unique=True),
    # Direction first, so that SQLite never prefers it to the queues' own indexes: those ask for the state alone.
    Index("ix_entries_state", "direction", "state", "id"),
    _partial("ix_entries_fresh", "lane", "ready_at", "id", where=FRESH),
    _partial("ix_entries_suspect", "lane", "ready_at", "id", where=SUSPECT),
    _partial("ix_entries_due", "lane", "ready_at", "id", where=DUE_OUT),
    _partial("ix_entries_exchange", "exchange", "id", where="exchange IS NOT NULL"),
    _partial("ix_entries_message", "message_id", where="message_id <> ''"),
    _partial("ix_entries_rfc_message", "rfc_message_id", where="rfc_message_id <> ''"),
    _partial("ux_entries_outgoing", "outgoing_ref", "office", "change", where="outgoing_ref IS NOT NULL", unique=True),
    _partial(
        "ix_entries_untold",
        "id",
        where="outgoing_ref IS NOT NULL AND told_at IS NULL AND state IN ('sent', 'failed')",
    ),
    _partial("ix_entries_ambiguous", "created_at", where=AMBIGUOUS),
    _partial("ix_entries_delayed", "delayed_since", where=DELAYED),
    _partial("ix_entries_flag_due", "channel", "uidvalidity", "uid", where="flag_due"),
    _partial("ix_entries_registered", "concluded_at", where="state = 'done' AND kind = 'document'"),
    _partial("ix_entries_blob", "sha256", where="size > 131072 AND stored"),
    sqlite_autoincrement=True,  # ids stand in logs and tickets: a purged one is never given again
)

letters = Table(
    "letters",
    metadata,
    Column("entry", Id, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("bytes", LargeBinary(), nullable=False),
)

turns = Table(  # whose lane each worker served last: fairness survives from one claim to the next
    "turns",
    metadata,
    Column("worker", Words(), primary_key=True),
    Column("lane", Words(), nullable=False),
    _flag("alone"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entry", Id, ForeignKey("entries.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("outcome", Text(), nullable=False),
    Column("phase", Text(), nullable=False),
    Column("code", Integer()),
    _words("words"),
    Index("ix_attempts_entry", "entry", "id"),
)

circuits = Table(  # relays and partners' servers that are not asked before `retry_at`
    "circuits",
    metadata,
    Column("name", Words(), primary_key=True),
    Column("opened_at", Moment(), nullable=False),
    Column("retry_at", Moment(), nullable=False),
    _count("failures"),  # in a row
    _words("words"),
)

scans = Table(  # what a scanner said of the files of a letter
    "scans",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entry", Id, ForeignKey("entries.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("sha256", Text(), nullable=False),
    _words("name"),
    Column("size", BigInteger(), nullable=False),
    Column("verdict", Text(), nullable=False),
    _words("signature"),
    _words("engine"),
    Index("ix_scans_entry", "entry", "id"),
)

scanner_pause = Table(  # one row while the scanner does not work
    "scanner_pause",
    metadata,
    Column("id", Integer(), primary_key=True),
    Column("opened_at", Moment(), nullable=False),
    Column("retry_at", Moment(), nullable=False),
    _count("failures"),  # in a row
    _words("words"),
)

acts = Table(  # what operators did, who and why
    "acts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entry", Id, ForeignKey("entries.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("act", Text(), nullable=False),
    _words("who"),
    _words("why"),
    _words("accepts"),
    _words("addressee"),
    _words("instead"),
    Index("ix_acts_entry", "entry", "id"),
)

repeats = Table(
    "repeats",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner", Words(), nullable=False),
    Column("office", Words(), nullable=False),
    Column("message_id", Words(), nullable=False),
    Column("at", Moment(), nullable=False),
    Index("ix_repeats_message", "partner", "office", "message_id", "at"),
)

exchanges = Table(
    "exchanges",
    metadata,
    Column("id", Words(), primary_key=True),
    Column("direction", Text(), nullable=False),
    Column("partner", Words(), nullable=False),
    _words("office"),
    _words("document_uid"),
    _words("digest"),
    _words("return_id"),
    _words("number_text"),
    Column("number_date", Date()),
    _words("subject_card"),
    Column("outgoing_ref", Words()),
    Column("follows", Words()),
    Column("opened_at", Moment(), nullable=False),
    Column("until", Moment()),
    Column("subscription", Text()),
    Column("message", Text()),
    Column("registered_text", Words()),
    Column("registered_date", Date()),
    _words("rung"),
    _words("letter_id"),
    _words("rule"),
    _count("attempt"),
    Column("open", Boolean(), nullable=False, server_default=true()),
    Column("due_at", Moment()),
    Column("heard_at", Moment()),
    _partial("ix_exchanges_due", "due_at", where="due_at IS NOT NULL"),
    Index("ix_exchanges_document", "partner", "document_uid"),
    _partial("ix_exchanges_uid", "document_uid", where="document_uid <> ''"),
    _partial("ix_exchanges_number", "number_text", where="number_text <> ''"),
    _partial("ix_exchanges_registered", "registered_text", where="registered_text IS NOT NULL"),
    _partial("ix_exchanges_outgoing", "outgoing_ref", where="outgoing_ref IS NOT NULL"),
    _partial("ix_exchanges_card", "subject_card", where="subject_card <> ''"),
    _partial("ix_exchanges_follows", "follows", where="follows IS NOT NULL"),
    Index("ix_exchanges_opened", "direction", "office", "opened_at", "id"),  # registers
    _partial("ix_exchanges_unproven", "direction", "office", "opened_at", "id", where=UNPROVEN),
    _partial("ix_exchanges_refused", "direction", "office", "opened_at", "id", where=REFUSED),
)

return_ids = Table(  # every return id an exchange ever used
    "return_ids",
    metadata,
    Column("return_id", Words(), primary_key=True),
    Column("exchange", Words(), ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_return_ids_exchange", "exchange"),
)

events = Table(  # append-only; only `told_at` is written later
    "events",
    metadata,
    Column("seq", Id, primary_key=True),
    Column("exchange", Words(), nullable=False),
    Column("ours", Boolean(), nullable=False),
    Column("key", Words(), nullable=False),
    Column("kind", Text(), nullable=False),
    Column("at", Moment(), nullable=False),  # when we heard of it
    Column("event", Text(), nullable=False),
    _flag("tell"),  # the sender's EDMS shall hear of it
    Column("told_at", Moment()),
    _flag("contradicts"),  # a fact that stands: people shall see it
    Index("ux_events_key", "exchange", "ours", "key", unique=True),
    _partial("ix_events_untold", "exchange", "seq", where="tell AND told_at IS NULL"),
    _partial("ix_events_contradicts", "exchange", where="contradicts"),
    sqlite_autoincrement=True,
)

files = Table(  # that partners' reports brought, until our EDMS has them
    "files",
    metadata,
    Column("exchange", Words(), primary_key=True),
    Column("sha256", Text(), primary_key=True),
    Column("size", BigInteger(), nullable=False),
    Column("bytes", LargeBinary()),  # NULL: in a file of its own
    Column("at", Moment(), nullable=False),
    Index("ix_files_sha256", "sha256"),
)

messages = Table(
    "messages",
    metadata,
    Column("partner", Words(), primary_key=True),
    Column("office", Words(), primary_key=True),
    Column("message_id", Words(), primary_key=True),
    Column("digest", Words(), nullable=False),
    Column("exchange", Words()),
    Column("entry", Id),
    Column("at", Moment(), nullable=False),
    Index("ix_messages_id", "message_id"),
    Index("ix_messages_entry", "entry"),
)

contents = Table(  # letters by content: the same one by two routes
    "contents",
    metadata,
    Column("digest", Text(), primary_key=True),
    Column("entry", Id, nullable=False),
)

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("mailbox", Words(), primary_key=True),
    Column("uidvalidity", BigInteger()),  # None: never entered
    Column("first_entered_at", Moment()),
    Column("heard_at", Moment()),
    Column("failed_at", Moment()),
    _count("failures"),  # in a row
    _words("words"),
    _flag("login_refused"),
)

epochs = Table(
    "epochs",
    metadata,
    Column("mailbox", Words(), primary_key=True),
    Column("uidvalidity", BigInteger(), primary_key=True),
    Column("starts_at", BigInteger(), nullable=False),
    Column("anew_from", BigInteger(), nullable=False),
    Column("not_before", Moment()),
    Column("entered_at", Moment(), nullable=False),
)

vanished = Table(  # copies that were gone before we had them
    "vanished",
    metadata,
    Column("mailbox", Words(), primary_key=True),
    Column("uidvalidity", BigInteger(), primary_key=True),
    Column("uid", BigInteger(), primary_key=True),
    Column("at", Moment(), nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Words(), primary_key=True),
    Column("cursor", Text(), nullable=False),
)

problems = Table(  # letters that were not as the standard wants them: numbers by partner, code and month
    "problems",
    metadata,
    Column("partner", Words(), primary_key=True),
    Column("code", Text(), primary_key=True),
    Column("month", Text(), primary_key=True),  # "2026-11"
    _count("letters"),
)
