-- SPDX-License-Identifier: GPL-3.0-or-later
-- A look-alike of «ДЕЛО» for MariaDB: for trying a mapping and for tests.  It is not the vendor's database, was
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
-- Run it with the mariadb client: DELIMITER is a word of the client's.

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
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
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
  isn_cabinet integer auto_increment primary key,
  due varchar(100) not null unique references department (due),
  cabinet_name varchar(400) not null,
  is_default integer default 0 not null    -- takes what nobody is named for
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create table folder (
  isn_folder integer auto_increment primary key,
  isn_cabinet integer not null references cabinet (isn_cabinet),
  folder_kind integer not null,            -- 1: come in, 2: to be executed, 3: to be agreed, 4: notices
  unique (isn_cabinet, folder_kind)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create table organiz (
  due varchar(100) primary key,
  isn_node integer not null unique,
  classif_name varchar(400) not null,
  full_name varchar(400),
  inn varchar(20),
  sev_index varchar(255) not null unique
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create table contact (
  isn_contact integer auto_increment primary key,
  due_organiz varchar(100) not null references organiz (due),
  sev_index varchar(255) not null,
  surname varchar(400) not null,
  duty varchar(400),
  department varchar(400),
  deputy_index varchar(255),
  is_head integer default 0 not null,
  dismissed integer default 0 not null,    -- nobody is deleted
  unique (due_organiz, sev_index)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create table contact_past (
  isn_contact_past integer auto_increment primary key,
  isn_contact integer not null references contact (isn_contact),
  surname varchar(400) not null,
  duty varchar(400),
  department varchar(400),
  until datetime(6) not null
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create table docgroup_cl (
  due varchar(100) primary key,
  isn_node integer not null unique,
  classif_name varchar(400) not null,
  rc_type integer not null,                -- 1: incoming, 3: outgoing
  shablon varchar(100),                    -- stands before the number; NULL: numbered with the group above
  opened_by_hand integer default 0 not null,  -- people open each of its years; until then it gives no number
  is_default integer default 0 not null,
  due_card varchar(100) references department (due)  -- whose; NULL: every organisation's here
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create table nomenkl_cl (
  isn_nomenc integer auto_increment primary key,
  nom_number varchar(100) not null,
  classif_name varchar(400) not null,
  due_card varchar(100) references department (due)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create table link_cl (
  isn_link_cl integer auto_increment primary key,
  classif_name varchar(100) not null unique,
  reverse_name varchar(100) not null unique
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;

-- --- numbers --------------------------------------------------------------------------------------------------------
-- NUM_FREE has what was given back, and the number after the last one: the smallest is the
-- next.  ISN_NOMENC is 0 where no file is named.

create table num_free (
  due_docgroup varchar(100) not null references docgroup_cl (due),
  isn_nomenc integer not null,
  year_num integer not null,
  order_num integer not null,
  primary key (due_docgroup, isn_nomenc, year_num, order_num)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create table num_reserved (
  due_docgroup varchar(100) not null references docgroup_cl (due),
  isn_nomenc integer not null,
  year_num integer not null,
  order_num integer not null,
  primary key (due_docgroup, isn_nomenc, year_num, order_num)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;

-- --- cards ----------------------------------------------------------------------------------------------------------

create table doc_rc (
  isn_doc integer auto_increment primary key,
  due_card varchar(100) references department (due),  -- whose; NULL: nobody has said
  due_docgroup varchar(100) references docgroup_cl (due),
  isn_nomenc integer default 0 not null,
  rc_type integer not null,
  state varchar(20) not null,              -- registered, waiting, refused, joined, noted, draft, deregistered
  order_num integer,
  free_num varchar(255),
  doc_date date,
  annotat longtext not null,
  consists longtext,
  securlevel longtext,
  note longtext,
  plan_date date,
  fact_date date,
  control_state integer default 0 not null,
  ins_date datetime(6) not null,
  sev_uid varchar(255),                    -- of an outgoing document: the same for ever
  sev_route longtext,                        -- how the addressees were found, for people
  sev_mark longtext,
  sev_message longtext,
  sev_return longtext,
  waits_because longtext,
  decided_at datetime(6),
  decided_by varchar(100) references department (due),
  refusal_code integer,
  refusal_text longtext,
  joined_to integer references doc_rc (isn_doc),
  prj_status varchar(100),
  prj_version integer,
  prj_version_uid varchar(255),
  original_follows integer,
  person_sign varchar(100) references department (due),
  person_exe varchar(100) references department (due)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index doc_rc_sev_uid on doc_rc (sev_uid);
create index doc_rc_number on doc_rc (doc_date, free_num);
create index doc_rc_decided on doc_rc (decided_at);
create table ref_corresp (
  isn_ref_corresp integer auto_increment primary key,
  isn_ref_doc integer not null unique references doc_rc (isn_doc),
  due_organiz varchar(100) references organiz (due),
  corresp_num longtext,
  corresp_date date,
  corresp_sign longtext,
  corresp_name longtext,              -- as the message names it, known to us or not
  corresp_index longtext,
  sev_uid varchar(255)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index ref_corresp_number on ref_corresp (due_organiz, corresp_date);
create index ref_corresp_uid on ref_corresp (sev_uid);
create table ref_addressee (
  isn_ref_addressee integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  due_organiz varchar(100) references organiz (due),
  isn_contact integer references contact (isn_contact),
  organization longtext,
  department longtext,
  surname longtext,
  duty longtext
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index ref_addressee_doc on ref_addressee (isn_ref_doc);
create table ref_link (
  isn_ref_link integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  isn_linked_doc integer not null references doc_rc (isn_doc),
  link_name varchar(100) not null,
  received integer default 0 not null,     -- a partner's word, not ours
  ins_date datetime(6) not null,
  unique (isn_ref_doc, isn_linked_doc, link_name)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index ref_link_ins_date on ref_link (ins_date);
create table ref_mention (
  isn_ref_mention integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  link_name varchar(100) not null,
  words varchar(400) not null,
  unique (isn_ref_doc, link_name, words)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;

-- --- work on documents ----------------------------------------------------------------------------------------------

create table forward (
  isn_forward integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  due_person varchar(100) not null references department (due),
  due_sender varchar(100) references department (due),  -- NULL: the gateway
  send_date datetime(6) not null,
  reason longtext
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index forward_doc on forward (isn_ref_doc);
create index forward_send_date on forward (send_date);
create table journal (
  isn_journal integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  due_person varchar(100) not null references department (due),
  original_flag integer not null,          -- 1: the original was handed over, 0: a copy
  send_date datetime(6) not null
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index journal_doc on journal (isn_ref_doc);
create table resolution (
  isn_resolution integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  isn_parent integer references resolution (isn_resolution),
  sev_uid varchar(255) not null,
  sev_initial_uid varchar(255),            -- the sent one that this own one carries out
  external integer default 0 not null,     -- came with the document
  kind varchar(40) default 'resolution' not null,
  due_author varchar(100) references department (due),
  author_name longtext,
  author_duty longtext,
  resolution_text longtext not null,
  send_date datetime(6) not null,
  plan_date date,
  control_state integer default 0 not null,  -- 0: not under control, 1: under control, 2: closed, 3: cancelled
  category varchar(400),
  confidential integer default 0 not null,
  progress longtext,
  fact_date date,
  summary longtext,
  unique (isn_ref_doc, sev_uid)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index resolution_send_date on resolution (send_date);
create table reply (
  isn_reply integer auto_increment primary key,
  isn_resolution integer not null references resolution (isn_resolution),
  due varchar(100) references department (due),
  due_organiz varchar(100) references organiz (due),  -- whose people they are; NULL: ours, or not known
  executor_name longtext,
  executor_duty longtext,
  organization longtext,
  main_flag integer default 0 not null,
  removed integer default 0 not null,
  sev_reporter longtext,              -- as a partner named him
  reply_text longtext,
  reply_date datetime(6),
  upd_date datetime(6),
  status varchar(400)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index reply_resolution on reply (isn_resolution);
create index reply_upd_date on reply (upd_date);
create table visa (
  isn_visa integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  sev_uid varchar(255) not null,
  kind varchar(20) not null,               -- visa, signature
  due_person varchar(100) references department (due),  -- whose; NULL: not asked of us, or not sent yet
  due_organiz varchar(100) references organiz (due),  -- of a draft of ours
  surname longtext,
  duty longtext,
  department longtext,
  organization longtext,
  term datetime(6),
  reason longtext,
  send_date datetime(6),
  due_sender varchar(100) references department (due),
  directed_to longtext,
  visa_result longtext,
  visa_text longtext,
  visa_date datetime(6),
  due_signer varchar(100) references department (due),
  sev_signer longtext,
  unique (isn_ref_doc, sev_uid)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index visa_send_date on visa (send_date);
create index visa_date on visa (visa_date);
create table folder_item (
  isn_folder_item integer auto_increment primary key,
  isn_folder integer not null references folder (isn_folder),
  isn_ref_doc integer not null references doc_rc (isn_doc),
  isn_ref_resolution integer references resolution (isn_resolution),
  isn_ref_visa integer references visa (isn_visa),
  ins_date datetime(6) not null,
  reason longtext,
  words longtext
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index folder_item_doc on folder_item (isn_ref_doc);
create table ref_file (
  isn_ref_file integer auto_increment primary key,
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
  contents longblob                            -- small ones
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index ref_file_doc on ref_file (isn_ref_doc);
create index ref_file_path on ref_file (file_path);

-- --- protocols ------------------------------------------------------------------------------------------------------
-- PROT.  TABLE_ID 'D': a card, 'R': a resolution, 'F': a forwarding, 'J': a handing over.  OPERATION 'I': made, 'U':
-- changed.  SUBOPERATION of a card: 'number', 'deregistered'; of a resolution: 'due', 'progress', 'executors', 'closed',
-- 'reopened', 'cancelled'.  Rows are only ever added.

create table prot (
  isn_prot integer auto_increment primary key,
  table_id varchar(1) not null,
  operation varchar(1) not null,
  suboperation varchar(20),
  ref_isn integer not null,
  time_stamp datetime(6) not null,
  user_isn integer references department (isn_node),  -- NULL: the gateway
  describtion longtext,
  free_num varchar(255),
  doc_date date
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index prot_time_stamp on prot (time_stamp);
create index prot_ref on prot (table_id, ref_isn);
create table read_prot (
  isn_read_prot integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  user_isn integer not null references department (isn_node),
  time_stamp datetime(6) not null
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index read_prot_time_stamp on read_prot (time_stamp);

-- --- sending, and what partners tell --------------------------------------------------------------------------------

create table ref_send (
  isn_ref_send integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  due_organiz varchar(100) not null references organiz (due),
  due_clerk varchar(100) not null references department (due),
  -- to send, queued, sent, received, registered, refused, failed, overdue, cancelled, deregistered
  state varchar(20) default 'to send' not null,
  asked_at datetime(6) not null,
  queued_at datetime(6),
  send_date datetime(6),
  relay_words longtext,
  received_at datetime(6),
  reg_num longtext,                    -- there
  reg_date date,
  registered_at datetime(6),
  refusal_text longtext,
  trouble longtext,
  trouble_at datetime(6),
  withdraw_asked_at datetime(6),
  withdraw_why longtext,
  withdrawal longtext,                         -- what became of that wish
  changes_asked integer default 0 not null,
  changes_state varchar(20),               -- to send, queued, sent, nothing, failed
  changes_words longtext,
  unique (isn_ref_doc, due_organiz)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index ref_send_state on ref_send (state);
create table sev_task (
  isn_sev_task integer auto_increment primary key,
  isn_ref_send integer not null references ref_send (isn_ref_send),
  isn_resolution integer references resolution (isn_resolution),
  sev_uid varchar(255) not null,
  task_text longtext,
  executors longtext,
  plan_date date,
  progress longtext,
  state varchar(20) not null,              -- open, executed, cancelled, not reported
  fact_date date,
  told_at datetime(6) not null,
  unique (isn_ref_send, sev_uid)
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create table sev_news (
  isn_sev_news integer auto_increment primary key,
  isn_ref_doc integer not null references doc_rc (isn_doc),
  isn_ref_send integer references ref_send (isn_ref_send),
  isn_resolution integer references resolution (isn_resolution),
  event varchar(40) not null,
  sev_uid varchar(255),
  happened_at datetime(6),
  written_at datetime(6) not null,
  words longtext not null
) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin;
create index sev_news_doc on sev_news (isn_ref_doc);

-- --- procedures -----------------------------------------------------------------------------------------------------
-- CODE is 0, or negative when nothing was done, and then MESSAGE says why.  None of them commits.

delimiter //

create procedure reserve_num(inout group_due varchar(100), inout nomenc integer, inout of_year integer,
                             out num integer, out code integer, out message varchar(400))
begin
  declare by_hand integer default null;
  set num = null, code = 0, message = '';
  select max(g.opened_by_hand) into by_hand from docgroup_cl g where g.due = group_due for update;
  if by_hand is null then
    set code = -2, message = concat('нет группы документов ', coalesce(group_due, ''));
  else
    select min(f.order_num) into num from num_free f
    where f.due_docgroup = group_due and f.isn_nomenc = nomenc and f.year_num = of_year;
    if num is null and by_hand = 1 then
      set code = -3, message = concat('год ', of_year, ' не открыт');
    else
      set num = coalesce(num, 1);
      insert into num_reserved (due_docgroup, isn_nomenc, year_num, order_num)
      values (group_due, nomenc, of_year, num);
      delete from num_free
      where due_docgroup = group_due and isn_nomenc = nomenc and year_num = of_year and order_num = num;
      if not exists (select 1 from num_free f
                     where f.due_docgroup = group_due and f.isn_nomenc = nomenc and f.year_num = of_year) then
        insert into num_free (due_docgroup, isn_nomenc, year_num, order_num)
        values (group_due, nomenc, of_year, num + 1);
      end if;
    end if;
  end if;
end //

create procedure return_num(group_due varchar(100), nomenc integer, of_year integer, given integer,
                            out code integer, out message varchar(400))
begin
  declare seen integer default null;
  set code = 0, message = '';
  select max(g.isn_node) into seen from docgroup_cl g where g.due = group_due for update;
  delete from num_reserved
  where due_docgroup = group_due and isn_nomenc = nomenc and year_num = of_year and order_num = given;
  if row_count() = 0 then
    set code = -4, message = concat('номер ', given, ' не зарезервирован');
  else
    delete from num_free
    where due_docgroup = group_due and isn_nomenc = nomenc and year_num = of_year and order_num = given + 1
      and not exists (select 1 from num_reserved r where r.due_docgroup = group_due and r.isn_nomenc = nomenc
                      and r.year_num = of_year and r.order_num > given);
    insert into num_free (due_docgroup, isn_nomenc, year_num, order_num) values (group_due, nomenc, of_year, given);
  end if;
end //

create procedure add_rc(card_index varchar(100), docgroup varchar(100), nomenc integer, num integer,
                        number varchar(255), dated date, subject longtext, pages longtext, access longtext,
                        remark longtext, deadline date, moment datetime(6), waits longtext, route longtext,
                        mark longtext, follows integer, message_id longtext, return_id longtext,
                        draft varchar(100), draft_version integer, draft_uid varchar(255),
                        out isn integer, out code integer, out message varchar(400))
begin
  set isn = null, code = 0, message = '';
  if number is not null and not exists (select 1 from docgroup_cl g where g.due = docgroup and g.rc_type = 1) then
    set code = -2, message = concat('группа ', coalesce(docgroup, ''), ' не для входящих');
  elseif exists (select 1 from doc_rc d where d.rc_type = 1 and d.due_docgroup = docgroup and d.free_num = number
                 and year(d.doc_date) = year(dated)) then
    set code = -1, message = concat('номер ', number, ' уже занят');
  else
    insert into doc_rc (due_card, due_docgroup, isn_nomenc, rc_type, state, order_num, free_num, doc_date, annotat,
      consists, securlevel, note, plan_date, control_state, ins_date, waits_because, sev_route, sev_mark,
      original_follows, sev_message, sev_return, prj_status, prj_version, prj_version_uid)
    values (card_index, docgroup, nomenc, 1,
      case when waits is not null then 'waiting' when number is null then 'draft' else 'registered' end, num, number, dated,
      subject, pages, access, remark, deadline, case when deadline is null then 0 else 1 end, moment, waits, route,
      mark, follows, message_id, return_id, draft, draft_version, draft_uid);
    set isn = last_insert_id();
    insert into prot (table_id, operation, ref_isn, time_stamp) values ('D', 'I', isn, moment);
  end if;
end //

create procedure add_forward(doc integer, person varchar(100), moment datetime(6), why longtext,
                             out isn integer, out code integer, out message varchar(400))
begin
  set isn = null, code = 0, message = '';
  if not exists (select 1 from cabinet c where c.due = person) then
    set code = -5, message = concat('нет кабинета ', coalesce(person, ''));
  else
    insert into forward (isn_ref_doc, due_person, send_date, reason) values (doc, person, moment, why);
    set isn = last_insert_id();
    insert into folder_item (isn_folder, isn_ref_doc, ins_date, reason)
    select f.isn_folder, doc, moment, why
    from folder f join cabinet c on c.isn_cabinet = f.isn_cabinet where c.due = person and f.folder_kind = 1;
    insert into prot (table_id, operation, ref_isn, time_stamp) values ('F', 'I', isn, moment);
  end if;
end //

create procedure add_journal(doc integer, person varchar(100), original integer, moment datetime(6),
                             out isn integer, out code integer, out message varchar(400))
begin
  set isn = null, code = 0, message = '';
  if not exists (select 1 from department d where d.due = person) then
    set code = -6, message = concat('нет лица ', coalesce(person, ''));
  else
    insert into journal (isn_ref_doc, due_person, original_flag, send_date) values (doc, person, original, moment);
    set isn = last_insert_id();
    insert into prot (table_id, operation, ref_isn, time_stamp) values ('J', 'I', isn, moment);
  end if;
end //

delimiter ;
