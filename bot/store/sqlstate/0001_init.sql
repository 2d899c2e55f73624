-- +goose Up

create table sessions (
	id      blob    primary key,
	version integer not null,
	expiry  integer not null,
	data    blob    not null
);
create index sessions_expiry on sessions (expiry);
