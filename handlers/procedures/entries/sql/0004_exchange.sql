-- +goose Up
-- Files that officers brought into the console and have not confirmed yet. They are read
-- again when they are confirmed, so that what is shown and what is done cannot differ.
create table procedures_uploads (
	id    integer primary key,
	actor text    not null,
	name  text    not null,
	at    integer not null, -- milliseconds since 1970
	file  blob    not null
);
create index procedures_uploads_actor on procedures_uploads (actor, id);

-- What the national file said last of an entry whose words were written here: the next file
-- is held against it, so that a proposal tells what changed since.
create table procedures_national (
	code text primary key,
	hash text not null,
	body text not null -- JSON
);
