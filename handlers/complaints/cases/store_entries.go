package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"cchcbot/bot"
)

// entryWords is the sealed part of an entry.
type entryWords struct {
	Name   string   `json:"name,omitempty"`
	Text   string   `json:"text,omitempty"`
	Reason string   `json:"reason,omitempty"`
	Media  []string `json:"media,omitempty"`
}

// writeEntry adds a line to the timeline.
func (d *Desk) writeEntry(ctx context.Context, tx bot.Tx, r *record, e *Entry, key string) error {
	var sealed []byte
	if w := (entryWords{e.Name, e.Text, e.Reason, e.Media}); w.Name != "" || w.Text != "" || w.Reason != "" || len(w.Media) > 0 {
		var err error
		if sealed, err = d.seal(w, entryPlace(r.Code, e.Version, e.Action)); err != nil {
			return err
		}
	}
	err := tx.QueryRowContext(ctx, `insert into complaints_entries (case_id, version, round, at, action, actor, ref, agency, via, before,
		after, target, days, due, shown, dedupe, words) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) returning id`,
		r.ID, e.Version, e.Round, bot.Millis(e.At), e.Action, e.Actor, e.Ref, e.Agency, e.Via, e.Before, e.After, e.Target, e.Days,
		bot.Millis(e.Due), bit(e.Shown), d.key("command", key), sealed).Scan(&e.ID)
	if err != nil {
		return fmt.Errorf("write timeline: %w", err)
	}
	return nil
}

const entryColumns = `id, version, round, at, action, actor, ref, agency, via, before, after, target, days, due, shown, words`

func (d *Desk) scanEntry(s bot.Scanner, code string) (Entry, error) {
	var e Entry
	var at, due int64
	var sealed []byte
	if err := s.Scan(&e.ID, &e.Version, &e.Round, &at, &e.Action, &e.Actor, &e.Ref, &e.Agency, &e.Via, &e.Before, &e.After, &e.Target,
		&e.Days, &due, &e.Shown, &sealed); err != nil {
		return Entry{}, err
	}
	var w entryWords
	if err := d.open(sealed, entryPlace(code, e.Version, e.Action), &w); err != nil {
		return Entry{}, err
	}
	e.At, e.Due, e.Name, e.Text, e.Reason, e.Media = bot.FromMillis(at), bot.FromMillis(due), w.Name, w.Text, w.Reason, w.Media
	return e, nil
}

// maxEntries is how many lines of a timeline are read, the newest.
const maxEntries = 500

// entries reads a timeline, oldest first.
func (d *Desk) entries(ctx context.Context, q Reader, r *record) ([]Entry, error) {
	var out []Entry
	err := bot.EachRow(ctx, q, `select * from (select `+entryColumns+` from complaints_entries where case_id = $1 order by id desc limit $2) as x order by id`,
		[]any{r.ID, maxEntries}, func(s bot.Scanner) error {
			e, err := d.scanEntry(s, r.Code)
			out = append(out, e)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("timeline of case %d: %w", r.ID, err)
	}
	return out, nil
}

// lastEntry is what happened last, notes and reveals left aside.
func (d *Desk) lastEntry(ctx context.Context, q Reader, r *record) (Entry, error) {
	e, err := d.scanEntry(q.QueryRowContext(ctx, `select `+entryColumns+` from complaints_entries where case_id = $1
		and action not in ('note', 'reveal') order by id desc limit 1`, r.ID), r.Code)
	if errors.Is(err, sql.ErrNoRows) {
		return Entry{At: r.Updated}, nil
	}
	if err != nil {
		return Entry{}, fmt.Errorf("last change of case %d: %w", r.ID, err)
	}
	return e, nil
}
