-- +goose Up

-- Feeds that are polled into drafts. state: on, paused, removed. error is the end of a
-- text key, '' when the last poll went well; detail is a number that belongs to it.
create table news_sources (
	id       integer primary key,
	url      text    not null,
	name     text    not null,
	kind     text    not null,
	topic    text    not null,
	minutes  integer not null,
	state    text    not null,
	version  integer not null,
	actor    text    not null,
	created  integer not null,
	updated  integer not null,
	etag     text    not null default '',
	modified text    not null default '',
	due      integer not null,
	polled   integer not null default 0,
	good     integer not null default 0,
	failures integer not null default 0,
	error    text    not null default '',
	detail   integer not null default 0,
	alarmed  integer not null default 0,
	drafts   integer not null default 0,
	skipped  integer not null default 0,
	day      text    not null default '',
	today    integer not null default 0
);
create index news_sources_due on news_sources (state, due);
create unique index news_sources_url on news_sources (url) where state <> 'removed';

-- What was seen in feeds, as digests: of an entry's own id and of its link, kept as long as a feed
-- shows it; of its title, for a month.
create table news_sources_seen (
	key text    primary key,
	at  integer not null
);
create index news_sources_seen_at on news_sources_seen (at);

-- One row: the revision of the knowledge base whose changes were proposed last.
create table news_sources_knowledge (
	id       integer primary key check (id = 1),
	revision integer not null,
	at       integer not null
);
