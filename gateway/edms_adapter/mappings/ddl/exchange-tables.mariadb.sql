-- SPDX-License-Identifier: GPL-3.0-or-later
-- Exchange tables for MariaDB 10.5 and later: an EDMS reads what came and writes what shall go, and the gateway does the
-- reverse.  Nothing else of the EDMS is touched.  The page docs/edms-exchange-tables.md has every statement the EDMS needs.
--
-- Two main tables: EXCHANGE_MESSAGE, a row for each document that comes or goes, and EXCHANGE_FILE, its files.
-- Beside them EXCHANGE_EVENT, because a document has many facts, in an order that must not be lost, and a fact that was
-- told is never overwritten; and EXCHANGE_TASK, because a document has many tasks, and a task many executors.
--
-- GW marks a column that the gateway writes, EDMS one that the EDMS writes; the other side only reads it.  "in:" is of
-- documents that come (DIRECTION 'in'), "out:" of documents that go ('out').
-- Moments and dates are the office's, without a zone.  Flags are 0 or 1.  A row and what belongs to it (files, tasks,
-- events) are written in one transaction.
--
-- STATE of what comes:  new (GW) -> taken -> registered | refused (EDMS).  It is the EDMS's own queue; what became of the
--   document is told by a row of EXCHANGE_EVENT.
-- STATE of what goes:   to send (EDMS) -> queued -> sent -> received -> registered | refused (GW); failed: not delivered, or
--   not sent, TROUBLE says why; overdue: nothing heard in time; cancelled: taken back; deregistered: by the partner.
--
-- A row that came may be deleted when its document is finished and nobody will ask for it: after the time for which partners
-- are told, and not before a year has passed.  One that is deleted earlier counts as a card that vanished: sent again, the
-- document comes anew.  A row that goes may be deleted in the states cancelled and failed, else after the same time.
-- Events, tasks and files go with their row, never before; the file store is swept by the gateway.

