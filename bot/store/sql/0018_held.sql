-- +goose Up
-- What of news is held, by when it was last tried: what waited too long is found without a look at the rest.
create index outbox_tried on outbox (tried) where state = 'held' and lane = 'broadcast' and spread > 0;
