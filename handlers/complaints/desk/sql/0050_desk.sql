-- +goose Up

-- Canned answers of officers, by field ("" for all) and body ("" for all). They hold
-- no words of citizens. One that was removed stays for a while, so that removing can be undone.
create table complaints_canned (
	id      integer primary key,
	field   text    not null,
	agency  text    not null,
	title   text    not null,
	body    text    not null,
	version integer not null,
	actor   text    not null,
	updated integer not null,
	removed integer not null default 0
);
create index complaints_canned_field on complaints_canned (field, agency) where removed = 0;
