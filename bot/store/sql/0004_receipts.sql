-- +goose Up
-- A person answers one of our messages: which was it?
create index outbox_receipt on outbox (chat, receipt) where receipt <> '';
