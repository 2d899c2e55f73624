-- +goose Up

-- Lists of officers who have a place, whoever answers there.
create index complaints_cases_place_state on complaints_cases (place, state, ranked, id, lead);
