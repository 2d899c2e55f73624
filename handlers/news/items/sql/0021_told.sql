-- +goose Up

-- Who was told of an item in a digest because there had been enough that day: no message of the item
-- went there, and a correction of it stands in the next digest.
create table news_told (
	item   integer not null references news_items (id),
	person integer not null,
	at     integer not null,
	primary key (item, person)
);
create index news_told_person on news_told (person);
create index news_told_at on news_told (at);
