-- +goose Up

-- A case as lists see it. What the citizen wrote and who it was stands sealed in
-- complaints_bodies; keys are keyed digests. due is the end of the clock that ends
-- next and step what it measures, 0 when none runs. rank orders lists: what runs
-- by due, then what ended, newest first. wake is when the program looks at an ended case again, 0 never.
create table complaints_cases (
	id         integer primary key,
	code       text    not null unique,
	version    integer not null,
	origin     text    not null unique,
	kind       text    not null,
	field      text    not null,
	subject    text    not null,
	place      text    not null,
	day        text    not null,
	state      text    not null,
	resume     text    not null default '',
	lead       text    not null,
	desk       text    not null,
	bound      integer not null default 0,
	officer    integer not null default 0,
	public     integer not null,
	published  text    not null default '',
	proposer   text    not null default '',
	urgent     integer not null,
	sensitive  integer not null,
	returns    integer not null default 0,
	extensions integer not null default 0,
	waits      integer not null default 0,
	round      integer not null default 0,
	filed      integer not null,
	updated    integer not null,
	closed     integer not null default 0,
	on_behalf  integer not null,
	filed_by   integer not null,
	duplicate  text    not null default '',
	photos     integer not null,
	silent     integer not null default 0,
	handed     integer not null default 0,
	drafter    text    not null default '',
	sent       integer not null default 0,
	rating     text    not null default '',
	asked      integer not null default 0,
	due        integer not null default 0,
	step       text    not null default '',
	ranked     integer not null,
	wake       integer not null default 0,
	holder_key text    not null,
	phone_key  text    not null,
	named_key  text    not null,
	text_key   text    not null
);
create index complaints_cases_state on complaints_cases (state, ranked, id);
create index complaints_cases_lead on complaints_cases (lead, state, ranked, id);
create index complaints_cases_officer on complaints_cases (officer, state, ranked, id) where officer > 0;
create index complaints_cases_field on complaints_cases (field, state, ranked, id);
create index complaints_cases_place on complaints_cases (place, field, filed);
create index complaints_cases_holder on complaints_cases (holder_key, id);
create index complaints_cases_duplicate on complaints_cases (duplicate) where duplicate <> '';
create index complaints_cases_wake on complaints_cases (wake) where wake > 0;

create table complaints_bodies (
	case_id  integer primary key references complaints_cases (id),
	body     blob not null,
	identity blob,
	holder   blob,
	consent  blob
);

create table complaints_joint (
	case_id integer not null references complaints_cases (id),
	agency  text    not null,
	primary key (case_id, agency)
);
create index complaints_joint_agency on complaints_joint (agency, case_id);

-- term is what due was counted from started by, shift what was added later: working
-- days, or minutes of work for a term in hours. mark is when somebody is reminded next, 0 never;
-- told is the last mark that was told. paused and stopped are 0 while it runs.
create table complaints_clocks (
	case_id     integer not null references complaints_cases (id),
	round       integer not null,
	step        text    not null,
	seq         integer not null,
	term        text    not null,
	shift       integer not null,
	started     integer not null,
	due         integer not null,
	provisional integer not null,
	version     text    not null,
	paused      integer not null,
	stopped     integer not null,
	late        integer not null,
	extended    integer not null,
	mark        integer not null,
	told        text    not null,
	primary key (case_id, round, step, seq)
);
create index complaints_clocks_mark on complaints_clocks (mark) where mark > 0;
create index complaints_clocks_version on complaints_clocks (version, case_id) where stopped = 0;

-- The timeline. words is sealed: text, reason and the name of who did it.
create table complaints_entries (
	id      integer primary key,
	case_id integer not null references complaints_cases (id),
	version integer not null,
	round   integer not null,
	at      integer not null,
	action  text    not null,
	actor   text    not null,
	ref     text    not null,
	agency  text    not null,
	via     text    not null,
	before  text    not null,
	after   text    not null,
	target  text    not null,
	days    integer not null,
	due     integer not null,
	shown   integer not null,
	dedupe  text    not null default '',
	words   blob
);
create index complaints_entries_case on complaints_entries (case_id, id);
create index complaints_entries_returned on complaints_entries (at) where action = 'return';
create unique index complaints_entries_dedupe on complaints_entries (case_id, dedupe) where dedupe <> '';

-- Answers that were sent, one a round.
create table complaints_answers (
	case_id    integer not null references complaints_cases (id),
	round      integer not null,
	agency     text    not null,
	drafted    text    not null,
	approved   text    not null,
	one_person integer not null,
	sent       integer not null,
	late       integer not null,
	body       blob    not null,
	primary key (case_id, round)
);

create index complaints_answers_sent on complaints_answers (sent);

-- The answer under way.
create table complaints_drafts (
	case_id   integer primary key references complaints_cases (id),
	ref       text    not null,
	updated   integer not null,
	submitted integer not null,
	body      blob    not null
);

-- Keyed digests of the words of what citizens wrote.
create table complaints_words (
	word    integer not null,
	case_id integer not null,
	primary key (word, case_id)
);
create index complaints_words_case on complaints_words (case_id);

-- Who was shown the sender of a case.
create table complaints_reveals (
	case_id integer not null references complaints_cases (id),
	ref     text    not null,
	at      integer not null,
	primary key (case_id, ref)
);

-- How many cases a body has in a state; '' is the front desk.
create table complaints_counts (
	lead  text    not null,
	state text    not null,
	n     integer not null,
	primary key (lead, state)
);

-- Terms and limits that an administrator set; the last of a key counts, the others are its history.
create table complaints_settings (
	id     integer primary key,
	key    text    not null,
	value  text    not null,
	since  integer not null,
	actor  text    not null,
	reason text    not null
);
create index complaints_settings_key on complaints_settings (key, id);

-- What happened and what was answered stays as it was, until nothing of the case is left.
-- +goose StatementBegin
create trigger complaints_entries_keep before update on complaints_entries begin
	select raise(abort, 'a timeline is never changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger complaints_entries_stay before delete on complaints_entries
when (select state from complaints_cases where id = old.case_id) <> 'purged' begin
	select raise(abort, 'a timeline is never shortened');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger complaints_answers_keep before update on complaints_answers begin
	select raise(abort, 'an answer is never changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger complaints_answers_stay before delete on complaints_answers
when (select state from complaints_cases where id = old.case_id) <> 'purged' begin
	select raise(abort, 'an answer is never deleted');
end;
-- +goose StatementEnd
