# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal as it began.  Frozen: later changes are later migrations."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def where(condition: str) -> dict[str, Any]:  # Any: options of two engines
    """Return the arguments of a partial index, for both engines."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "contents",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("exchange", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("rfc_message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("concluded_at", MOMENT, nullable=True),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("deferred_at", MOMENT, nullable=True),
        sa.Column("ready_at", MOMENT, nullable=False),
        sa.Column("worker", sa.Text(), server_default="", nullable=False),
        sa.Column("starts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("envelope_sender", sa.Text(), server_default="", nullable=False),
        sa.Column("envelope_recipients", sa.Text(), server_default="[]", nullable=False),
        sa.Column("peer", sa.Text(), server_default="", nullable=False),
        sa.Column("arrived_anew", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("stored", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("held", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ambiguous_since", MOMENT, nullable=True),
        sa.Column("delayed_since", MOMENT, nullable=True),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("recipient", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("phase", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("outgoing_ref", sa.Text(), nullable=True),
        sa.Column("change", sa.Text(), server_default="", nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("in_reply", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("office", sa.Text(), server_default="", nullable=False),
        sa.Column("letter_of", ID, nullable=True),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("uid", sa.BigInteger(), nullable=True),
        sa.Column("flag_due", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("flagged_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["letter_of"], ["entries.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_entries_blob", "entries", ["sha256"], **where("size > 131072 AND stored"))
    op.create_index(
        "ix_entries_ambiguous",
        "entries",
        ["created_at"],
        **where("ambiguous_since IS NOT NULL AND state IN ('queued', 'failed')"),
    )
    op.create_index(
        "ix_entries_delayed", "entries", ["delayed_since"], **where("delayed_since IS NOT NULL AND state = 'sent'")
    )
    op.create_index("ix_entries_due", "entries", ["lane", "ready_at", "id"], **where("state = 'queued' AND NOT held"))
    op.create_index("ix_entries_exchange", "entries", ["exchange", "id"], **where("exchange IS NOT NULL"))
    op.create_index("ix_entries_flag_due", "entries", ["channel", "uidvalidity", "uid"], **where("flag_due"))
    op.create_index(
        "ix_entries_fresh", "entries", ["lane", "ready_at", "id"], **where("state = 'accepted' AND starts = 0")
    )
    op.create_index("ix_entries_message", "entries", ["message_id"], **where("message_id <> ''"))
    op.create_index(
        "ix_entries_registered", "entries", ["concluded_at"], **where("state = 'done' AND kind = 'document'")
    )
    op.create_index("ix_entries_rfc_message", "entries", ["rfc_message_id"], **where("rfc_message_id <> ''"))
    op.create_index("ix_entries_state", "entries", ["direction", "state", "id"])
    op.create_index(
        "ix_entries_suspect", "entries", ["lane", "ready_at", "id"], **where("state = 'accepted' AND starts > 0")
    )
    op.create_index(
        "ix_entries_untold",
        "entries",
        ["id"],
        **where("outgoing_ref IS NOT NULL AND told_at IS NULL AND state IN ('sent', 'failed')"),
    )
    op.create_index(
        "ux_entries_outgoing",
        "entries",
        ["outgoing_ref", "office", "change"],
        unique=True,
        **where("outgoing_ref IS NOT NULL"),
    )
    op.create_index("ux_entries_source", "entries", ["source"], unique=True)
    op.create_table(
        "epochs",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("anew_from", sa.BigInteger(), nullable=False),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "uidvalidity"),
    )
    op.create_table(
        "events",
        sa.Column("seq", ID, nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("tell", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("contradicts", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_contradicts", "events", ["exchange"], **where("contradicts"))
    op.create_index("ix_events_untold", "events", ["exchange", "seq"], **where("tell AND told_at IS NULL"))
    op.create_index("ux_events_key", "events", ["exchange", "ours", "key"], unique=True)
    op.create_table(
        "exchanges",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), server_default="", nullable=False),
        sa.Column("document_uid", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("return_id", sa.Text(), server_default="", nullable=False),
        sa.Column("number_text", sa.Text(), server_default="", nullable=False),
        sa.Column("number_date", sa.Date(), nullable=True),
        sa.Column("subject_card", sa.Text(), server_default="", nullable=False),
        sa.Column("outgoing_ref", sa.Text(), nullable=True),
        sa.Column("follows", sa.Text(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("subscription", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("registered_text", sa.Text(), nullable=True),
        sa.Column("registered_date", sa.Date(), nullable=True),
        sa.Column("rung", sa.Text(), server_default="", nullable=False),
        sa.Column("letter_id", sa.Text(), server_default="", nullable=False),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_exchanges_card", "exchanges", ["subject_card"], **where("subject_card <> ''"))
    op.create_index("ix_exchanges_due", "exchanges", ["due_at"], **where("due_at IS NOT NULL"))
    op.create_index("ix_exchanges_document", "exchanges", ["partner", "document_uid"])
    op.create_index("ix_exchanges_follows", "exchanges", ["follows"], **where("follows IS NOT NULL"))
    op.create_index("ix_exchanges_number", "exchanges", ["number_text"], **where("number_text <> ''"))
    op.create_index("ix_exchanges_opened", "exchanges", ["direction", "office", "opened_at", "id"])
    op.create_index("ix_exchanges_outgoing", "exchanges", ["outgoing_ref"], **where("outgoing_ref IS NOT NULL"))
    op.create_index(
        "ix_exchanges_refused",
        "exchanges",
        ["direction", "office", "opened_at", "id"],
        **where("rung = 'refused'"),
    )
    op.create_index("ix_exchanges_registered", "exchanges", ["registered_text"], **where("registered_text IS NOT NULL"))
    op.create_index("ix_exchanges_uid", "exchanges", ["document_uid"], **where("document_uid <> ''"))
    op.create_index(
        "ix_exchanges_unproven",
        "exchanges",
        ["direction", "office", "opened_at", "id"],
        **where("rung IN ('', 'sent', 'received')"),
    )
    op.create_table(
        "mailboxes",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("first_entered_at", MOMENT, nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.Column("failed_at", MOMENT, nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("login_refused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox"),
    )
    op.create_table(
        "messages",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=True),
        sa.Column("entry", ID, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("partner", "office", "message_id"),
    )
    op.create_index("ix_messages_entry", "messages", ["entry"])
    op.create_index("ix_messages_id", "messages", ["message_id"])
    op.create_table(
        "repeats",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_repeats_message", "repeats", ["partner", "office", "message_id", "at"])
    op.create_table(
        "turns",
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("worker"),
    )
    op.create_table(
        "files",
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("exchange", "sha256"),
    )
    op.create_index("ix_files_sha256", "files", ["sha256"])
    op.create_table(
        "vanished",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "uidvalidity", "uid"),
    )
    op.create_table(
        "circuits",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("retry_at", MOMENT, nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "acts",
        sa.Column("id", ID, nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("accepts", sa.Text(), server_default="", nullable=False),
        sa.Column("addressee", sa.Text(), server_default="", nullable=False),
        sa.Column("instead", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_acts_entry", "acts", ["entry", "id"])
    op.create_table(
        "attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("entry", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attempts_entry", "attempts", ["entry", "id"])
    op.create_table(
        "letters",
        sa.Column("entry", ID, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry"),
    )
    op.create_table(
        "return_ids",
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["exchange"], ["exchanges.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("return_id", "exchange"),
    )
    op.create_index("ix_return_ids_exchange", "return_ids", ["exchange"])


def downgrade() -> None:
    raise NotImplementedError("a journal only moves forward; go back to a backup instead")
