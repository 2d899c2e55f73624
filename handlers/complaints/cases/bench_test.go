package cases_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/handlers/complaints/cases"
)

// inserts collects rows and writes them many at a time.
type inserts struct {
	tx   *sqldb.Tx
	into string // "table (columns)"
	n    int
	args []any
}

func (in *inserts) add(args ...any) error {
	in.n, in.args = len(args), append(in.args, args...)
	if len(in.args)+in.n > 3000 {
		return in.flush()
	}
	return nil
}

func (in *inserts) flush() error {
	if len(in.args) == 0 {
		return nil
	}
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", in.n), ",") + "),"
	_, err := in.tx.Exec(`insert into `+in.into+` values `+strings.TrimSuffix(strings.Repeat(row, len(in.args)/in.n), ","), in.args...)
	in.args = in.args[:0]
	return err
}

// without runs f without the indexes of complaints and makes them again after it.
func without(tx *sqldb.Tx, f func() error) error {
	rows, err := tx.QueryContext(context.Background(), `select name, sql from sqlite_master where type = 'index' and name like 'complaints_%' and sql is not null`)
	if err != nil {
		return err
	}
	made := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return err
		}
		made[name] = text
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for name := range made {
		if _, err := tx.Exec(`drop index ` + name); err != nil {
			return err
		}
	}
	if err := f(); err != nil {
		return err
	}
	for _, text := range made {
		if _, err := tx.Exec(text); err != nil {
			return err
		}
	}
	return nil
}

