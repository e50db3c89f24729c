-- SPDX-License-Identifier: GPL-3.0-or-later
-- A look-alike of «ДЕЛО» for SQLite: for trying a mapping and for tests.  It is not the vendor's database, was
-- never compared with one, and says nothing about whether the gateway works with «ДЕЛО».
--
-- From public text come the names of the tables DOC_RC, RESOLUTION, REPLY, JOURNAL, PROT, READ_PROT, REF_FILE, FORWARD,
-- FOLDER, DEPARTMENT, ORGANIZ and NOMENKL_CL, and of the columns ISN_DOC, FREE_NUM, ORDER_NUM, DOC_DATE, DUE_DOCGROUP,
-- FACT_DATE, PLAN_DATE, CONTROL_STATE, REPLY_TEXT, REPLY_DATE, UPD_DATE, REF_ISN, TIME_STAMP, USER_ISN, NOM_NUMBER and
-- DUE, the tree code (of DEPARTMENT: people and units in one tree); that PROT names a table, an operation and a
-- sub-operation; that there are document groups, cabinets, contacts, addressees, correspondent records and linked
-- documents; and the procedures reserve_num, return_num, add_rc, add_forward and add_journal, which answer with a
-- negative code and a text: a number is reserved before the card is written, and may be given back.
-- Everything else is our invention: types, keys, every other table and column, what the words in STATE columns are,
-- what the codes of PROT mean, the parameters of the procedures, and where SEV keeps what it was told.
--
-- Dates and moments are the office's, without a zone.  Flags are 0 or 1.  Keys of classifiers are tree codes that end
-- with a point: what hangs below '0.01.' begins with '0.01.'.
-- SQLite has no procedures: the mapping writes the rows, and triggers write what add_… and …_num would write besides.

-- --- classifiers ----------------------------------------------------------------------------------------------------

create table department (
  due varchar(100) primary key,
  isn_node integer not null unique,
  is_node integer not null,                -- 1: a unit, 0: somebody who works there
  card_flag integer default 0 not null,    -- 1: a unit with its own card index: one of our organisations
  classif_name varchar(400) not null,      -- the unit's name, the person's in full
  full_name varchar(400),
  duty varchar(400),
  dep_number varchar(40),
  sev_index varchar(255),
  head_due varchar(100) references department (due),
  deputy_due varchar(100) references department (due),
  away_from date,
  away_until date,                         -- the last day away
  end_date date                            -- works here no more from that day on
);
-- Everybody and every unit, with the unit and the organisation of ours above: the longest tree codes theirs begins with.
create view staff as
select d.due, d.isn_node, d.is_node, d.classif_name as staff_name, d.duty, d.dep_number, d.sev_index, d.deputy_due,
       d.away_from, d.away_until, d.end_date, u.due as unit_due, u.classif_name as unit_name, u.head_due as unit_head,
       o.due as office_due, o.sev_index as office_index, o.classif_name as office_name, o.full_name as office_full_name
from department d
left join department u on u.due = (select max(x.due) from department x where x.is_node = 1 and x.card_flag = 0
                                   and substr(d.due, 1, length(x.due)) = x.due)
left join department o on o.due = (select max(x.due) from department x where x.card_flag = 1
                                   and substr(d.due, 1, length(x.due)) = x.due);
create table cabinet (
  isn_cabinet integer primary key,
  due varchar(100) not null unique references department (due),
  cabinet_name varchar(400) not null,
  is_default integer default 0 not null    -- takes what nobody is named for
);
create table folder (
  isn_folder integer primary key,
  isn_cabinet integer not null references cabinet (isn_cabinet),
  folder_kind integer not null,            -- 1: come in, 2: to be executed, 3: to be agreed, 4: notices
  unique (isn_cabinet, folder_kind)
);
create table organiz (
  due varchar(100) primary key,
  isn_node integer not null unique,
  classif_name varchar(400) not null,
  full_name varchar(400),
  inn varchar(20),
  sev_index varchar(255) not null unique
);
create table contact (
  isn_contact integer primary key,
  due_organiz varchar(100) not null references organiz (due),
  sev_index varchar(255) not null,
  surname varchar(400) not null,
  duty varchar(400),
  department varchar(400),
  deputy_index varchar(255),
  is_head integer default 0 not null,
  dismissed integer default 0 not null,    -- nobody is deleted
  unique (due_organiz, sev_index)
);
create table contact_past (
  isn_contact_past integer primary key,
  isn_contact integer not null references contact (isn_contact),
  surname varchar(400) not null,
  duty varchar(400),
  department varchar(400),
  until timestamp not null
);
create table docgroup_cl (
  due varchar(100) primary key,
  isn_node integer not null unique,
  classif_name varchar(400) not null,
  rc_type integer not null,                -- 1: incoming, 3: outgoing
  shablon varchar(100),                    -- stands before the number; NULL: numbered with the group above
  opened_by_hand integer default 0 not null,  -- people open each of its years; until then it gives no number
  is_default integer default 0 not null,
  due_card varchar(100) references department (due)  -- whose; NULL: every organisation's here
);
create table nomenkl_cl (
  isn_nomenc integer primary key,
  nom_number varchar(100) not null,
  classif_name varchar(400) not null,
  due_card varchar(100) references department (due)
);
create table link_cl (
  isn_link_cl integer primary key,
  classif_name varchar(100) not null unique,
  reverse_name varchar(100) not null unique
);

