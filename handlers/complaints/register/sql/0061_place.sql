-- +goose Up

-- Lists of officers who have a place, whoever answers there.
create index complaints_register_work_place on complaints_register_work (place, state, due, case_id);
