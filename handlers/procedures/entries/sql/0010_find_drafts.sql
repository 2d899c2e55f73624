-- +goose Up

-- What a draft is found by: code, name and field, folded, with a space before each word.
alter table procedures_drafts add column folded text not null default '';
