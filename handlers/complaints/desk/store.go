package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
)

// maxCannedList is how many canned answers there may be: they are chosen from a list.
const maxCannedList = 500

// keepRemoved is how long one that was removed can be brought back.
const keepRemoved = 30 * 24 * time.Hour

// canned is a canned answer: words of officers, for one field or body or for all.
type canned struct {
	ID      int64
	Field   string
	Agency  string
	Title   string
	Body    string
	Version int64
	Actor   string
	Updated time.Time
	Removed time.Time
}

const cannedColumns = `id, field, agency, title, body, version, actor, updated, removed`

func scanCanned(row interface{ Scan(...any) error }) (canned, error) {
	var t canned
	var updated, removed int64
	err := row.Scan(&t.ID, &t.Field, &t.Agency, &t.Title, &t.Body, &t.Version, &t.Actor, &updated, &removed)
	t.Updated = time.UnixMilli(updated)
	if removed > 0 {
		t.Removed = time.UnixMilli(removed)
	}
	return t, err
}

// listCanned lists those in use, by title.
func listCanned(ctx context.Context, q Reader) ([]canned, error) {
	rows, err := q.QueryContext(ctx, `select `+cannedColumns+` from complaints_canned where removed = 0 order by title, id limit $1`, maxCannedList)
	if err != nil {
		return nil, fmt.Errorf("list canned answers: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what matters
	var out []canned
	for rows.Next() {
		t, err := scanCanned(rows)
		if err != nil {
			return nil, fmt.Errorf("read canned answer: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// readCanned reads one in use.
func readCanned(ctx context.Context, q Reader, id int64) (canned, error) {
	t, err := anyCanned(ctx, q, id)
	if err == nil && !t.Removed.IsZero() {
		err = &bot.Error{Code: bot.NotFound}
	}
	return t, err
}

// anyCanned reads one, also when it was removed.
func anyCanned(ctx context.Context, q Reader, id int64) (canned, error) {
	t, err := scanCanned(q.QueryRowContext(ctx, `select `+cannedColumns+` from complaints_canned where id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return canned{}, &bot.Error{Code: bot.NotFound}
	}
	if err != nil {
		return canned{}, fmt.Errorf("read canned answer: %w", err)
	}
	return t, nil
}

// writeCanned inserts one whose ID is 0 or rewrites one that nobody changed since
// Version; it fails with an *bot.Error Conflict when somebody did, and Invalid when there are too many.
func writeCanned(ctx context.Context, tx bot.Tx, t canned) (int64, error) {
	if t.ID == 0 {
		var n int
		if err := tx.QueryRowContext(ctx, `select count(*) from complaints_canned where removed = 0`).Scan(&n); err != nil {
			return 0, fmt.Errorf("count canned answers: %w", err)
		}
		if n >= maxCannedList {
			return 0, &bot.Error{Code: bot.Invalid, Key: "complaints.desk_canned_full", Args: []any{"max", maxCannedList}}
		}
		err := tx.QueryRowContext(ctx, `insert into complaints_canned (field, agency, title, body, version, actor, updated) values ($1, $2, $3, $4, 1, $5, $6) returning id`,
			t.Field, t.Agency, t.Title, t.Body, t.Actor, t.Updated.UnixMilli()).Scan(&t.ID)
		if err != nil {
			return 0, fmt.Errorf("write canned answer: %w", err)
		}
		return t.ID, nil
	}
	res, err := tx.ExecContext(ctx, `update complaints_canned set field = $1, agency = $2, title = $3, body = $4, version = version + 1, actor = $5, updated = $6
		where id = $7 and version = $8 and removed = 0`, t.Field, t.Agency, t.Title, t.Body, t.Actor, t.Updated.UnixMilli(), t.ID, t.Version)
	if err != nil {
		return 0, fmt.Errorf("write canned answer: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("write canned answer: %w", err)
	}
	if n == 0 {
		return 0, &bot.Error{Code: bot.Conflict}
	}
	return t.ID, nil
}

// removeCanned takes one out of use, or brings it back.
func removeCanned(ctx context.Context, tx bot.Tx, id int64, back bool, now time.Time) error {
	at := now.UnixMilli()
	if back {
		at = 0
	}
	if _, err := tx.ExecContext(ctx, `delete from complaints_canned where removed > 0 and removed < $1`, now.Add(-keepRemoved).UnixMilli()); err != nil {
		return fmt.Errorf("forget canned answers: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `update complaints_canned set removed = $1, version = version + 1 where id = $2`, at, id); err != nil {
		return fmt.Errorf("remove canned answer: %w", err)
	}
	return nil
}
