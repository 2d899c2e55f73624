-- +goose Up

-- Since when somebody gets news as often as now: digests, and items, of before are not of this rhythm.
alter table news_subscribers add column often_since integer not null default 0;

-- What waits for a person is known by its spread.
create index news_items_spread on news_items (spread) where spread > 0;
create index news_digests_spread on news_digests (spread) where spread > 0;
