package register

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// query says which entries to list; the zero value of a field means any.
type query struct {
	Words  string   // all of them, with or without marks
	Places []string // ids; in one of them
	Field  string
	Agency string
	After  int64 // entries with a smaller number: the page before ended there
	Limit  int
}

// entry is a published question with its answers.
type entry struct {
	row
	Content Content
}

// Limits of a search.
const (
	pageSize  = 20
	maxWords  = 8
	maxWalk   = 1000 // entries that one page walks along; the next one goes on from there
	maxPlaces = 12
)

// anyOf is a set of terms of which an entry has to have one.
type anyOf []int64

// sets are the terms a query asks for.
func (g *Register) sets(q query) []anyOf {
	var out []anyOf
	if len(q.Places) > 0 {
		var set anyOf
		for _, p := range q.Places[:min(len(q.Places), maxPlaces)] {
			set = append(set, g.term(termPlace, p))
		}
		out = append(out, set)
	}
	if q.Field != "" {
		out = append(out, anyOf{g.term(termField, q.Field)})
	}
	if q.Agency != "" {
		out = append(out, anyOf{g.term(termAgency, q.Agency)})
	}
	for _, w := range g.split(q.Words, maxWords) {
		out = append(out, anyOf{g.term(termWord, w)})
	}
	return out
}

// find lists entries, newest first. next is where the page after this one goes on,
// 0 when there is none.
func (g *Register) find(ctx context.Context, q query) (out []entry, next int64, err error) {
	if q.Limit <= 0 || q.Limit > 50 {
		q.Limit = pageSize
	}
	if q.After <= 0 {
		q.After = math.MaxInt64
	}
	sets := g.sets(q)
	if strings.TrimSpace(q.Words) != "" && len(g.split(q.Words, maxWords)) == 0 {
		return nil, 0, nil
	}
	var ids []int64
	if len(sets) == 0 {
		ids, err = g.numbers(ctx, newestQuery, q.After, q.Limit+1)
	} else {
		ids, next, err = g.walk(ctx, sets, q)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("search the register: %w", err)
	}
	if len(ids) > q.Limit {
		ids = ids[:q.Limit]
		next = ids[q.Limit-1]
	}
	out, err = g.entries(ctx, g.opt.Read, ids)
	return out, next, err
}

const newestQuery = `select id from complaints_register where id < $1 order by id desc limit $2`

// counts says in how many entries each set stands, by its first term.
func (g *Register) counts(ctx context.Context, sets []anyOf) (map[int64]int, error) {
	text, args := countsQuery(sets)
	of := map[int64]int{}
	err := bot.EachRow(ctx, g.opt.Read, text, args, func(s bot.Scanner) error {
		var term int64
		var n int
		err := s.Scan(&term, &n)
		of[term] = n
		return err
	})
	out := map[int64]int{}
	for _, set := range sets {
		for _, t := range set {
			out[set[0]] += of[t]
		}
	}
	return out, err
}

func countsQuery(sets []anyOf) (string, []any) {
	var args []any
	var marks []string
	for _, set := range sets {
		for _, t := range set {
			args = append(args, t)
			marks = append(marks, "$"+strconv.Itoa(len(args)))
		}
	}
	return `select term, n from complaints_register_counts where term in (` + strings.Join(marks, ", ") + `)`, args
}

// walk goes along the rarest term and keeps what has all the others.
func (g *Register) walk(ctx context.Context, sets []anyOf, q query) (ids []int64, next int64, err error) {
	n, err := g.counts(ctx, sets)
	if err != nil {
		return nil, 0, err
	}
	for _, set := range sets {
		if n[set[0]] == 0 {
			return nil, 0, nil
		}
	}
	// Of two that are equally common the single term is the cheaper walk.
	slices.SortStableFunc(sets, func(a, b anyOf) int {
		if n[a[0]] != n[b[0]] {
			return n[a[0]] - n[b[0]]
		}
		return len(a) - len(b)
	})
	text, args := walkQuery(sets, q)
	if ids, err = g.numbers(ctx, text, args...); err != nil || len(ids) > q.Limit {
		return ids, 0, err
	}
	if n[sets[0][0]] < maxWalk {
		return ids, 0, nil
	}
	// Few were found: the walk ended at the oldest entry, or at its limit.
	text, args = endQuery(sets, q)
	err = g.opt.Read.QueryRowContext(ctx, text, args...).Scan(&next)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return ids, next, err
}

// along is the walk along the first set: newest first, at most maxWalk.
func along(set anyOf, after int64) (text string, args []any) {
	var parts []string
	args = []any{after}
	for _, t := range set {
		args = append(args, t)
		parts = append(parts, fmt.Sprintf(`select id from (select id from complaints_register_terms where term = $%d and id < $1 order by id desc limit %d) as t%d`, len(args), maxWalk, len(args)))
	}
	if len(parts) == 1 {
		return parts[0], args
	}
	return `select id from (` + strings.Join(parts, " union ") + `) as u order by id desc limit ` + strconv.Itoa(maxWalk), args
}

func walkQuery(sets []anyOf, q query) (string, []any) {
	inner, args := along(sets[0], q.After)
	var conds []string
	for _, set := range sets[1:] {
		marks := make([]string, len(set))
		for i, t := range set {
			args = append(args, t)
			marks[i] = "$" + strconv.Itoa(len(args))
		}
		conds = append(conds, `exists (select 1 from complaints_register_terms x where x.term in (`+strings.Join(marks, ", ")+`) and x.id = c.id)`)
	}
	where := ""
	if len(conds) > 0 {
		where = " where " + strings.Join(conds, " and ")
	}
	return `select c.id from (` + inner + `) as c` + where + ` order by c.id desc limit ` + strconv.Itoa(q.Limit+1), args
}

