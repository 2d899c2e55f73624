package calendar

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	days "cchcbot/knowledge/calendar"
)

// Reader reads outside a unit of work. *sql.DB implements it.
type Reader = bot.Reader

// Limits of lists.
const (
	maxRevisions = 200 // of a year, that a page lists
	maxYears     = 200 // with revisions; a year lies between 2000 and 2100
	maxBody      = 64 << 10
)

// enteredAnew stands in Revision.Restored of one that brings nothing back.
const enteredAnew = -1

// Revision is one version of a year, as somebody saved it.
type Revision struct {
	Revision int64
	Year     int
	Body     *days.Year // nil: what ships with the program counts again
	Decision days.Decision
	Reason   string
	Restored int64 // the revision it brings back, 0 for what ships; -1: none
	Actor    string
	At       time.Time
}

// newest is the number of the newest revision of all years, 0 before the first.
func newest(ctx context.Context, r Reader) (int64, error) {
	var n int64
	if err := r.QueryRowContext(ctx, `select coalesce(max(revision), 0) from calendar_years`).Scan(&n); err != nil {
		return 0, fmt.Errorf("newest revision of the calendar: %w", err)
	}
	return n, nil
}

const revisionColumns = `revision, year, body, number, dated, reason, restored, actor, at from calendar_years `

// current lists the newest revision of each year that has one. A body that
// cannot be read any more is told by its year in broken and left out.
func current(ctx context.Context, r Reader) (list []Revision, broken []int, err error) {
	return revisions(ctx, r, `where revision in (select max(revision) from calendar_years group by year) order by year limit $1`, maxYears)
}

// history lists the revisions of a year, newest first.
func history(ctx context.Context, r Reader, year int) ([]Revision, error) {
	list, _, err := revisions(ctx, r, `where year = $1 order by revision desc limit $2`, year, maxRevisions)
	return list, err
}

// revisionOf reads one revision of a year. It fails with *bot.Error NotFound.
func revisionOf(ctx context.Context, r Reader, year int, revision int64) (Revision, error) {
	list, broken, err := revisions(ctx, r, `where year = $1 and revision = $2`, year, revision)
	switch {
	case err != nil:
		return Revision{}, err
	case len(broken) > 0:
		return Revision{}, &bot.Error{Code: bot.Invalid, Key: "calendar.revision_broken", Args: []any{"year", year}}
	case len(list) == 0:
		return Revision{}, &bot.Error{Code: bot.NotFound, Detail: "no such revision of the year"}
	}
	return list[0], nil
}

func revisions(ctx context.Context, r Reader, where string, args ...any) (list []Revision, broken []int, err error) {
	rows, err := r.QueryContext(ctx, `select `+revisionColumns+where, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("revisions of the calendar: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var v Revision
		var body sql.NullString
		var at int64
		if err := rows.Scan(&v.Revision, &v.Year, &body, &v.Decision.Number, &v.Decision.Date, &v.Reason, &v.Restored, &v.Actor, &at); err != nil {
			return nil, nil, fmt.Errorf("revisions of the calendar: %w", err)
		}
		v.At = time.UnixMilli(at)
		if body.Valid {
			v.Body = new(days.Year)
			// What an older version took may be refused by this one's rules.
			if json.Unmarshal([]byte(body.String), v.Body) != nil || v.Body.Year != v.Year || len(v.Body.Check()) > 0 {
				broken = append(broken, v.Year)
				continue
			}
		}
		list = append(list, v)
	}
	return list, broken, rows.Err()
}

// insert writes a revision behind the one that was the newest when it was
// prepared. It fails with *bot.Error Conflict when another came in between.
func insert(ctx context.Context, tx bot.Tx, v Revision, after int64) error {
	last, err := newest(ctx, tx)
	if err != nil {
		return err
	}
	if last != after {
		return &bot.Error{Code: bot.Conflict, Key: "calendar.conflict", Detail: "another revision was first"}
	}
	var body any // null: what ships
	if v.Body != nil {
		raw, err := json.Marshal(v.Body)
		if err != nil {
			return fmt.Errorf("year %d: %w", v.Year, err)
		}
		if len(raw) > maxBody {
			return errors.New("calendar: the year is too long")
		}
		body = string(raw)
	}
	_, err = tx.ExecContext(ctx, `insert into calendar_years (revision, year, body, number, dated, reason, restored, actor, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		v.Revision, v.Year, body, v.Decision.Number, v.Decision.Date, v.Reason, v.Restored, v.Actor, v.At.UnixMilli())
	if err != nil {
		return fmt.Errorf("store year %d: %w", v.Year, err)
	}
	return nil
}
