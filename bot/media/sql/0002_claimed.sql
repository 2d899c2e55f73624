-- +goose Up

-- What came along with a message before its turn, and that the turn has not asked for, is 0.
alter table media_items add column claimed integer not null default 1;
