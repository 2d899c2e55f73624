-- +goose Up
-- Links to sources that entries name, and how they answered last. A link counts as broken when
-- it failed on two days without an answer between them.
create table procedures_links (
	url     text    primary key,
	due     integer not null, -- milliseconds since 1970: when it is asked next
	checked integer not null default 0,
	status  integer not null default 0, -- of HTTP; 0: nobody answered
	reason  text    not null default '',
	failed  integer not null default 0, -- days on which it failed, in a row
	day     text    not null default '' -- the last of them, in Vietnam
);
create index procedures_links_due on procedures_links (due);
create index procedures_links_failed on procedures_links (failed) where failed > 0;

-- What was done last, so that a program that starts again does not do it twice.
create table procedures_marks (
	name text primary key,
	at   text not null
);
