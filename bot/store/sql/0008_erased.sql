-- +goose Up

-- What people got, and what failed, of before they were erased: nobody's any more, as it is from now on.
update outbox set person = -id where spread > 0 and person > 0 and person in (select person from contacts where out_reason = 'erased')
	and contact in (select id from contacts where out_reason = 'erased');
