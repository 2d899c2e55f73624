-- +goose Up
-- Files that citizens sent and that are still being fetched: whom to tell when one is not taken.
-- media: id of bot/media. owner: digest of the conversation. holder: sealed address and language.
create table complaints_files (
	media text primary key,
	owner text not null,
	holder blob not null,
	since bigint not null
);
create index complaints_files_owner on complaints_files (owner);
create index complaints_files_since on complaints_files (since);
