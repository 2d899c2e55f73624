-- +goose Up
-- Whom a body is reached through. profile is sealed: name, e-mail, telephone.
create table complaints_contacts (
  id        integer primary key,
  ref       text    not null unique,  -- what the sealed parts are bound to
  body      text    not null,         -- id of the directory
  role      text    not null,         -- officer, leader or desk
  email_key text    not null,         -- digest of the address
  profile   blob    not null,
  active    integer not null,
  epoch     integer not null,         -- of its links; a new address makes the old ones useless
  stand_in  integer not null,         -- contact that hears instead, 0 none
  away      integer not null,         -- until when, milliseconds; 0 here
  tested    integer not null,         -- last test message, milliseconds; 0 never
  verified  integer not null,         -- when the address was confirmed; 0 not yet
  asked     integer not null,         -- day (days since 1970) in which fresh links were asked for
  asks      integer not null,         -- how often on that day
  created   integer not null,
  updated   integer not null
);
create unique index complaints_contacts_email on complaints_contacts (body, email_key);

-- Groups on messengers in which a body hears of its cases. place is sealed: channel, chat and title.
create table complaints_groups (
  id       integer primary key,
  ref      text    not null unique,
  body     text    not null,
  channel  text    not null,
  chat_key text    not null unique, -- digest of channel and chat
  place    blob    not null,
  linked   integer not null,
  officer  integer not null,        -- who made the code
  gone     integer not null         -- since when the bot is no longer in it, 0 it is
);
create index complaints_groups_body on complaints_groups (body);

-- One-time codes that link a group to a body or a chat to a member of staff.
create table complaints_codes (
  code_key text    primary key,     -- digest
  body     text    not null,        -- '' for a chat of one's own
  officer  integer not null,        -- who made it, or whose chat it links
  expires  integer not null
);

-- Answers written in a chat that wait for their author's "yes". written is sealed.
create table complaints_chat_drafts (
  id       integer primary key,
  ref      text    not null unique,
  case_id  integer not null,
  version  integer not null,        -- of the case as the author saw it
  action   text    not null,
  officer  integer not null,
  chat_key text    not null,
  written  blob    not null,
  created  integer not null
);
create index complaints_chat_drafts_created on complaints_chat_drafts (created);

-- Reminders that wait to be put together into one mail a body.
create table complaints_due (
  id       integer primary key,
  case_id  integer not null,
  body     text    not null,
  reminder text    not null,
  step     text    not null,
  due      integer not null,        -- of the clock
  at       integer not null,        -- when it was noted
  unique (case_id, reminder, step, due)
);
create index complaints_due_at on complaints_due (at, id);

-- The last day whose digest went out, and other marks of jobs.
create table complaints_agency_marks (
  name text    primary key,
  at   integer not null
);
