package register

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// Query is a search, for tests that look at speed and plans.
type Query = query

// Search lists the codes of what a search finds, and where it goes on.
func (g *Register) Search(ctx context.Context, q Query) (codes []string, next int64, err error) {
	list, next, err := g.find(ctx, q)
	for _, e := range list {
		codes = append(codes, e.Code)
	}
	return codes, next, err
}

// Statements are the queries of the public pages, with values.
func (g *Register) Statements(q Query) map[string][]any {
	q.After, q.Limit = 1<<60, pageSize
	out := map[string][]any{
		newestQuery: {q.After, 21},
		`select n, modified from complaints_register_changes where id = 1`:                                      nil,
		`select id, agency from complaints_register where case_id = $1`:                                         {int64(1)},
		`select id from complaints_register where code = $1`:                                                    {"K7M3-9QX2"},
		`select id from complaints_register r where r.updated >= 0 order by r.updated desc, r.id desc limit 50`: nil,
		`select id from complaints_register where holder = $1 and holder <> '' order by id limit 1000`:          {"x"},
	}
	sets := g.sets(q)
	text, args := walkQuery(sets, q)
	out[text] = args
	text, args = endQuery(sets, q)
	out[text] = args
	text, args = countsQuery(sets)
	out[text] = args
	return out
}

// Samples are what Fill writes about.
var Samples = struct {
	Words, Places, Fields, Agencies []string
}{
	Places: []string{"w10532", "w10507", "w10660", "w10675"}, Fields: []string{"xay-dung", "moi-truong", "giao-thong", "dat-dai", "y-te"},
	Agencies: []string{"xa25.kinh-te@10532", "xa25.ubnd@10507", "hp-so-xay-dung", "hp-so-y-te"},
}

// Fill puts n entries into an empty register, as publishing them one by one would.
func (g *Register) Fill(ctx context.Context, n int) error {
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same register every time
	vocabulary := make([]string, 3000)
	for i := range vocabulary {
		vocabulary[i] = fmt.Sprintf("tu%04d", i)
	}
	known := map[string]int64{}
	term := func(kind, value string) int64 {
		t, ok := known[kind+value]
		if !ok {
			t = g.term(kind, value)
			known[kind+value] = t
		}
		return t
	}
	type pair struct{ term, id int64 }
	var pairs []pair
	write := func(f func(ctx context.Context, tx bot.Tx) error) error {
		return g.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			return f(ctx, tx)
		})
	}
	const batch = 250
	for from := 1; from <= n; from += batch {
		err := write(func(ctx context.Context, tx bot.Tx) error {
			for id := from; id < from+batch && id <= n; id++ {
				code := fmt.Sprintf("T%07d", id)
				place, field, agency := Samples.Places[rnd.IntN(len(Samples.Places))], Samples.Fields[rnd.IntN(len(Samples.Fields))], Samples.Agencies[rnd.IntN(len(Samples.Agencies))]
				words := make([]string, 12)
				for i := range words {
					words[i] = vocabulary[int(float64(len(vocabulary))*rnd.Float64()*rnd.Float64()*rnd.Float64())] // the commonest in every sixth text, most in few
				}
				at := time.Date(2026, 1, 1, 0, 0, 0, 0, zone).Add(time.Duration(id) * time.Minute)
				c := Content{Title: strings.Join(words[:5], " "), Question: strings.Join(words, " "), Kind: cases.Scene, Field: field, Place: place, Filed: at,
					Answers: []PublicAnswer{{Agency: agency, AgencyName: agency, Sent: at, Text: "ok"}}}
				body, err := g.seal(c, textPlace(code, 1))
				if err != nil {
					return err
				}
				if err := exec(ctx, tx, `insert into complaints_register_texts (case_id, revision, saved, author, hash, body) values ($1, 1, 1, 'x', 'x', $2)`, id, body); err != nil {
					return err
				}
				if err := exec(ctx, tx, `insert into complaints_register (id, `+rowColumns+`) values ($1, $1, $2, 1, $3, $4, $5, $6, $6, $6, 0, $6, 0, 0, 0, 0, 'x', '')`, id, code, field, place, agency, bot.Millis(at)); err != nil {
					return err
				}
				pairs = append(pairs, pair{term(termField, field), int64(id)}, pair{term(termAgency, agency), int64(id)}, pair{term(termPlace, place), int64(id)})
				for _, w := range words {
					pairs = append(pairs, pair{term(termWord, w), int64(id)})
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if a.term != b.term {
			return int(min(1, max(-1, a.term-b.term)))
		}
		return int(a.id - b.id)
	})
	pairs = slices.Compact(pairs)
	number := map[int64]int{}
	for _, p := range pairs {
		number[p.term]++
	}
	for len(pairs) > 0 {
		err := write(func(ctx context.Context, tx bot.Tx) error {
			for range 20 {
				k := min(len(pairs), 100)
				if k == 0 {
					return nil
				}
				args := make([]any, 0, 2*k)
				var b strings.Builder
				for i, p := range pairs[:k] {
					if i > 0 {
						b.WriteByte(',')
					}
					fmt.Fprintf(&b, "($%d, $%d)", 2*i+1, 2*i+2)
					args = append(args, p.term, p.id)
				}
				if err := exec(ctx, tx, `insert into complaints_register_terms (term, id) values `+b.String(), args...); err != nil {
					return err
				}
				pairs = pairs[k:]
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return write(func(ctx context.Context, tx bot.Tx) error {
		for t, n := range number {
			if err := exec(ctx, tx, `insert into complaints_register_counts (term, n) values ($1, $2)`, t, n); err != nil {
				return err
			}
		}
		return nil
	})
}
