package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"cchcbot/bot"
)

// LinkOfficer says, in the transaction in which it was proven, that a person on
// a messenger is this officer; a link to another person before ends. It fails with an
// *bot.Error NotFound when the officer is not there or no longer active, and
// Conflict when the person is another officer.
func (s *Store) LinkOfficer(ctx context.Context, tx bot.Tx, officer int64, p bot.PersonID) error {
	if p == 0 {
		return invalid("nobody can be linked")
	}
	var other int64
	err := tx.QueryRowContext(ctx, `select id from staff where person = $1 and id <> $2`, int64(p), officer).Scan(&other)
	switch {
	case err == nil:
		return conflict("the person is linked with another officer")
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("link officer: %w", err)
	}
	res, err := tx.ExecContext(ctx, `update staff set person = $2 where id = $1 and active = 1`, officer, int64(p))
	if err != nil {
		return fmt.Errorf("link officer: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, notFound("there is no such officer"))
	}
	actor := bot.Officer{ID: officer}.Actor()
	return s.Audit(ctx, tx, actor, "staff.linked", actor, "")
}