// endQuery finds the entry at which a walk that was as long as it may be ended.
func endQuery(sets []anyOf, q query) (string, []any) {
	inner, args := along(sets[0], q.After)
	return `select c.id from (` + inner + `) as c order by c.id desc limit 1 offset ` + strconv.Itoa(maxWalk-1), args
}

func (g *Register) numbers(ctx context.Context, text string, args ...any) ([]int64, error) {
	var out []int64
	err := bot.EachRow(ctx, g.opt.Read, text, args, func(s bot.Scanner) error {
		var n int64
		err := s.Scan(&n)
		out = append(out, n)
		return err
	})
	return out, err
}

// entries opens entries by their numbers, in that order; those that are gone are left out.
func (g *Register) entries(ctx context.Context, q cases.Reader, ids []int64) ([]entry, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args, marks := make([]any, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		args[i], marks[i] = id, "$"+strconv.Itoa(i+1)
	}
	return g.read(ctx, q, `r.id in (`+strings.Join(marks, ", ")+`) order by r.id desc`, args...)
}

// read opens entries with their texts.
func (g *Register) read(ctx context.Context, q cases.Reader, where string, args ...any) ([]entry, error) {
	var out []entry
	columns := "r.id, r." + strings.ReplaceAll(rowColumns, ", ", ", r.")
	err := bot.EachRow(ctx, q, `select `+columns+`, t.body from complaints_register r join complaints_register_texts t on t.case_id = r.case_id and t.revision = r.revision
		where `+where, args, func(s bot.Scanner) error {
		var body []byte
		r, err := scanRow(s, &body)
		if err != nil || body == nil {
			return err
		}
		c, err := g.open(body, textPlace(r.Code, r.Revision))
		out = append(out, entry{r, c})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the register: %w", err)
	}
	return out, nil
}

// byCode reads one entry; NotFound when there is none, for whatever reason.
func (g *Register) byCode(ctx context.Context, code string) (entry, error) {
	code, err := cases.ParseCode(code)
	if err != nil {
		return entry{}, notFound()
	}
	all, err := g.read(ctx, g.opt.Read, `r.code = $1`, code)
	if err == nil && len(all) == 0 {
		err = notFound()
	}
	if err != nil {
		return entry{}, err
	}
	return all[0], nil
}

// total is how many entries there are, by the body that answered.
func (g *Register) total(ctx context.Context) (n int, agencies []string, err error) {
	err = bot.EachRow(ctx, g.opt.Read, `select agency, n from complaints_register_sums where n > 0 order by agency`, nil, func(s bot.Scanner) error {
		var agency string
		var k int
		err := s.Scan(&agency, &k)
		n, agencies = n+k, append(agencies, agency)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("count the register: %w", err)
	}
	return n, agencies, nil
}

// Published is an entry of the register in short, for a citizen who is about to say the same.
type Published struct {
	Code   string
	Title  string
	Agency string // name of the body that answered
	Answer string // the beginning of the answer
	Path   string // "/cong-khai/K7M3-9QX2"
}

// Limits of Similar.
const (
	maxSimilar = 3
	maxNear    = 200 // newest entries of the place and field that are compared
	minCommon  = 2   // words in common
)

// Similar finds what was published about the same field at the same place with
// words in common, likeliest first, at most three. Without words it finds the newest. Unknown
// ids find nothing.
func (g *Register) Similar(ctx context.Context, field, placeID, words string) ([]Published, error) {
	if field == "" || placeID == "" {
		return nil, nil
	}
	q := query{Field: field, Places: []string{placeID}, Limit: maxSimilar, After: math.MaxInt64}
	terms := g.split(words, 40)
	var ids []int64
	var err error
	if len(terms) == 0 {
		ids, _, err = g.walk(ctx, g.sets(q), q)
	} else {
		q.Limit = maxNear
		if ids, _, err = g.walk(ctx, g.sets(q), q); err == nil && len(ids) > 0 {
			ids, err = g.closest(ctx, ids[:min(len(ids), maxNear)], terms)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("look for what was published before: %w", err)
	}
	var out []Published
	for _, id := range ids[:min(len(ids), maxSimilar)] {
		list, err := g.entries(ctx, g.opt.Read, []int64{id})
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			last := e.Content.Last()
			out = append(out, Published{Code: e.Code, Title: e.Content.Title, Agency: last.AgencyName, Answer: firstSentence(last.Text), Path: listPath + "/" + e.Code})
		}
	}
	return out, nil
}

// closest orders entries by how many of the words they have.
func (g *Register) closest(ctx context.Context, ids []int64, words []string) ([]int64, error) {
	var args []any
	mark := func(n int64) string {
		args = append(args, n)
		return "$" + strconv.Itoa(len(args))
	}
	var terms, numbers []string
	for _, w := range words {
		terms = append(terms, mark(g.term(termWord, w)))
	}
	for _, id := range ids {
		numbers = append(numbers, mark(id))
	}
	return g.numbers(ctx, `select id from complaints_register_terms where term in (`+strings.Join(terms, ", ")+`) and id in (`+strings.Join(numbers, ", ")+`)
		group by id having count(*) >= `+strconv.Itoa(min(minCommon, len(words)))+` order by count(*) desc, id desc limit `+strconv.Itoa(maxSimilar), args...)
}
