-- +goose Up
-- The years of the calendar as administrators entered them. Nothing is changed
-- or deleted: the newest revision of a year counts, and the newest revision of
-- all is the number by which other processes notice a change.
create table calendar_years (
  revision bigint primary key,
  year     bigint not null,
  body     text,             -- calendar.Year as JSON; null: what ships with the program counts again
  number   text   not null,  -- of the paper that decides it
  dated    text   not null,  -- its date, 2026-11-26
  reason   text   not null,
  restored bigint not null,  -- the revision whose content this one brings back, 0 for what ships; -1: entered anew
  actor    text   not null,  -- "staff:12"
  at       bigint not null   -- milliseconds since 1970
);
create index calendar_years_year on calendar_years (year, revision);
