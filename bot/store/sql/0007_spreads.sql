-- +goose Up

-- The digest of a contact's private chat, as outbox.chat has it. Empty ones, of before, are filled in at the next start.
alter table contacts add column chat text not null default '';
create index contacts_unchatted on contacts (id) where chat = '';

-- linked is the person who stands for this one in what is sent to persons; 0: itself.
alter table persons add column linked integer not null default 0;
create index persons_linked on persons (linked) where linked > 0;

-- One message to many. state: open, closed (nobody is added, nothing is left) or stopped.
-- quiet_from and quiet_to are minutes of the day in Vietnam; version grows with the bodies.
create table outbox_spreads (
	id         integer primary key,
	thing      text    not null unique,
	state      text    not null,
	due        integer not null,
	quiet_from integer not null,
	quiet_to   integer not null,
	version    integer not null,
	since      integer not null
);
create index outbox_spreads_open on outbox_spreads (id) where state = 'open';

-- What a spread says, sealed, for a channel and a language.
create table outbox_bodies (
	id      integer primary key,
	spread  integer not null references outbox_spreads (id),
	variant integer not null,
	channel text    not null,
	lang    text    not null,
	payload blob    not null,
	unique (spread, variant, channel, lang)
);

-- A row of a spread has no payload of its own: its words are in outbox_bodies, its
-- address in contacts. edits is the receipt of the message that it replaces.
alter table outbox add column spread integer not null default 0;
alter table outbox add column person integer not null default 0;
alter table outbox add column variant integer not null default 0;
alter table outbox add column edits text not null default '';
create unique index outbox_once on outbox (spread, person) where spread > 0;
-- In the order of this index rows come into the lane, are counted, and are found again.
create index outbox_spread on outbox (spread, state, channel, reason) where spread > 0;
drop index outbox_news;
create index outbox_news on outbox (contact) where lane = 'broadcast' and state in ('waiting', 'queued', 'held');
