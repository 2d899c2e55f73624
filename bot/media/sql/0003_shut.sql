-- +goose Up

-- Links that were made for an item while it is 1 lead nowhere, but those for whoever has it under lock.
alter table media_items add column shut integer not null default 0;
