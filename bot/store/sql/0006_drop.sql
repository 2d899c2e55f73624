-- +goose Up
-- What a dropped turn blanks of the talk before it.
create index inbox_session on inbox (session_key) where payload is not null;
create index outbox_said on outbox (chat) where payload is not null and state in ('sent', 'dead', 'dropped');
