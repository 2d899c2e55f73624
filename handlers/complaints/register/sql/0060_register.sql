-- +goose Up

-- Cases whose question and answer may be published, and how far that is. state is
-- open, proposed, public, declined or withdrawn; due is the end of the term for it, 0
-- none; revision is the version of the text that counts, 0 none; entry is the place
-- in the register that the case has or had, 0 none; round is that of the last answer.
create table complaints_register_work (
	case_id  integer primary key,
	code     text    not null unique,
	state    text    not null,
	lead     text    not null,
	field    text    not null,
	place    text    not null,
	round    integer not null,
	due      integer not null,
	revision integer not null default 0,
	entry    integer not null default 0,
	updated  integer not null
);
create index complaints_register_work_state on complaints_register_work (state, due, case_id);
create index complaints_register_work_lead on complaints_register_work (lead, state, due, case_id);

-- Every version of a public text. body and why are sealed; hash is of the page as
-- the people saw it who proposed and confirmed it. Times are 0 for what did not happen.
create table complaints_register_texts (
	case_id   integer not null,
	revision  integer not null,
	saved     integer not null,
	author    text    not null,
	hash      text    not null,
	proposed  integer not null default 0,
	proposer  text    not null default '',
	confirmed integer not null default 0,
	confirmer text    not null default '',
	ended     integer not null default 0,
	ender     text    not null default '',
	why       blob,
	body      blob,
	primary key (case_id, revision)
);

-- The register: what everybody may read. holder is a keyed digest of who filed it.
create table complaints_register (
	id        integer primary key,
	case_id   integer not null unique,
	code      text    not null unique,
	revision  integer not null,
	field     text    not null,
	place     text    not null,
	agency    text    not null,
	filed     integer not null,
	sent      integer not null,
	published integer not null,
	corrected integer not null,
	updated   integer not null,
	late      integer not null,
	returned  integer not null,
	reopened  integer not null,
	rating    integer not null,
	hash      text    not null,
	holder    text    not null
);
create index complaints_register_holder on complaints_register (holder) where holder <> '';
create index complaints_register_updated on complaints_register (updated, id);

-- By what an entry is found: keyed digests of folded words, of places by their old and
-- new ids, of field and body.
create table complaints_register_terms (
	term integer not null,
	id   integer not null,
	primary key (term, id)
);
create index complaints_register_terms_id on complaints_register_terms (id);

-- In how many entries a term stands: a search walks along the rarest.
create table complaints_register_counts (
	term integer primary key,
	n    integer not null
);

-- How many entries a body has.
create table complaints_register_sums (
	agency text    primary key,
	n      integer not null
);

-- One row: how often the register changed, and when last.
create table complaints_register_changes (
	id       integer primary key,
	n        integer not null,
	modified integer not null
);
insert into complaints_register_changes (id, n, modified) values (1, 0, 0);
