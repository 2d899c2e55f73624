-- +goose Up

-- base is the revision that this one was made on, line whether it counts: a rollback takes
-- revisions off the line and removes nothing. Until now the numbers were one line, and what
-- was rolled back is above the published one.
alter table procedures_revisions add column base bigint not null default 0;
alter table procedures_revisions add column line bigint not null default 1;
update procedures_revisions set
	base = coalesce((select max(x.revision) from procedures_revisions x where x.revision < procedures_revisions.revision), 0),
	line = case when revision <= (select p.revision from procedures_published p where p.id = 1) then 1 else 0 end;

-- One change of one entry on its way: written, reviewed by a second person, waiting for its day,
-- published. What it says stands in procedures_edits; hash is that of the edit's exact bytes.
create table procedures_drafts (
	id          integer primary key,
	code        text    not null,
	state       text    not null,
	version     integer not null,
	edit        integer not null,
	hash        text    not null,
	name        text    not null,
	field       text    not null,
	base        text    not null, -- the entry it was drawn from, as JSON; '' for a new one
	base_hash   text    not null,
	source      text    not null default '', -- where a program's draft came from
	source_key  text    not null default '',
	author      text    not null,
	editor      text    not null,
	reviewer    text    not null default '',
	reviewed    text    not null default '', -- hash
	reviewed_at integer not null default 0,
	publisher   text    not null default '',
	effective   text    not null, -- day in Vietnam, '' for at once
	created     integer not null,
	updated     integer not null,
	published   integer not null default 0,
	revision    integer not null default 0 -- with which it was published
);
create index procedures_drafts_state on procedures_drafts (state, id);
create index procedures_drafts_code on procedures_drafts (code, id);
create unique index procedures_drafts_source on procedures_drafts (source_key) where source_key <> '';
create index procedures_drafts_revision on procedures_drafts (revision) where revision > 0;

-- Every edit of a draft, with the hash of its exact bytes.
create table procedures_edits (
	draft  integer not null references procedures_drafts (id),
	number integer not null,
	hash   text    not null,
	body   text    not null,
	author text    not null,
	at     integer not null,
	primary key (draft, number)
);

-- What happened to a draft, in order.
create table procedures_steps (
	id      integer primary key,
	draft   integer not null references procedures_drafts (id),
	version integer not null,
	at      integer not null,
	action  text    not null,
	actor   text    not null,
	before  text    not null,
	after   text    not null,
	hash    text    not null,
	reason  text    not null
);
create index procedures_steps_draft on procedures_steps (draft, id);
