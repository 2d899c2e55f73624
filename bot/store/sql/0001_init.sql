-- +goose Up

-- What the store must know about itself. The canary tells a wrong key before anything is written with it.
create table meta (
	name  text primary key,
	value blob not null
);

create table persons (
	id    integer primary key,
	since integer not null
);

-- user_key is a keyed digest of channel and user id; both are readable in profile only, which is sealed.
create table contacts (
	id         integer primary key,
	person     integer not null references persons (id),
	channel    text    not null,
	user_key   text    not null unique,
	profile    blob    not null,
	lang       text    not null,
	is_out     integer not null,
	out_reason text    not null default '',
	since      integer not null
);
create index contacts_person on contacts (person);

create table staff (
	id        integer primary key,
	person    integer references persons (id),
	ref       text    not null unique,
	email_key text    unique,
	profile   blob    not null,
	active    integer not null,
	since     integer not null
);
create unique index staff_person on staff (person) where person is not null;

create table staff_grants (
	staff  integer not null references staff (id),
	role   text    not null,
	agency text    not null,
	place  text    not null,
	primary key (staff, role, agency, place)
);

-- finished starts as the time of acceptance, so that the end of a turn changes
-- the size of its row as little as possible and seldom moves others.
create table inbox (
	turn        integer primary key,
	channel     text    not null,
	update_key  text    not null unique,
	chat        text    not null,
	session_key text    not null,
	user_key    text    not null,
	state       text    not null,
	attempts    integer not null,
	due         integer not null,
	accepted    integer not null,
	finished    integer not null,
	reason      text    not null default '',
	payload     blob
);
create index inbox_pending on inbox (turn) where state = 'pending';
create index inbox_failed on inbox (turn) where state = 'failed';

-- The last turn of each conversation, compared before it is set, and the sealed session it left.
create table chats (
	id          integer primary key,
	session_key text    not null unique,
	last_turn   integer not null,
	updated     integer not null,
	session     blob
);

-- due is when a queued row may be sent and when the lease of a sending one runs out.
create table outbox (
	id         integer primary key,
	message_id text    not null,
	channel    text    not null,
	chat       text    not null,
	lane       text    not null,
	state      text    not null,
	attempts   integer not null default 0,
	moves      integer not null default 0,
	retried    integer not null default 0,
	in_group   integer not null,
	due        integer not null,
	queued     integer not null,
	finished   integer not null default 0,
	contact    integer not null,
	thing      text    not null,
	unique_key text,
	reason     text    not null default '',
	receipt    text    not null default '',
	payload    blob
);
create unique index outbox_unique on outbox (unique_key) where unique_key is not null;
create index outbox_due on outbox (channel, lane, due, id, thing, state) where state in ('queued', 'sending');
create index outbox_chat on outbox (chat, id) where state in ('queued', 'sending', 'held');
create index outbox_news on outbox (contact) where lane = 'broadcast' and state in ('queued', 'held');
create index outbox_held on outbox (channel, lane) where state = 'held';
create index outbox_dead on outbox (channel, lane) where state = 'dead';
create index outbox_closed on outbox (finished) where state in ('sent', 'dropped', 'dead');

-- '' means any.
create table outbox_holds (
	channel text    not null,
	lane    text    not null,
	thing   text    not null,
	since   integer not null,
	primary key (channel, lane, thing)
);

create table leases (
	name   text primary key,
	owner  text    not null,
	expiry integer not null
);

create table audit (
	id     integer primary key,
	at     integer not null,
	actor  text    not null,
	action text    not null,
	thing  text    not null,
	detail text    not null
);
create index audit_thing on audit (thing, id);

-- +goose StatementBegin
create trigger audit_keep before update on audit begin
	select raise(abort, 'the audit trail is never changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_stay before delete on audit begin
	select raise(abort, 'the audit trail is never shortened');
end;
-- +goose StatementEnd
