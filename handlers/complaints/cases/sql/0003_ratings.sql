-- +goose Up

-- What citizens said about the answers of rounds that are over: a case that is opened
-- again begins with no rating. rating is as in complaints_cases, which has that of the last round.
create table complaints_ratings (
	case_id integer not null references complaints_cases (id),
	round   integer not null,
	rating  text    not null,
	primary key (case_id, round)
);