-- --- numbers --------------------------------------------------------------------------------------------------------
-- NUM_FREE has what was given back, and the number after the last one: the smallest is the
-- next.  ISN_NOMENC is 0 where no file is named.

create table num_free (
  due_docgroup varchar(100) not null references docgroup_cl (due),
  isn_nomenc integer not null,
  year_num integer not null,
  order_num integer not null,
  primary key (due_docgroup, isn_nomenc, year_num, order_num)
);
create table num_reserved (
  due_docgroup varchar(100) not null references docgroup_cl (due),
  isn_nomenc integer not null,
  year_num integer not null,
  order_num integer not null,
  primary key (due_docgroup, isn_nomenc, year_num, order_num)
);

-- --- cards ----------------------------------------------------------------------------------------------------------

create table doc_rc (
  isn_doc integer primary key,
  due_card varchar(100) references department (due),  -- whose; NULL: nobody has said
  due_docgroup varchar(100) references docgroup_cl (due),
  isn_nomenc integer default 0 not null,
  rc_type integer not null,
  state varchar(20) not null,              -- registered, waiting, refused, joined, noted, draft, deregistered
  order_num integer,
  free_num varchar(255),
  doc_date date,
  annotat text not null,
  consists text,
  securlevel text,
  note text,
  plan_date date,
  fact_date date,
  control_state integer default 0 not null,
  ins_date timestamp not null,
  sev_uid varchar(255),                    -- of an outgoing document: the same for ever
  sev_route text,                        -- how the addressees were found, for people
  sev_mark text,
  sev_message text,
  sev_return text,
  waits_because text,
  decided_at timestamp,
  decided_by varchar(100) references department (due),
  refusal_code integer,
  refusal_text text,
  joined_to integer references doc_rc (isn_doc),
  prj_status varchar(100),
  prj_version integer,
  prj_version_uid varchar(255),
  original_follows integer,
  person_sign varchar(100) references department (due),
  person_exe varchar(100) references department (due)
);
create index doc_rc_sev_uid on doc_rc (sev_uid);
create index doc_rc_number on doc_rc (doc_date, free_num);
create index doc_rc_decided on doc_rc (decided_at);
create table ref_corresp (
  isn_ref_corresp integer primary key,
  isn_ref_doc integer not null unique references doc_rc (isn_doc),
  due_organiz varchar(100) references organiz (due),
  corresp_num text,
  corresp_date date,
  corresp_sign text,
  corresp_name text,              -- as the message names it, known to us or not
  corresp_index text,
  sev_uid varchar(255)
);
create index ref_corresp_number on ref_corresp (due_organiz, corresp_date);
create index ref_corresp_uid on ref_corresp (sev_uid);
create table ref_addressee (
  isn_ref_addressee integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  due_organiz varchar(100) references organiz (due),
  isn_contact integer references contact (isn_contact),
  organization text,
  department text,
  surname text,
  duty text
);
create index ref_addressee_doc on ref_addressee (isn_ref_doc);
create table ref_link (
  isn_ref_link integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  isn_linked_doc integer not null references doc_rc (isn_doc),
  link_name varchar(100) not null,
  received integer default 0 not null,     -- a partner's word, not ours
  ins_date timestamp not null,
  unique (isn_ref_doc, isn_linked_doc, link_name)
);
create index ref_link_ins_date on ref_link (ins_date);
create table ref_mention (
  isn_ref_mention integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  link_name varchar(100) not null,
  words varchar(400) not null,
  unique (isn_ref_doc, link_name, words)
);

-- --- work on documents ----------------------------------------------------------------------------------------------

