package gaps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// May reports whether an officer may look after a gap: of a field whose entries he may
// write; those of no field are for whoever controls procedures.
func (b *Book) May(o bot.Officer, g Gap) bool {
	return entries.Controls(o) || g.Field != "" && b.opt.Desk.Writes(o, g.Field)
}

// Sees reports whether an officer may read a gap.
func (b *Book) Sees(o bot.Officer, g Gap) bool { return entries.Watches(o) || b.May(o, g) }

// Get returns a gap with its latest questions. It fails with *bot.Error NotFound, also for one that is not his.
func (b *Book) Get(ctx context.Context, id int64, o bot.Officer) (Gap, []string, error) {
	g, err := b.load(ctx, b.opt.Read, id)
	if err != nil {
		return g, nil, err
	}
	if !b.Sees(o, g) {
		return Gap{}, nil, refusal(bot.NotFound, "procedures.gap_none")
	}
	var out []string
	if err := bot.EachRow(ctx, b.opt.Read, `select question from procedures_gap_questions where gap = $1 order by id desc limit $2`, []any{id, keptSamples}, func(s bot.Scanner) error {
		var sealed []byte
		if err := s.Scan(&sealed); err != nil {
			return err
		}
		text, err := b.open(sealed, questionAAD)
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
		return err
	}); err != nil {
		return g, nil, fmt.Errorf("read questions of a gap: %w", err)
	}
	return g, out, nil
}

// Filter says which gaps to list; the zero value of a field means any.
type Filter struct {
	State State
	Kind  Kind
	Field string
	After int // gaps to leave out at the beginning
	Limit int // at most 100; 0 means 50
}

