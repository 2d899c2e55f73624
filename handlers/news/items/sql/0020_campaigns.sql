-- +goose Up

-- A campaign of the yearly plan of communication. Days are "2026-11-30"; media are ids with
-- blanks between. done is when it was, 0 while it is not; dropped is 1 for those that were given up.
create table news_campaigns (
	id        integer primary key,
	version   integer not null,
	title     text    not null,
	message   text    not null,
	audience  text    not null,
	media     text    not null,
	starts    text    not null,
	ends      text    not null,
	body      text    not null,
	note      text    not null,
	done      text    not null,
	result    text    not null,
	dropped   integer not null default 0,
	author    text    not null,
	created   integer not null,
	updated   integer not null
);
create index news_campaigns_days on news_campaigns (starts, id) where dropped = 0;

-- The items of news that belong to a campaign.
create table news_campaign_items (
	campaign integer not null references news_campaigns (id),
	item     integer not null references news_items (id),
	primary key (campaign, item)
);

-- What happened to a campaign, in order, with all that it said then.
create table news_campaign_entries (
	id       integer primary key,
	campaign integer not null references news_campaigns (id),
	version  integer not null,
	at       integer not null,
	action   text    not null,
	actor    text    not null,
	body     text    not null
);
create index news_campaign_entries_campaign on news_campaign_entries (campaign, id);
