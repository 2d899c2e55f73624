-- +goose Up

-- How an officer signs in. password is the sealed argon2id hash, totp the sealed
-- secret of the second factor, totp_next one that is being set up; totp_step is the last step that was used.
create table staff_accounts (
	staff     integer primary key references staff (id),
	password  blob,
	totp      blob,
	totp_next blob,
	totp_step integer not null default 0,
	lang      text    not null default 'vi',
	form      text    not null default 'plain',
	changed   integer not null
);

-- Recovery codes, as keyed digests; a used one is deleted.
create table staff_recovery (
	staff  integer not null references staff (id),
	digest text    not null,
	primary key (staff, digest)
);

-- One-time links. staff is null for the link of the first start, which makes the first account.
create table staff_invitations (
	id      integer primary key,
	staff   integer references staff (id),
	digest  text    not null unique,
	reset   integer not null,
	created integer not null,
	expires integer not null,
	used    integer not null default 0
);
create index staff_invitations_open on staff_invitations (staff, used);

-- Sign-ins. stage is 'code' while the second factor is missing, then 'open'.
create table staff_sessions (
	id      integer primary key,
	staff   integer not null references staff (id),
	digest  text    not null unique,
	stage   text    not null,
	browser text    not null,
	since   integer not null,
	seen    integer not null,
	ends    integer not null,
	ended   integer not null default 0
);
create index staff_sessions_staff on staff_sessions (staff, ended, id);
create index staff_sessions_ends on staff_sessions (ends);

-- Failed tries to sign in, by keyed digest of what they were for.
create table staff_tries (
	key   text primary key,
	fails integer not null,
	last  integer not null,
	until integer not null
);
create index staff_tries_last on staff_tries (last);

-- Each line of the audit trail is chained to the one before. Lines from before
-- this version get their hash once, at the next start; after that nothing changes.
drop trigger audit_keep;
alter table audit add column hash text not null default '';
create index audit_actor on audit (actor, id);
create index audit_action on audit (action, id);
create index audit_unchained on audit (id) where hash = '';

-- +goose StatementBegin
create trigger audit_keep before update on audit
when old.hash <> '' or new.hash = '' or new.id <> old.id or new.at <> old.at or new.actor <> old.actor
	or new.action <> old.action or new.thing <> old.thing or new.detail <> old.detail
begin
	select raise(abort, 'the audit trail is never changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_chained before insert on audit when new.hash = '' begin
	select raise(abort, 'a line of the audit trail is chained to the one before');
end;
-- +goose StatementEnd
