package gaps

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// How alike two questions are when they mean the same: in all words, or in fewer when the
// search thinks of the same entry for both.
const (
	alike     = 0.5
	alikeSame = 0.34
)

// row is something citizens said, on its way to a gap.
type row struct {
	row   int64
	at    time.Time
	kind  Kind
	code  string // of the answer
	text  string // hidden where it says who somebody is
	words []string
}

// Group takes what came in since the last time and puts it to gaps: each batch is one unit of
// work with the mark of how far it came, so it can end anywhere.
func (b *Book) Group(ctx context.Context) error {
	for {
		n, err := b.groupSome(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

func (b *Book) groupSome(ctx context.Context) (int, error) {
	marks, err := b.marks(ctx)
	if err != nil {
		return 0, err
	}
	var rows []row
	next := maps.Clone(marks)
	if err := b.opt.Unanswered(ctx, marks["unknown"], groupAtOnce, func(id int64, at time.Time, question string) error {
		rows = append(rows, b.row(id, at, Unknown, "", question))
		next["unknown"] = max(next["unknown"], id)
		return nil
	}); err != nil {
		return 0, err
	}
	if err := b.opt.Feedback(ctx, marks["feedback"], groupAtOnce, func(id int64, at time.Time, code, verdict, note string) error {
		next["feedback"] = max(next["feedback"], id)
		if k := Kind(verdict); k == Unhelpful || k == Wrong {
			rows = append(rows, b.row(id, at, k, code, note))
		}
		return nil
	}); err != nil {
		return 0, err
	}
	if maps.Equal(marks, next) {
		return 0, nil
	}
	known, err := b.known(ctx)
	if err != nil {
		return 0, err
	}
	changed, fresh := b.sort(known, rows)
	return len(rows) + 1, b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if err := b.store(ctx, tx, changed, fresh); err != nil {
			return err
		}
		for name, id := range next {
			if _, err := tx.ExecContext(ctx, `insert into procedures_gap_marks (name, row) values ($1, $2) on conflict (name) do update set row = excluded.row`, name, id); err != nil {
				return fmt.Errorf("mark gaps: %w", err)
			}
		}
		return b.prune(ctx, tx)
	})
}

func (b *Book) row(id int64, at time.Time, k Kind, code, text string) row {
	text = b.opt.Clean(b.opt.Mask(text))
	r := row{row: id, at: at, kind: k, code: code, text: text}
	if k == Unknown {
		r.words = b.words(text)
		// What the search thinks of first helps to tell meanings apart, however unsure it is.
		if f := b.opt.Search(knowledge.Query{Text: text, Limit: 1}); len(f.Hits) > 0 {
			r.code = f.Hits[0].Entry.Code
		}
	}
	return r
}

// words are the different words of a question that count.
func (b *Book) words(text string) []string {
	var out []string
	for _, w := range b.opt.Words(text) {
		if !slices.Contains(out, w) && len(out) < maxWords {
			out = append(out, w)
		}
	}
	return out
}

func (b *Book) marks(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	if err := bot.EachRow(ctx, b.opt.Read, `select name, row from procedures_gap_marks`, nil, func(s bot.Scanner) error {
		var name string
		var id int64
		err := s.Scan(&name, &id)
		out[name] = id
		return err
	}); err != nil {
		return nil, fmt.Errorf("read marks: %w", err)
	}
	return out, nil
}

// known are the gaps that something may be put to.
func (b *Book) known(ctx context.Context) ([]*Gap, error) {
	var out []*Gap
	if err := bot.EachRow(ctx, b.opt.Read, `select `+columns+` from procedures_gaps g order by g.last desc limit 10000`, nil, func(s bot.Scanner) error {
		g, err := b.scan(s)
		out = append(out, &g)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read gaps: %w", err)
	}
	return out, nil
}

// batch is what a batch did: rows by the gap they were put to.
type batch struct {
	gap  *Gap
	rows []row
}

// sort puts rows to gaps, and makes new ones.
func (b *Book) sort(known []*Gap, rows []row) (changed, fresh []*batch) {
	touched := map[*Gap]*batch{}
	for _, r := range rows {
		g := b.find(known, r)
		if g == nil {
			g = &Gap{Kind: r.kind, State: Open, Code: r.code, Sample: r.text, First: r.at, words: map[string]int{}}
			if e := b.entry(r.code); e != nil {
				g.Field = e.Field
			}
			known = append(known, g)
			touched[g] = &batch{gap: g}
			fresh = append(fresh, touched[g])
		} else if touched[g] == nil {
			touched[g] = &batch{gap: g}
			changed = append(changed, touched[g])
		}
		g.take(r)
		touched[g].rows = append(touched[g].rows, r)
	}
	return changed, fresh
}

func (b *Book) entry(code string) *knowledge.Entry {
	if code == "" {
		return nil
	}
	f := b.opt.Search(knowledge.Query{Text: code, Limit: 1})
	if len(f.Hits) == 0 || f.Hits[0].Entry.Code != code {
		return nil
	}
	return f.Hits[0].Entry
}

// take counts a row.
func (g *Gap) take(r row) {
	g.Asked++
	g.Last = r.at
	if g.Sample == "" {
		g.Sample = r.text
	}
	for _, w := range r.words {
		g.words[w]++
	}
	if len(g.words) > 2*keptWords {
		said := slices.SortedFunc(maps.Keys(g.words), func(a, b string) int { return cmp.Or(cmp.Compare(g.words[b], g.words[a]), strings.Compare(a, b)) })
		for _, w := range said[keptWords:] {
			delete(g.words, w)
		}
	}
	if g.State == Done { // what was done about it was not enough
		g.State, g.Reason, g.Draft = Open, "", 0
	}
}

// find is the gap that a row belongs to; nil for none.
func (b *Book) find(known []*Gap, r row) *Gap {
	var best *Gap
	most := 0.0
	for _, g := range known {
		if g.Kind != r.kind {
			continue
		}
		if r.kind != Unknown {
			if g.Code == r.code {
				return g
			}
			continue
		}
		need := alike
		if r.code != "" && g.Code == r.code {
			need = alikeSame
		}
		if s := g.alike(r.words); s >= need && s-need > most-alike {
			best, most = g, s-need+alike
		}
	}
	return best
}

// alike is 0 to 1: the share of words that a question and the questions of a gap have in common. A
// word that only some of them have counts less.
func (g *Gap) alike(words []string) float64 {
	if len(words) == 0 {
		return 0
	}
	share := func(w string) float64 { return min(1, float64(g.words[w])/float64(max(g.Asked, 1))) }
	both, all := 0.0, float64(len(words))
	for _, w := range words {
		both += share(w)
	}
	for w := range g.words {
		if !slices.Contains(words, w) {
			all += share(w)
		}
	}
	return both / all
}

func (b *Book) store(ctx context.Context, tx bot.Tx, changed, fresh []*batch) error {
	for _, c := range fresh {
		sample, err := b.seal(c.gap.Sample, sampleAAD)
		if err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `insert into procedures_gaps (kind, state, field, code, words, sample, asked, first, last, version) values ($1, $2, $3, $4, '{}', $5, 0, $6, $6, 1) returning id`,
			string(c.gap.Kind), string(c.gap.State), c.gap.Field, c.gap.Code, sample, bot.Millis(c.gap.First)).Scan(&c.gap.ID); err != nil {
			return fmt.Errorf("write gap: %w", err)
		}
	}
	for _, c := range append(changed, fresh...) {
		words, err := json.Marshal(c.gap.words)
		if err != nil {
			return fmt.Errorf("write gap: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `update procedures_gaps set words = $2, asked = asked + $3, last = max(last, $4), version = version + 1,
			draft = case when state = 'done' then 0 else draft end, reason = case when state = 'done' then '' else reason end,
			state = case when state = 'done' then 'open' else state end where id = $1`,
			c.gap.ID, string(words), len(c.rows), bot.Millis(c.gap.Last)); err != nil {
			return fmt.Errorf("write gap: %w", err)
		}
		for _, r := range c.rows[max(0, len(c.rows)-keptSamples):] {
			if r.text == "" {
				continue
			}
			sealed, err := b.seal(r.text, questionAAD)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `insert into procedures_gap_questions (gap, at, question) values ($1, $2, $3)`, c.gap.ID, bot.Millis(r.at), sealed); err != nil {
				return fmt.Errorf("write question of a gap: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, `delete from procedures_gap_questions where gap = $1 and id <= (select id from procedures_gap_questions where gap = $1
			order by id desc limit 1 offset $2)`, c.gap.ID, keptSamples); err != nil {
			return fmt.Errorf("forget questions of a gap: %w", err)
		}
	}
	return nil
}

// prune keeps the number of gaps bounded: of those that are done the oldest go, then of those asked least. Those that a
// decision not to answer belongs to stay, or nobody could take it back; their number has a limit of its own.
func (b *Book) prune(ctx context.Context, tx bot.Tx) error {
	var ids []int64
	if err := bot.EachRow(ctx, tx, `select id from procedures_gaps where state not in ('working', 'out') order by case when state = 'done' then 1 else 0 end, asked desc, last desc limit 1000 offset $1`,
		[]any{maxGaps}, func(s bot.Scanner) error {
			var id int64
			err := s.Scan(&id)
			ids = append(ids, id)
			return err
		}); err != nil {
		return fmt.Errorf("count gaps: %w", err)
	}
	for _, id := range ids {
		for _, q := range []string{`delete from procedures_gap_questions where gap = $1`, `delete from procedures_gaps where id = $1`} {
			if _, err := tx.ExecContext(ctx, q, id); err != nil {
				return fmt.Errorf("forget gaps: %w", err)
			}
		}
	}
	return nil
}
