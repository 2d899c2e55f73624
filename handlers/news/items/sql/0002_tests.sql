-- +goose Up

-- Tests of an item on real channels, to named staff, before it is sent. spread is 0 when it was closed.
create table news_tests (
	id     integer primary key,
	item   integer not null references news_items (id),
	hash   text    not null,
	actor  text    not null,
	at     integer not null,
	people integer not null,
	spread integer not null
);
create index news_tests_item on news_tests (item, id);
create index news_tests_open on news_tests (spread) where spread > 0;