create table forward (
  isn_forward integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  due_person varchar(100) not null references department (due),
  due_sender varchar(100) references department (due),  -- NULL: the gateway
  send_date timestamp not null,
  reason text
);
create index forward_doc on forward (isn_ref_doc);
create index forward_send_date on forward (send_date);
create table journal (
  isn_journal integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  due_person varchar(100) not null references department (due),
  original_flag integer not null,          -- 1: the original was handed over, 0: a copy
  send_date timestamp not null
);
create index journal_doc on journal (isn_ref_doc);
create table resolution (
  isn_resolution integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  isn_parent integer references resolution (isn_resolution),
  sev_uid varchar(255) not null,
  sev_initial_uid varchar(255),            -- the sent one that this own one carries out
  external integer default 0 not null,     -- came with the document
  kind varchar(40) default 'resolution' not null,
  due_author varchar(100) references department (due),
  author_name text,
  author_duty text,
  resolution_text text not null,
  send_date timestamp not null,
  plan_date date,
  control_state integer default 0 not null,  -- 0: not under control, 1: under control, 2: closed, 3: cancelled
  category varchar(400),
  confidential integer default 0 not null,
  progress text,
  fact_date date,
  summary text,
  unique (isn_ref_doc, sev_uid)
);
create index resolution_send_date on resolution (send_date);
create table reply (
  isn_reply integer primary key,
  isn_resolution integer not null references resolution (isn_resolution),
  due varchar(100) references department (due),
  due_organiz varchar(100) references organiz (due),  -- whose people they are; NULL: ours, or not known
  executor_name text,
  executor_duty text,
  organization text,
  main_flag integer default 0 not null,
  removed integer default 0 not null,
  sev_reporter text,              -- as a partner named him
  reply_text text,
  reply_date timestamp,
  upd_date timestamp,
  status varchar(400)
);
create index reply_resolution on reply (isn_resolution);
create index reply_upd_date on reply (upd_date);
create table visa (
  isn_visa integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  sev_uid varchar(255) not null,
  kind varchar(20) not null,               -- visa, signature
  due_person varchar(100) references department (due),  -- whose; NULL: not asked of us, or not sent yet
  due_organiz varchar(100) references organiz (due),  -- of a draft of ours
  surname text,
  duty text,
  department text,
  organization text,
  term timestamp,
  reason text,
  send_date timestamp,
  due_sender varchar(100) references department (due),
  directed_to text,
  visa_result text,
  visa_text text,
  visa_date timestamp,
  due_signer varchar(100) references department (due),
  sev_signer text,
  unique (isn_ref_doc, sev_uid)
);
create index visa_send_date on visa (send_date);
create index visa_date on visa (visa_date);
create table folder_item (
  isn_folder_item integer primary key,
  isn_folder integer not null references folder (isn_folder),
  isn_ref_doc integer not null references doc_rc (isn_doc),
  isn_ref_resolution integer references resolution (isn_resolution),
  isn_ref_visa integer references visa (isn_visa),
  ins_date timestamp not null,
  reason text,
  words text
);
create index folder_item_doc on folder_item (isn_ref_doc);
create table ref_file (
  isn_ref_file integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  isn_signed integer references ref_file (isn_ref_file),  -- a detached signature of that file
  isn_ref_resolution integer references resolution (isn_resolution),
  isn_ref_visa integer references visa (isn_visa),
  isn_ref_reply integer references reply (isn_reply),
  received integer default 0 not null,     -- a partner's report brought it
  superseded integer default 0 not null,   -- of an earlier version of a draft
  ordernum integer not null,
  descript varchar(400) not null,
  filesize bigint not null,
  sha256 varchar(64) not null,
  media_type varchar(400),
  file_role varchar(40),
  file_path varchar(400),                  -- larger ones: inside the file store
  contents blob                            -- small ones
);
create index ref_file_doc on ref_file (isn_ref_doc);
create index ref_file_path on ref_file (file_path);

-- --- protocols ------------------------------------------------------------------------------------------------------
-- PROT.  TABLE_ID 'D': a card, 'R': a resolution, 'F': a forwarding, 'J': a handing over.  OPERATION 'I': made, 'U':
-- changed.  SUBOPERATION of a card: 'number', 'deregistered'; of a resolution: 'due', 'progress', 'executors', 'closed',
-- 'reopened', 'cancelled'.  Rows are only ever added.

