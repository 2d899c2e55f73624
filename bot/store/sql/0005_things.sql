-- +goose Up

-- What was said about a thing is found again when it has to be forgotten.
create index outbox_thing on outbox (thing) where payload is not null and thing <> '';
