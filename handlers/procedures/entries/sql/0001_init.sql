-- +goose Up
-- The curators' truth: what is published at a revision. head holds what the
-- index needs, body the whole entry; both are JSON and public knowledge.
create table procedures_entries (
  code     text    not null,
  revision bigint  not null,
  origin   text    not null, -- embedded, import or edited
  head     text,             -- null: withdrawn with this revision
  body     text,
  primary key (code, revision)
);

create table procedures_revisions (
  revision  bigint  primary key,
  published bigint  not null, -- milliseconds since 1970
  actor     text    not null,
  note      text    not null,
  added     bigint  not null,
  changed   bigint  not null
);

-- One row: which revision counts. Rolling back is a smaller number.
create table procedures_published (
  id       bigint primary key check (id = 1),
  revision bigint not null,
  seed     text   not null -- digest of the embedded content that was last taken in
);
insert into procedures_published (id, revision, seed) values (1, 0, '');

-- Questions the bot could not answer, sealed, for the curators.
create table procedures_unknown (
  id       bigint  primary key,
  asked    bigint  not null, -- milliseconds since 1970
  lang     text    not null,
  question blob    not null  -- sealed
);
create index procedures_unknown_asked on procedures_unknown (asked);

-- What citizens said of an answer. note is sealed, or null.
create table procedures_feedback (
  id      bigint  primary key,
  given   bigint  not null, -- milliseconds since 1970
  code    text    not null,
  verdict text    not null, -- helpful, unhelpful or wrong
  note    blob,
  person  bigint  not null  -- persons.id, so that it can be handed over and erased; 0 when unknown
);
create index procedures_feedback_code on procedures_feedback (code, verdict);
create index procedures_feedback_person on procedures_feedback (person);
