-- +goose Up
-- Look-ups of a case by code and telephone number, so that nobody finds one by trying.
-- who: digest of channel and user. began: of the hour that counts, Unix milliseconds.
create table complaints_tries (
	who text primary key,
	began bigint not null,
	tries integer not null
);
create index complaints_tries_began on complaints_tries (began);