create table prot (
  isn_prot integer primary key,
  table_id varchar(1) not null,
  operation varchar(1) not null,
  suboperation varchar(20),
  ref_isn integer not null,
  time_stamp timestamp not null,
  user_isn integer references department (isn_node),  -- NULL: the gateway
  describtion text,
  free_num varchar(255),
  doc_date date
);
create index prot_time_stamp on prot (time_stamp);
create index prot_ref on prot (table_id, ref_isn);
create table read_prot (
  isn_read_prot integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  user_isn integer not null references department (isn_node),
  time_stamp timestamp not null
);
create index read_prot_time_stamp on read_prot (time_stamp);

-- --- sending, and what partners tell --------------------------------------------------------------------------------

create table ref_send (
  isn_ref_send integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  due_organiz varchar(100) not null references organiz (due),
  due_clerk varchar(100) not null references department (due),
  -- to send, queued, sent, received, registered, refused, failed, overdue, cancelled, deregistered
  state varchar(20) default 'to send' not null,
  asked_at timestamp not null,
  queued_at timestamp,
  send_date timestamp,
  relay_words text,
  received_at timestamp,
  reg_num text,                    -- there
  reg_date date,
  registered_at timestamp,
  refusal_text text,
  trouble text,
  trouble_at timestamp,
  withdraw_asked_at timestamp,
  withdraw_why text,
  withdrawal text,                         -- what became of that wish
  changes_asked integer default 0 not null,
  changes_state varchar(20),               -- to send, queued, sent, nothing, failed
  changes_words text,
  unique (isn_ref_doc, due_organiz)
);
create index ref_send_state on ref_send (state);
create table sev_task (
  isn_sev_task integer primary key,
  isn_ref_send integer not null references ref_send (isn_ref_send),
  isn_resolution integer references resolution (isn_resolution),
  sev_uid varchar(255) not null,
  task_text text,
  executors text,
  plan_date date,
  progress text,
  state varchar(20) not null,              -- open, executed, cancelled, not reported
  fact_date date,
  told_at timestamp not null,
  unique (isn_ref_send, sev_uid)
);
create table sev_news (
  isn_sev_news integer primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  isn_ref_send integer references ref_send (isn_ref_send),
  isn_resolution integer references resolution (isn_resolution),
  event varchar(40) not null,
  sev_uid varchar(255),
  happened_at timestamp,
  written_at timestamp not null,
  words text not null
);
create index sev_news_doc on sev_news (isn_ref_doc);

-- --- what the procedures do besides ---------------------------------------------------------------------------------

create trigger reserve_num after insert on num_reserved begin
  delete from num_free where due_docgroup = new.due_docgroup and isn_nomenc = new.isn_nomenc
    and year_num = new.year_num and order_num = new.order_num;
  insert into num_free (due_docgroup, isn_nomenc, year_num, order_num)
  select new.due_docgroup, new.isn_nomenc, new.year_num, new.order_num + 1
  where not exists (select 1 from num_free f where f.due_docgroup = new.due_docgroup
                    and f.isn_nomenc = new.isn_nomenc and f.year_num = new.year_num);
end;
create trigger return_num after delete on num_reserved begin
  delete from num_free
  where due_docgroup = old.due_docgroup and isn_nomenc = old.isn_nomenc and year_num = old.year_num
    and order_num = old.order_num + 1
    and not exists (select 1 from num_reserved r where r.due_docgroup = old.due_docgroup
                    and r.isn_nomenc = old.isn_nomenc and r.year_num = old.year_num and r.order_num > old.order_num);
  insert into num_free (due_docgroup, isn_nomenc, year_num, order_num)
  values (old.due_docgroup, old.isn_nomenc, old.year_num, old.order_num);
end;
create trigger add_rc after insert on doc_rc begin
  insert into prot (table_id, operation, ref_isn, time_stamp, user_isn)
  values ('D', 'I', new.isn_doc, new.ins_date, (select isn_node from department where due = new.person_exe));
end;
create trigger add_forward after insert on forward begin
  insert into folder_item (isn_folder, isn_ref_doc, ins_date, reason)
  select f.isn_folder, new.isn_ref_doc, new.send_date, new.reason
  from folder f join cabinet c on c.isn_cabinet = f.isn_cabinet where c.due = new.due_person and f.folder_kind = 1;
  insert into prot (table_id, operation, ref_isn, time_stamp, user_isn)
  values ('F', 'I', new.isn_forward, new.send_date, (select isn_node from department where due = new.due_sender));
end;
create trigger add_journal after insert on journal begin
  insert into prot (table_id, operation, ref_isn, time_stamp) values ('J', 'I', new.isn_journal, new.send_date);
end;