create table exchange_message (
  id bigint auto_increment primary key,
  direction varchar(3) not null check (direction in ('in', 'out')),  -- in: GW, out: EDMS
  state varchar(20) not null,                   -- see above
  office varchar(255) not null,                 -- exchange index of our organisation.  in: GW, out: EDMS
  partner_index varchar(255) not null,          -- exchange index of the other one.  in: GW, out: EDMS
  partner_name mediumtext,                      -- as the message names it.  in: GW
  doc_type varchar(20) default 'created' not null,  -- in: GW; 'draft': it asks for visas or signatures and gets no number
  doc_uid varchar(255),                         -- of the document, the same for ever.  in: GW, out: EDMS, must be filled
  doc_number varchar(255),                      -- at the sender.  in: GW, out: EDMS
  doc_date date,
  doc_kind varchar(255),                        -- in: GW, out: EDMS
  subject mediumtext,
  pages mediumtext,
  access_level varchar(255),
  note mediumtext,
  deadline date,
  author_name mediumtext,                       -- who signed.  in: GW, out: EDMS
  author_post mediumtext,
  addressees mediumtext,                        -- in: a line for each, GW; out: one name, EDMS
  group_name varchar(255),                      -- in: the group and journal that our receive rule wants.  GW
  journal_name varchar(255),
  waits_because mediumtext,                     -- in: what a person should know before registering.  GW
  answers bigint references exchange_message (id),  -- out: the document that came, which this one answers.  EDMS
  at_partner_number varchar(255),               -- out: at the partner.  GW
  at_partner_date date,
  refusal_text mediumtext,                      -- out: why the partner refused it.  GW
  trouble mediumtext,                           -- out: why it was not sent, not delivered or is overdue; show it.  GW
  relay_words mediumtext,                       -- out: what the mail server said.  GW
  sent_at datetime(6),                             -- out.  GW
  withdraw_asked integer default 0 not null,          -- out: 1, take it back.  EDMS
  withdraw_why mediumtext,                      -- EDMS
  withdrawal mediumtext,                        -- the answer.  GW; the EDMS empties it to ask again
  changes_asked integer default 0 not null,           -- out: one more for every wish to send what changed.  EDMS
  changes_state varchar(20),                    -- 'to send' with the wish (EDMS), then queued, sent, nothing, failed (GW)
  changes_words mediumtext,                     -- GW
  written_at datetime(6) not null                  -- in: GW, out: EDMS
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin;
create index exchange_message_state on exchange_message (direction, state);
create index exchange_message_uid on exchange_message (doc_uid);
create index exchange_message_number on exchange_message (partner_index, doc_date);
create index exchange_message_answers on exchange_message (answers);

-- Facts.  Of a document that came the EDMS writes them, each once, and never changes one: a correction is one more row.
-- Of a document that went the gateway writes what the partner tells.
-- What is new is known by its ID, whatever the clocks say; facts that are new together are told in the order of HAPPENED_AT.
create table exchange_event (
  id bigint auto_increment primary key,
  message_id bigint not null references exchange_message (id),
  kind varchar(30) not null check (kind in (
    'registered', 'refused', 'renumbered', 'deregistered', 'forwarded', 'acquainted', 'redirected', 'assigned',
    'due_changed', 'progress', 'executor_changed', 'executor_reported', 'executed', 'reopened', 'task_cancelled',
    -- written by the gateway alone: of what goes these too, of what came the last two
    'received', 'edited', 'answered', 'withdrawn', 'no_longer_reported', 'directed', 'signed', 'draft_registered',
    'added', 'linked')),
  happened_at datetime(6) not null,
  who_name varchar(255),                        -- who did it
  who_post varchar(255),
  doc_number varchar(255),                      -- registered, renumbered, deregistered
  doc_date date,
  person_name varchar(255),                     -- forwarded, acquainted, redirected: to whom; executor_…: who
  person_post varchar(255),
  person_department varchar(255),
  task_uid varchar(255),                        -- of which task; empty: of the whole document
  words mediumtext,                             -- refused: why; executor_reported: the report; else what people should read
  contradicts integer default 0 not null,             -- GW: 1, it does not fit what stands; nothing was changed by it
  linked_id bigint references exchange_message (id),  -- linked: to which document here; empty: none, words say which
  our_key varchar(255)                          -- GW, for itself
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin;
create index exchange_event_message on exchange_event (message_id, kind);
create index exchange_event_kind on exchange_event (kind, id);

-- Tasks: a row for each executor; a task without one is one row without a name.
-- Of a document that came the gateway writes those that came with it (FOREIGN_TASK 1) and the EDMS those that our people
-- give (0); of a document that goes the EDMS writes all.
create table exchange_task (
  id bigint auto_increment primary key,
  message_id bigint not null references exchange_message (id),
  task_uid varchar(255) not null,               -- the same in all rows of a task, and for ever
  foreign_task integer default 0 not null,
  initial_task varchar(255),                    -- of a task of ours: the one that came and that it carries out.  EDMS
  private_task integer default 0 not null,            -- 1: the partner never hears of it.  EDMS
  kind varchar(20) default 'resolution' not null check (kind in ('resolution', 'point')),
  author_name varchar(255),
  author_post varchar(255),
  task_text mediumtext,
  signed_on date,
  deadline date,
  executor_name varchar(255),
  executor_post varchar(255),
  executor_index varchar(255),                  -- exchange index of his organisation, when it is not ours
  responsible integer default 0 not null
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin;
create index exchange_task_message on exchange_task (message_id, task_uid);

create table exchange_file (
  id bigint auto_increment primary key,
  message_id bigint not null references exchange_message (id),
  signs bigint references exchange_file (id),  -- a detached signature of that file
  event_id bigint references exchange_event (id),  -- a report brought it, its executor's or a visa's
  task_uid varchar(255),                        -- it came with that task
  place integer not null,                    -- in which order they are shown
  file_name varchar(255) not null,
  file_size bigint not null,                 -- bytes
  sha256 varchar(64) not null,                  -- of the bytes, 64 small hexadecimal digits
  media_type varchar(255),
  file_role varchar(40),                        -- text, annex
  body longblob,                              -- the bytes; of what came only up to 1 MiB …
  file_path varchar(400)                        -- … larger ones lie in the gateway's file store, under this path
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin;
create index exchange_file_message on exchange_file (message_id);
create index exchange_file_path on exchange_file (file_path);
create index exchange_file_event on exchange_file (event_id);
create index exchange_file_signs on exchange_file (signs);
