-- +goose Up

-- A channel's own secrets: tokens, consents under way. version grows with every change.
create table vault (
	name    text primary key,
	value   blob    not null,
	version integer not null,
	updated integer not null
);

-- How we stand with a chat: what a channel's gate decides by, and until when a
-- person of the office answers there. chat is the digest that outbox has.
create table standings (
	id      integer primary key,
	chat    text    not null unique,
	channel text    not null,
	heard   integer not null default 0,
	wrote   integer not null default 0,
	quiet   integer not null default 0,
	note    text    not null default '',
	updated integer not null
);
create index standings_quiet on standings (channel, quiet) where quiet > 0;
create index standings_old on standings (updated);

-- tried is when the last attempt began; doubt when one began that may have succeeded, 0 for none.
alter table outbox add column tried integer not null default 0;
alter table outbox add column doubt integer not null default 0;