// bulk puts n cases into the tables, the way the door leaves them: one in twenty is open, the rest
// is answered and closed, and three hundred bodies share them. Words are as people
// write: few often, many seldom.
func (h *house) bulk(n int) (code string) {
	h.t.Helper()
	c := h.open(scene()) // real: its sealed columns serve all
	tx, err := h.db.BeginWrite(h.t.Context())
	must(h.t, err)
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	must(h.t, without(tx, func() error {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		zipf := rand.NewZipf(r, 1.1, 8, 4999)
		digests := make([]int64, 5000)
		for i := range digests {
			digests[i] = h.desk.WordForTest(fmt.Sprint("tu", i))
		}
		start := h.now.UnixMilli() - int64(n)*60_000
		rows := &inserts{tx: tx, into: `complaints_cases (id, code, version, origin, kind, field, subject, place, day, state, lead, desk, public, urgent, sensitive,
			filed, updated, on_behalf, filed_by, photos, due, step, ranked, holder_key, phone_key, named_key, text_key)`}
		phone := h.desk.PhoneKeyForTest("0912345678")
		var words [][2]int64
		for i := range n {
			id, at := int64(i+1000), start+int64(i)*60_000
			state, ranked, due := "closed", int64(1)<<52-at, int64(0)
			if i%20 == 0 {
				state, due = "accepted", h.now.UnixMilli()+int64(r.IntN(20*86_400_000))-5*86_400_000
				ranked = due
			}
			code = cases.CodeForTest(uint32(i))
			err := rows.add(id, code, 3, fmt.Sprint("o", i), "scene", []string{"moi-truong", "giao-thong", "dat-dai", "y-te"}[i%4], "",
				fmt.Sprintf("w%d", 10_000+i%300), "2026-11-01", state, fmt.Sprintf("xa25.ubnd@%d", 10_000+i%300), "", 1, 0, 0, at, at, 0, 0, 0, due, "answer", ranked,
				fmt.Sprint("h", i%(n/3+1)), phone, "", "")
			if err != nil {
				return err
			}
			seen := map[uint64]bool{}
			for range 12 {
				if w := zipf.Uint64(); !seen[w] {
					seen[w] = true
					words = append(words, [2]int64{digests[w], id})
				}
			}
		}
		slices.SortFunc(words, func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
		all := &inserts{tx: tx, into: `complaints_words (word, case_id)`}
		for _, w := range words {
			if err := all.add(w[0], w[1]); err != nil {
				return err
			}
		}
		if err := errors.Join(rows.flush(), all.flush()); err != nil {
			return err
		}
		for _, q := range []string{
			`insert into complaints_bodies (case_id, body) select c.id, b.body from complaints_cases c, complaints_bodies b where b.case_id = ` + fmt.Sprint(c.ID) + ` and c.id >= 1000`,
			`insert into complaints_clocks (case_id, round, step, seq, term, shift, started, due, provisional, version, paused, stopped, late, extended, mark, told)
				select id, 0, 'answer', 0, '7d', 0, filed, filed + 1, 0, 'v', 0, case when due > 0 then 0 else filed + 1 end, 0, 0, 0, '' from complaints_cases where id >= 1000`,
			`delete from complaints_counts`,
			`insert into complaints_counts (lead, state, n) select lead, state, count(*) from complaints_cases group by lead, state`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	}))
	must(h.t, tx.Commit())
	must(h.t, h.db.Optimize(h.t.Context()))
	return code
}

// views are what must not become slow with the years.
func (h *house) views(code string) map[string]func() error {
	ctx := h.t.Context()
	mine := []string{"xa25.ubnd@10007"}
	list := func(f cases.Filter) func() error {
		return func() error {
			p, err := h.desk.List(ctx, f)
			if err == nil && len(p.Cases) == 0 {
				err = fmt.Errorf("nothing was found by %+v", f)
			}
			return err
		}
	}
	open := []cases.State{cases.Received, cases.Forwarded, cases.Accepted, cases.Waiting, cases.Drafted}
	return map[string]func() error{
		"inbox of a body": func() error {
			if err := list(cases.Filter{Agencies: mine, Limit: 20})(); err != nil {
				return err
			}
			_, err := h.desk.Tally(ctx, []bot.Scope{{Agency: mine[0]}})
			return err
		},
		"inbox of a place": func() error {
			here := []bot.Scope{{Place: "w10007"}}
			if err := list(cases.Filter{Scopes: here, Limit: 20})(); err != nil {
				return err
			}
			_, err := h.desk.Tally(ctx, here)
			return err
		},
		"inbox of a body at a place": func() error {
			here := []bot.Scope{{Agency: mine[0], Place: "w10007"}}
			if err := list(cases.Filter{Scopes: here, Limit: 20})(); err != nil {
				return err
			}
			_, err := h.desk.Tally(ctx, here)
			return err
		},
		"inbox of the front desk": func() error {
			if err := list(cases.Filter{Limit: 20})(); err != nil {
				return err
			}
			_, err := h.desk.Tally(ctx, nil)
			return err
		},
		"what is late": list(cases.Filter{States: open, Overdue: true, Limit: 20}),
		"a field":      list(cases.Filter{Fields: []string{"y-te"}, Limit: 20}),
		"the closed":   list(cases.Filter{States: []cases.State{cases.Closed}, Limit: 20}),
		"status by code": func() error {
			_, err := h.desk.StatusFor(ctx, code, "0912345678")
			return err
		},
		"one word":    list(cases.Filter{Words: "tu5", Limit: 20}),
		"two words":   list(cases.Filter{Words: "tu2 tu5", Limit: 20}),
		"a rare word": list(cases.Filter{Words: "tu100", Limit: 20}),
	}
}

// BenchmarkCases measures every view with 2,000 and with 200,000 cases, in turns, so
// that what else the machine does meets both; "ratio" is of the medians.
func BenchmarkCases(b *testing.B) {
	small, large := open(b), open(b)
	few, many := small.views(small.bulk(2_000)), large.views(large.bulk(200_000))
	for _, name := range slices.Sorted(maps.Keys(few)) {
		b.Run(name, func(b *testing.B) {
			var short, long []float64
			for b.Loop() {
				begin := time.Now()
				errFew := few[name]()
				middle := time.Now()
				errMany := many[name]()
				long = append(long, float64(time.Since(middle)))
				short = append(short, float64(middle.Sub(begin)))
				if err := errors.Join(errFew, errMany); err != nil {
					b.Fatal(err)
				}
			}
			slices.Sort(short)
			slices.Sort(long)
			b.ReportMetric(short[len(short)/2], "ns/2000")
			b.ReportMetric(long[len(long)/2], "ns/200000")
			b.ReportMetric(long[len(long)/2]/short[len(short)/2], "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// TestViewsWalkAlongIndexes asks the database how it would answer: no view reads
// a whole table, and none sorts more than a page.
func TestViewsWalkAlongIndexes(t *testing.T) {
	h, plans := openExplained(t)
	code := h.bulk(3_000)
	for name, view := range h.views(code) {
		plans.start()
		must(t, view())
		got := plans.taken(t)
		if len(got) == 0 {
			t.Errorf("%s asked nothing", name)
		}
		for _, line := range got {
			// The sums have a row for each body and state, however many cases there are.
			if strings.Contains(line, "SCAN c") && !strings.HasPrefix(line, "SCAN complaints_counts") && !strings.Contains(line, "CONSTANT") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}
