-- +goose Up
create table sample_ideas (
	id           integer primary key,
	conversation text not null unique,
	name         text not null,
	place        text not null,
	photos       integer not null
);
