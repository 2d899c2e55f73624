-- +goose Up

-- One item of news. Its words stand in news_revisions; title, folded, topics and places
-- are those of the revision in force, for lists and search. hash is that of the revision's exact bytes.
create table news_items (
	id          integer primary key,
	state       text    not null,
	version     integer not null,
	revision    integer not null,
	hash        text    not null,
	title       text    not null,
	folded      text    not null,
	source_kind text    not null,
	source_name text    not null,
	source_key  text    not null default '',
	agency      text    not null,
	author      text    not null,
	editor      text    not null,
	checker     text    not null default '',
	approver    text    not null default '',
	approved    text    not null default '',
	approved_at integer not null default 0,
	corrects    integer not null default 0,
	send        integer not null,
	urgent      integer not null default 0,
	scheduled   integer not null default 0,
	created     integer not null,
	updated     integer not null,
	published   integer not null default 0,
	finished    integer not null default 0,
	spread      integer not null default 0,
	cursor      integer not null default 0,
	top         integer not null default 0,
	expanded    integer not null default 0,
	queued      integer not null default 0,
	gone        integer not null default 0,
	capped      integer not null default 0,
	sent        integer not null default 0,
	failed      integer not null default 0,
	left_after  integer not null default 0,
	opened      integer not null default 0
);
create index news_items_state on news_items (state, id);
create index news_items_published on news_items (published) where published > 0;
create unique index news_items_source on news_items (source_key) where source_key <> '';
create index news_items_corrects on news_items (corrects) where corrects > 0;

-- Every edit, with the hash of its exact bytes.
create table news_revisions (
	item   integer not null references news_items (id),
	number integer not null,
	hash   text    not null,
	body   text    not null,
	author text    not null,
	at     integer not null,
	primary key (item, number)
);

create table news_item_topics (
	topic text    not null,
	item  integer not null references news_items (id),
	primary key (topic, item)
);
create index news_item_topics_item on news_item_topics (item);

create table news_item_places (
	item  integer not null references news_items (id),
	place text    not null,
	primary key (item, place)
);

-- What happened to an item, in order.
create table news_entries (
	id      integer primary key,
	item    integer not null references news_items (id),
	version integer not null,
	at      integer not null,
	action  text    not null,
	actor   text    not null,
	before  text    not null,
	after   text    not null,
	hash    text    not null,
	reason  text    not null
);
create index news_entries_item on news_entries (item, id);

-- What remains of figures when the rows of the outbox are gone.
create table news_figures (
	item    integer not null references news_items (id),
	channel text    not null,
	state   text    not null,
	reason  text    not null,
	n       integer not null,
	primary key (item, channel, state, reason)
);

create table news_settings (
	id     integer primary key,
	key    text    not null,
	value  text    not null,
	since  integer not null,
	actor  text    not null,
	reason text    not null
);
create index news_settings_key on news_settings (key, id);

-- Who may approve besides those whose office it is, and until when.
create table news_deputies (
	id      integer primary key,
	officer integer not null,
	named   text    not null,
	reason  text    not null,
	since   integer not null,
	until   integer not null,
	ended   integer not null default 0
);
create index news_deputies_officer on news_deputies (officer, until);

-- A person who asked for news. state: on, off (asked for silence), merged (a linked person
-- stands for this one). often: now, day, week. topics is what was chosen, also while it is off; consent_* what was agreed to, and when.
create table news_subscribers (
	id           integer primary key,
	person       integer not null unique,
	contact      integer not null,
	state        text    not null,
	often        text    not null,
	topics       text    not null,
	places       text    not null,
	consent      text    not null,
	consent_lang text    not null,
	consent_at   integer not null,
	since        integer not null,
	updated      integer not null
);
create index news_subscribers_state on news_subscribers (state);

-- The choices of those who are on, by topic and how often, in the order of subscribers.
create table news_wants (
	topic      text    not null,
	often      text    not null,
	subscriber integer not null references news_subscribers (id),
	primary key (topic, often, subscriber)
);
create index news_wants_subscriber on news_wants (subscriber);

-- The places of those who want only theirs.
create table news_places (
	subscriber integer not null references news_subscribers (id),
	place      text    not null,
	primary key (subscriber, place)
);

-- The wordings that people agreed to, once each.
create table news_consents (
	version text    not null,
	lang    text    not null,
	wording text    not null,
	since   integer not null,
	primary key (version, lang)
);

-- Items that somebody did not get at once because of the cap: they stand in the next digest.
create table news_over (
	person integer not null,
	item   integer not null references news_items (id),
	primary key (person, item)
);

-- One digest: items from after since up to ends, for those who want it so often.
create table news_digests (
	id     integer primary key,
	often  text    not null,
	day    text    not null,
	since  integer not null,
	ends   integer not null,
	spread integer not null default 0,
	cursor integer not null default 0,
	top    integer not null,
	state  text    not null,
	queued integer not null default 0,
	unique (often, day)
);

-- The sets of items that a digest has words for.
create table news_digest_sets (
	digest  integer not null references news_digests (id),
	variant integer not null,
	items   text    not null,
	primary key (digest, variant),
	unique (digest, items)
);

-- Short-lived codes that join two channels, as keyed digests, and tries to guess them.
create table news_codes (
	digest  text primary key,
	person  integer not null,
	expires integer not null
);
create index news_codes_person on news_codes (person);
create table news_tries (
	person integer not null,
	at     integer not null
);
create index news_tries_person on news_tries (person, at);
