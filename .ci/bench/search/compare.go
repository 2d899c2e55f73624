package main

import (
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"cchcbot/knowledge"
	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/index"
	"cchcbot/knowledge/vietnamese"

	"github.com/blevesearch/bleve/v2"
	_ "modernc.org/sqlite"
)

// engine is one search under comparison: it returns the codes it finds, best first.
type engine struct {
	name string
	heap float64 // MiB that it keeps beside the entries
	find func(question string) ([]string, error)
}

// compare prints time, memory and hits of each engine over the same questions.
func compare(entries []*knowledge.Entry, qs []exam.Question, rounds int) error {
	var engines []engine
	for _, open := range []func([]*knowledge.Entry) (engine, error){ours, ftsNameField, ftsAll, bleveAll} {
		before := heap()
		e, err := open(entries)
		if err != nil {
			return err
		}
		e.heap = heap() - before
		engines = append(engines, e)
	}
	fmt.Println("engine                            p50 ms   p99 ms   heap MiB   first  first three, %")
	for _, e := range engines {
		var s score
		var took []time.Duration
		for r := range rounds + 1 {
			for _, q := range qs {
				begin := time.Now()
				codes, err := e.find(q.Text)
				d := time.Since(begin)
				if err != nil {
					return fmt.Errorf("%s: %w", e.name, err)
				}
				if r > 0 { // the first round warms
					took = append(took, d)
					continue
				}
				if q.OutOfScope {
					continue
				}
				s.n++
				at := slices.IndexFunc(codes, func(c string) bool { return slices.Contains(q.Codes, c) })
				if at == 0 {
					s.first++
				}
				if at >= 0 && at < 3 {
					s.three++
				}
			}
		}
		slices.Sort(took)
		ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
		fmt.Printf("%-32s %7.2f  %7.2f  %9.1f   %s\n", e.name, ms(took[len(took)/2]), ms(took[len(took)*99/100]), e.heap, s)
	}
	return nil
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

func ours(entries []*knowledge.Entry) (engine, error) {
	x, err := index.New(entries, index.Options{})
	return engine{name: "ours", find: func(q string) ([]string, error) {
		var out []string
		for _, h := range x.Search(knowledge.Query{Text: q, Limit: 10}).Hits {
			out = append(out, h.Entry.Code)
		}
		return out, nil
	}}, err
}

func ftsNameField(entries []*knowledge.Entry) (engine, error) {
	return fts("SQLite FTS5, name and field", entries, false)
}

func ftsAll(entries []*knowledge.Entry) (engine, error) {
	return fts("SQLite FTS5, everyday names too", entries, true)
}

// fts is an FTS5 table of folded text in memory, asked with all words of a question.
func fts(name string, entries []*knowledge.Entry, all bool) (engine, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return engine{}, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE VIRTUAL TABLE p USING fts5(code UNINDEXED, name, aliases, field, results, tokenize='unicode61')`); err != nil {
		return engine{}, err
	}
	tx, err := db.Begin()
	if err != nil {
		return engine{}, err
	}
	for _, e := range entries {
		aliases, results := "", ""
		if all {
			aliases, results = strings.Join(everyday(e), " . "), strings.Join(e.Results, " . ")
		}
		if _, err := tx.Exec(`INSERT INTO p VALUES (?,?,?,?,?)`, e.Code, vietnamese.Fold(e.Name), vietnamese.Fold(aliases),
			vietnamese.Fold(e.Field), vietnamese.Fold(results)); err != nil {
			return engine{}, err
		}
	}
	if err := tx.Commit(); err != nil {
		return engine{}, err
	}
	stmt, err := db.Prepare(`SELECT code FROM p WHERE p MATCH ? ORDER BY bm25(p, 0, 5, 4, 1.2, 0.5) LIMIT 10`)
	return engine{name: name, find: func(q string) ([]string, error) {
		var words []string
		for _, t := range vietnamese.Tokens(q) {
			words = append(words, `"`+t.Folded+`"`)
		}
		if len(words) == 0 {
			return nil, nil
		}
		rows, err := stmt.Query(strings.Join(words, " OR "))
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var out []string
		for rows.Next() {
			var code string
			if err := rows.Scan(&code); err != nil {
				return nil, err
			}
			out = append(out, code)
		}
		return out, rows.Err()
	}}, err
}

// bleveAll is bleve in memory over folded text of the same fields, the name boosted.
func bleveAll(entries []*knowledge.Entry) (engine, error) {
	b, err := bleve.NewMemOnly(bleve.NewIndexMapping())
	if err != nil {
		return engine{}, err
	}
	batch := b.NewBatch()
	for _, e := range entries {
		doc := map[string]string{"name": vietnamese.Fold(e.Name), "aliases": vietnamese.Fold(strings.Join(everyday(e), " . ")),
			"field": vietnamese.Fold(e.Field), "results": vietnamese.Fold(strings.Join(e.Results, " . "))}
		if err := batch.Index(e.Code, doc); err != nil {
			return engine{}, err
		}
	}
	if err := b.Batch(batch); err != nil {
		return engine{}, err
	}
	return engine{name: "bleve v2, the same fields", find: func(q string) ([]string, error) {
		text := vietnamese.Fold(q)
		d := bleve.NewDisjunctionQuery()
		for _, f := range []struct {
			name  string
			boost float64
		}{{"name", 5}, {"aliases", 4}, {"field", 1.2}, {"results", 0.5}} {
			m := bleve.NewMatchQuery(text)
			m.SetField(f.name)
			m.SetBoost(f.boost)
			d.AddQuery(m)
		}
		r, err := b.Search(bleve.NewSearchRequestOptions(d, 10, 0, false))
		if err != nil {
			return nil, err
		}
		var out []string
		for _, h := range r.Hits {
			out = append(out, h.ID)
		}
		return out, nil
	}}, nil
}
