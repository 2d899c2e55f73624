package store_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
)

// planned is a transaction that asks for the plan of each statement before it runs.
type planned struct {
	bot.Tx
	t testing.TB
}

// small are the tables, and what a statement brings along, that may be read from end to end.
var small = []string{"v", "f", "b", "outbox_spreads", "outbox_bodies", "audit"} // of the trail its last line

func (p planned) plan(ctx context.Context, query string, args []any) {
	p.t.Helper()
	rows, err := p.Tx.QueryContext(ctx, "explain query plan "+query, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			p.t.Error(err)
		}
	}()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			p.t.Fatal(err)
		}
		words := strings.Fields(detail)
		scans := words[0] == "SCAN" && !strings.Contains(detail, "CONSTANT ROW") && !slices.Contains(small, words[1])
		all := strings.Contains(detail, "outbox_once (spread>?)") // every row of every spread
		if scans || all || strings.Contains(detail, "AUTOMATIC") {
			p.t.Errorf("%s\nreads more with every row there is: %s", query, detail)
		}
	}
	if err := rows.Err(); err != nil {
		p.t.Error(err)
	}
}

func (p planned) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	p.t.Helper()
	p.plan(ctx, query, args)
	return p.Tx.ExecContext(ctx, query, args...)
}

func (p planned) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	p.t.Helper()
	p.plan(ctx, query, args)
	return p.Tx.QueryContext(ctx, query, args...)
}

func (p planned) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	p.t.Helper()
	p.plan(ctx, query, args)
	return p.Tx.QueryRowContext(ctx, query, args...)
}

// TestNoStatementOfASpreadReadsATableFromEndToEnd plays a spread's life and looks at
// the plan of every statement that holds the writer: what lies in the tables from before
// must not make the next batch slower.
func TestNoStatementOfASpreadReadsATableFromEndToEnd(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	var to []bot.Recipient
	var people []bot.PersonID
	for _, user := range []string{"a", "b", "c", "d"} {
		c := w.citizen("telegram", user)
		to, people = append(to, bot.Recipient{Person: c.Person, Contact: c.ID}), append(people, c.Person)
	}
	first, _ := w.spread("news:1", "Một", to...)
	w.in(func(tx bot.Tx) error {
		p := planned{tx, t}
		id, err := w.OpenSpread(ctx, p, bot.Spread{Thing: "news:2"})
		if err != nil {
			return err
		}
		steps := []func() error{
			func() error { return w.SetBodies(ctx, p, id, bodiesOf("Hai", "telegram")) },
			func() error { _, err := w.LinkPersons(ctx, p, people[0], people[1]); return err },
			func() error {
				_, err := w.SpreadTo(ctx, p, id, to, bot.Cap{Most: 1, Spreads: []int64{first}})
				return err
			},
			func() error { _, err := w.SpreadTo(ctx, p, id, to, bot.Cap{}); return err },
			func() error { _, err := w.SpreadTo(ctx, p, id, to, bot.Cap{}); return err }, // none is added: they are counted
			func() error {
				_, _, err := w.SpreadAfter(ctx, p, id, bot.After{Spread: first, Before: w.clock.Now(), But: []int64{id}, Edit: true}, 0, 10)
				return err
			},
			func() error { _, err := w.HadSpreads(ctx, p, people, []int64{first, id}); return err },
			func() error { return w.PauseSpread(ctx, p, id) },
			func() error { return w.ResumeSpread(ctx, p, id) },
			func() error { _, _, err := w.AgainSpread(ctx, p, id, 0, 10, nil); return err },
			func() error { return w.Reroute(ctx, p, to[3].Contact, "delivery.reason_blocked") },
			func() error { return w.DropNews(ctx, p, people[0]) },
			func() error { return w.DropNews(ctx, p, people[2], first, id) },
			func() error { return w.UnlinkPerson(ctx, p, people[1]) },
			func() error { return w.StopSpread(ctx, p, id) },
			func() error { _, err := w.DropSpread(ctx, p, id, 10); return err },
			func() error { return w.CloseSpread(ctx, p, id) },
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if _, err := w.SpreadsOf(ctx, people[2], w.clock.Now().Add(-time.Hour), 5); err != nil {
		t.Error(err)
	}
}