// List lists the gaps that an officer may read, those asked most first, and whether there are more.
func (b *Book) List(ctx context.Context, o bot.Officer, f Filter) (out []Gap, more bool, err error) {
	limit := f.Limit
	if limit <= 0 || limit > 100 {
		limit = 50
	}
	var where []string
	var args []any
	for _, c := range []struct{ column, value string }{{"state", string(f.State)}, {"kind", string(f.Kind)}, {"field", f.Field}} {
		if c.value != "" {
			args = append(args, c.value)
			where = append(where, fmt.Sprintf("g.%s = $%d", c.column, len(args)))
		}
	}
	query := `select ` + columns + ` from procedures_gaps g`
	if len(where) > 0 {
		query += ` where ` + strings.Join(where, ` and `)
	}
	skip := f.After
	errEnough := errors.New("enough")
	err = bot.EachRow(ctx, b.opt.Read, query+` order by g.asked desc, g.last desc, g.id`, args, func(s bot.Scanner) error {
		g, err := b.scan(s)
		switch {
		case err != nil:
			return err
		case !b.Sees(o, g):
			return nil
		case skip > 0:
			skip--
			return nil
		case len(out) == limit:
			more = true
			return errEnough
		}
		out = append(out, g)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, false, fmt.Errorf("list gaps: %w", err)
	}
	return out, more, nil
}

// Fields lists the fields of the gaps there are.
func (b *Book) Fields(ctx context.Context) (out []string, err error) {
	err = bot.EachRow(ctx, b.opt.Read, `select distinct field from procedures_gaps where field <> '' order by field limit 500`, nil, func(s bot.Scanner) error {
		var f string
		err := s.Scan(&f)
		out = append(out, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fields of gaps: %w", err)
	}
	return out, nil
}

// Named is the entry with an everyday name added, as it would be published.
func (b *Book) Named(ctx context.Context, code, alias string) (base, next *knowledge.Entry, err error) {
	alias = strings.Join(strings.Fields(b.opt.Clean(alias)), " ")
	if n := utf8.RuneCountInString(alias); n < 3 || n > maxAlias {
		return nil, nil, refusal(bot.Invalid, "procedures.gap_alias", "most", maxAlias)
	}
	base, err = b.opt.Desk.Current(ctx, code)
	if bot.IsCode(err, bot.NotFound) {
		return nil, nil, refusal(bot.Invalid, "procedures.gap_code")
	}
	if err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(base.Aliases, func(a string) bool { return strings.EqualFold(a, alias) }) {
		return nil, nil, refusal(bot.Conflict, "procedures.gap_alias_there")
	}
	next = entries.Copy(base)
	next.Aliases = append(next.Aliases, alias)
	return base, next, nil
}

// Preview is what a change that fills a gap does to the exam and to the gap's questions: code
// answers them, "" for a decision not to answer.
func (b *Book) Preview(ctx context.Context, questions []string, code string, e *knowledge.Entry) (Effect, error) {
	if b.opt.Effect == nil {
		return Effect{}, nil
	}
	t := Trial{Entry: e}
	if code == "" && len(questions) > 0 {
		t.Refused = append(t.Refused, b.words(questions[len(questions)-1]))
	}
	for _, q := range questions {
		t.Questions = append(t.Questions, Question{q, code})
	}
	return b.opt.Effect(ctx, t)
}

// begin loads a gap for a change by an officer who saw a version of it.
func (b *Book) begin(ctx context.Context, w *bot.Work, id int64, o bot.Officer, version int64) (bot.Tx, Gap, error) {
	tx, err := w.Tx(ctx)
	if err != nil {
		return nil, Gap{}, err
	}
	g, err := b.load(ctx, tx, id)
	switch {
	case err != nil:
		return nil, g, err
	case !b.Sees(o, g):
		return nil, g, refusal(bot.NotFound, "procedures.gap_none")
	case !b.May(o, g):
		return nil, g, refusal(bot.Denied, "procedures.denied_field")
	case version != 0 && version != g.Version:
		return nil, g, refusal(bot.Conflict, "procedures.gap_changed")
	}
	return tx, g, nil
}

func (b *Book) set(ctx context.Context, tx bot.Tx, g Gap, o bot.Officer, to State, draft int64, reason string) error {
	if _, err := tx.ExecContext(ctx, `update procedures_gaps set state = $2, draft = $3, reason = $4, actor = $5, ended = $6, version = version + 1 where id = $1`,
		g.ID, string(to), draft, reason, o.Actor(), bot.Millis(b.opt.Now())); err != nil {
		return fmt.Errorf("write gap: %w", err)
	}
	return b.opt.Audit(ctx, tx, o.Actor(), "procedures.gap", Thing(g.ID), string(g.State)+">"+string(to))
}

// Fill fills a gap with a change of an entry, or a new one (base nil): a draft, which a second person reviews
// like every other. The gap is done when it is published.
func (b *Book) Fill(ctx context.Context, w *bot.Work, id, version int64, a entries.Actor, base, next *knowledge.Entry) (entries.Draft, error) {
	tx, g, err := b.begin(ctx, w, id, a.Officer, version)
	if err != nil {
		return entries.Draft{}, err
	}
	if g.State != Open {
		return entries.Draft{}, refusal(bot.Conflict, "procedures.gap_state")
	}
	x, err := b.opt.Desk.Draft(ctx, w, a, base, next, Thing(id))
	if err != nil {
		return x, err
	}
	return x, b.set(ctx, tx, g, a.Officer, Working, x.ID, "")
}

// Leave decides that the bot does not answer the question of a gap: it says that it does not know, and who
// does. Only who controls procedures decides that.
func (b *Book) Leave(ctx context.Context, w *bot.Work, id, version int64, o bot.Officer, question, reason string) error {
	if !entries.Controls(o) {
		return refusal(bot.Denied, "procedures.denied_action")
	}
	tx, g, err := b.begin(ctx, w, id, o, version)
	if err != nil {
		return err
	}
	words := b.words(question)
	reason = b.opt.Clean(reason)
	var n int
	if err := tx.QueryRowContext(ctx, `select count(*) from procedures_out where removed = 0`).Scan(&n); err != nil {
		return fmt.Errorf("count decisions: %w", err)
	}
	switch {
	case g.State != Open || g.Kind != Unknown:
		return refusal(bot.Conflict, "procedures.gap_state")
	case reason == "" || utf8.RuneCountInString(reason) > maxReason:
		return refusal(bot.Invalid, "procedures.invalid_reason")
	case len(words) < 2: // one word stands in too many questions
		return refusal(bot.Invalid, "procedures.gap_short")
	case n >= maxOut:
		return refusal(bot.Conflict, "procedures.gap_full", "most", maxOut)
	}
	text, err := json.Marshal(words)
	if err != nil {
		return fmt.Errorf("write decision: %w", err)
	}
	sealed, err := b.seal(question, outAAD)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `insert into procedures_out (gap, words, question, actor, at) values ($1, $2, $3, $4, $5)`,
		id, string(text), sealed, o.Actor(), bot.Millis(b.opt.Now())); err != nil {
		return fmt.Errorf("write decision: %w", err)
	}
	return b.set(ctx, tx, g, o, Out, 0, reason)
}

// Close ends a gap without a change, with the reason.
func (b *Book) Close(ctx context.Context, w *bot.Work, id, version int64, o bot.Officer, reason string) error {
	tx, g, err := b.begin(ctx, w, id, o, version)
	if err != nil {
		return err
	}
	reason = b.opt.Clean(reason)
	switch {
	case g.State != Open:
		return refusal(bot.Conflict, "procedures.gap_state")
	case reason == "" || utf8.RuneCountInString(reason) > maxReason:
		return refusal(bot.Invalid, "procedures.invalid_reason")
	}
	return b.set(ctx, tx, g, o, Done, 0, reason)
}

// Reopen opens a gap again: a decision not to answer it ends, a draft stays and is on its own.
func (b *Book) Reopen(ctx context.Context, w *bot.Work, id, version int64, o bot.Officer) error {
	tx, g, err := b.begin(ctx, w, id, o, version)
	if err != nil {
		return err
	}
	if g.State == Open || g.State == Out && !entries.Controls(o) {
		return refusal(bot.Conflict, "procedures.gap_state")
	}
	if _, err := tx.ExecContext(ctx, `update procedures_out set removed = $2 where gap = $1 and removed = 0`, id, bot.Millis(b.opt.Now())); err != nil {
		return fmt.Errorf("end decision: %w", err)
	}
	return b.set(ctx, tx, g, o, Open, 0, "")
}

// Assign gives a gap to the officers of another field.
func (b *Book) Assign(ctx context.Context, w *bot.Work, id, version int64, o bot.Officer, field string, known []string) error {
	tx, _, err := b.begin(ctx, w, id, o, version)
	if err != nil {
		return err
	}
	if !slices.Contains(known, field) {
		return refusal(bot.Invalid, "procedures.gap_field")
	}
	if _, err := tx.ExecContext(ctx, `update procedures_gaps set field = $2, version = version + 1 where id = $1`, id, field); err != nil {
		return fmt.Errorf("write gap: %w", err)
	}
	return b.opt.Audit(ctx, tx, o.Actor(), "procedures.gap_assigned", Thing(id), field)
}

// Follow looks whether drafts that fill gaps were published or given up.
func (b *Book) Follow(ctx context.Context) error {
	type end struct {
		id, draft int64
		state     string
	}
	var ends []end
	if err := bot.EachRow(ctx, b.opt.Read, `select g.id, g.draft, d.state from procedures_gaps g join procedures_drafts d on d.id = g.draft
		where g.state = 'working' and d.state in ('published', 'cancelled') order by g.id limit 200`, nil, func(s bot.Scanner) error {
		var e end
		err := s.Scan(&e.id, &e.draft, &e.state)
		ends = append(ends, e)
		return err
	}); err != nil {
		return fmt.Errorf("follow drafts: %w", err)
	}
	if len(ends) == 0 {
		return nil
	}
	return b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		for _, e := range ends {
			to, draft := Done, e.draft
			if e.state == string(entries.Cancelled) {
				to, draft = Open, 0
			}
			if _, err := tx.ExecContext(ctx, `update procedures_gaps set state = $2, draft = $3, ended = $4, version = version + 1 where id = $1 and state = 'working' and draft = $5`,
				e.id, string(to), draft, bot.Millis(b.opt.Now()), e.draft); err != nil {
				return fmt.Errorf("follow drafts: %w", err)
			}
			if err := b.opt.Audit(ctx, tx, entries.Actor{System: true}.Ref(), "procedures.gap", Thing(e.id), string(Working)+">"+string(to)); err != nil {
				return err
			}
		}
		return nil
	})
}
