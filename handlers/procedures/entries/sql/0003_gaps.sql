-- +goose Up
-- What the knowledge base lacks, as citizens showed it: questions nobody could answer, grouped by
-- meaning, and answers they said did not help or are wrong. sample and the questions are sealed, and
-- what may say who somebody is was hidden before.
create table procedures_gaps (
	id      integer primary key,
	kind    text    not null, -- unknown, unhelpful or wrong
	state   text    not null, -- open, working (a draft is under way), done or out
	field   text    not null, -- whose officers look after it, as entries name fields; '' for nobody yet
	code    text    not null, -- of the answer; for unknown the likeliest one, or ''
	words   text    not null, -- how often each word was said, as JSON
	sample  blob    not null,
	asked   integer not null, -- how often
	first   integer not null,
	last    integer not null,
	version integer not null,
	draft   integer not null default 0, -- that fills it
	reason  text    not null default '',
	actor   text    not null default '',
	ended   integer not null default 0
);
create index procedures_gaps_state on procedures_gaps (state, asked);
create unique index procedures_gaps_answer on procedures_gaps (kind, code) where kind <> 'unknown';
create index procedures_gaps_draft on procedures_gaps (draft) where draft > 0;

create table procedures_gap_questions (
	id       integer primary key,
	gap      integer not null references procedures_gaps (id),
	at       integer not null,
	question blob    not null
);
create index procedures_gap_questions_gap on procedures_gap_questions (gap, id);

-- How far the rows of a table were looked at.
create table procedures_gap_marks (
	name text    primary key,
	row  integer not null
);

-- What the bot says it does not know, by decision. words are those that count, as JSON.
create table procedures_out (
	id       integer primary key,
	gap      integer not null,
	words    text    not null,
	question blob    not null,
	actor    text    not null,
	at       integer not null,
	removed  integer not null default 0
);
create index procedures_out_removed on procedures_out (removed, id);
