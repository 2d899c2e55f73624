package entries

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

const columns = `d.id, d.state, d.version, d.edit, d.hash, d.base, d.base_hash, d.source, d.source_key, d.author, d.editor, d.reviewer, d.reviewed, d.reviewed_at,
	d.publisher, d.effective, d.created, d.updated, d.published, d.revision, r.body`

const from = ` from procedures_drafts d join procedures_edits r on r.draft = d.id and r.number = d.edit `

func scan(s bot.Scanner) (x Draft, err error) {
	var at, created, updated, published int64
	var base, text string
	if err := s.Scan(&x.ID, &x.State, &x.Version, &x.Edit, &x.Hash, &base, &x.baseHash, &x.Source, &x.Key, &x.Author, &x.Editor, &x.Reviewer, &x.reviewed, &at,
		&x.Publisher, &x.Effective, &created, &updated, &published, &x.Revision, &text); err != nil {
		return x, err
	}
	x.ReviewedAt, x.Created, x.Updated, x.Published = bot.FromMillis(at), bot.FromMillis(created), bot.FromMillis(updated), bot.FromMillis(published)
	var b body
	if err := json.Unmarshal([]byte(text), &b); err != nil || b.Entry == nil {
		return x, fmt.Errorf("draft %d cannot be read: %w", x.ID, errors.Join(err, errors.New("or it is empty")))
	}
	x.Entry, x.Note = b.Entry, b.Note
	if base != "" {
		x.Base = new(knowledge.Entry)
		err = json.Unmarshal([]byte(base), x.Base)
	}
	return x, err
}

func load(ctx context.Context, q Reader, id int64) (Draft, error) {
	x, err := scan(q.QueryRowContext(ctx, `select `+columns+from+`where d.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return x, notFound()
	}
	if err != nil {
		return x, fmt.Errorf("read draft: %w", err)
	}
	return x, nil
}

func list(ctx context.Context, q Reader, where string, args ...any) ([]Draft, error) {
	var out []Draft
	err := bot.EachRow(ctx, q, `select `+columns+from+where, args, func(s bot.Scanner) error {
		x, err := scan(s)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	return out, nil
}

func (d *Desk) insert(ctx context.Context, tx bot.Tx, x *Draft) error {
	x.Version = 1
	base := ""
	if x.Base != nil {
		var err error
		if x.baseHash, base, err = hashOf(x.Base); err != nil {
			return err
		}
	}
	err := tx.QueryRowContext(ctx, `insert into procedures_drafts (code, state, version, edit, hash, name, field, base, base_hash, source, source_key, author, editor, effective, created, updated)
		values ($1, $2, 1, 0, '', '', $3, $4, $5, $6, $7, $8, $8, '', $9, $9) returning id`,
		x.Entry.Code, string(x.State), x.field(), base, x.baseHash, x.Source, x.Key, x.Author, bot.Millis(x.Created)).Scan(&x.ID)
	if err != nil {
		return fmt.Errorf("write draft: %w", err)
	}
	if err := d.revise(ctx, tx, x); err != nil {
		return err
	}
	return d.update(ctx, tx, *x, 1)
}

// revise writes the words anew, as an edit of their own.
func (d *Desk) revise(ctx context.Context, tx bot.Tx, x *Draft) error {
	hash, text, err := hashOf(body{x.Entry, x.Note})
	if err != nil {
		return err
	}
	x.Hash = hash
	x.Edit++
	if _, err := tx.ExecContext(ctx, `insert into procedures_edits (draft, number, hash, body, author, at) values ($1, $2, $3, $4, $5, $6)`,
		x.ID, x.Edit, hash, text, x.Editor, bot.Millis(d.opt.Now())); err != nil {
		return fmt.Errorf("write edit: %w", err)
	}
	return nil
}

// update writes what changed, if nobody else was there since version.
func (d *Desk) update(ctx context.Context, tx bot.Tx, x Draft, version int64) error {
	base := ""
	if x.Base != nil {
		var err error
		if _, base, err = hashOf(x.Base); err != nil {
			return err
		}
	}
	res, err := tx.ExecContext(ctx, `update procedures_drafts set state = $2, version = $3, edit = $4, hash = $5, name = $6, field = $7, base = $8, base_hash = $9, editor = $10,
		reviewer = $11, reviewed = $12, reviewed_at = $13, publisher = $14, effective = $15, updated = $16, published = $17, revision = $18, folded = $20 where id = $1 and version = $19`,
		x.ID, string(x.State), x.Version, x.Edit, x.Hash, x.Entry.Name, x.field(), base, x.baseHash, x.Editor, x.Reviewer, x.reviewed, bot.Millis(x.ReviewedAt), x.Publisher,
		x.Effective, bot.Millis(x.Updated), bot.Millis(x.Published), x.Revision, version, d.folded(x.Entry.Code+" "+x.Entry.Name+" "+x.Entry.Field))
	if err != nil {
		return fmt.Errorf("write draft: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, conflict("procedures.conflict_changed"))
	}
	return nil
}

// before is the entry as it will be when the draft's day comes: as the last change
// before it leaves it that is entered ahead, else as it is published. nil: there is none.
func before(ctx context.Context, q Reader, x Draft) (*knowledge.Entry, error) {
	day := x.Effective
	if day == "" {
		day = "0000"
	}
	ahead, err := list(ctx, q, `where d.code = $1 and d.state = 'scheduled' and d.effective < $2 and d.id <> $3 order by d.effective desc, d.id desc limit 1`, x.Entry.Code, day, x.ID)
	if err != nil {
		return nil, err
	}
	if len(ahead) > 0 {
		return ahead[0].Entry, nil
	}
	e, err := Get(ctx, q, x.Entry.Code)
	if bot.IsCode(err, bot.NotFound) {
		return nil, nil
	}
	return e, err
}

// moved reports whether somebody else changed the entry since the draft was drawn from it.
func moved(ctx context.Context, q Reader, x Draft) (bool, error) {
	now, err := before(ctx, q, x)
	if err != nil || now == nil {
		return x.baseHash != "" && err == nil, err
	}
	hash, _, err := hashOf(now)
	return hash != x.baseHash, err
}

// Moved reports whether a draft under way was drawn from an entry that is another by now: by a change of
// somebody else, an import, a rollback.
func (d *Desk) Moved(ctx context.Context, x Draft) (bool, error) {
	if !x.State.Open() {
		return false, nil
	}
	return moved(ctx, d.opt.Read, x)
}

// Current is what a new draft of an entry is drawn from: what is published, so that a small change need not wait for one
// that is entered ahead; else [Desk.Latest]. A draft for a later day than that one is moved onto it, see [Rebase].
func (d *Desk) Current(ctx context.Context, code string) (*knowledge.Entry, error) {
	e, err := Get(ctx, d.opt.Read, code)
	if bot.IsCode(err, bot.NotFound) {
		return d.Latest(ctx, code)
	}
	return e, err
}

// Latest is an entry as the last change that is entered ahead makes it, else as it is published. It fails with
// *bot.Error NotFound.
func (d *Desk) Latest(ctx context.Context, code string) (*knowledge.Entry, error) {
	ahead, err := list(ctx, d.opt.Read, `where d.code = $1 and d.state = 'scheduled' order by d.effective desc, d.id desc limit 1`, code)
	if err != nil {
		return nil, err
	}
	if len(ahead) > 0 {
		return ahead[0].Entry, nil
	}
	return Get(ctx, d.opt.Read, code)
}

// Get reads a draft for an officer; NotFound for who has nothing to do with its field.
func (d *Desk) Get(ctx context.Context, id int64, a Actor) (Draft, error) {
	x, err := load(ctx, d.opt.Read, id)
	if err != nil {
		return x, err
	}
	if !d.reads(x, a) {
		return Draft{}, notFound()
	}
	return x, nil
}

func (d *Desk) reads(x Draft, a Actor) bool {
	return d.role(a, x.field()) != 0 || a.Officer.Active && Watches(a.Officer)
}

// Filter says which drafts to list; "" and 0 mean any.
type Filter struct {
	States []State
	Code   string
	Words  string // begin words of code, name or field; at most 20 count
	Field  string // as the national database names it
	By     By
	Before int64 // drafts below this number
	Limit  int   // at most 200; 0 means 50
}

// By says who began drafts.
type By string

// Who begins drafts.
const (
	ByAnybody  By = ""
	ByPeople   By = "people"
	ByPrograms By = "programs" // proposals
)

// folded makes a text comparable, with a space before each word.
func (d *Desk) folded(text string) string {
	return " " + strings.Join(strings.Fields(d.opt.Fold(text)), " ")
}

// List lists the drafts that an officer may read, newest first.
func (d *Desk) List(ctx context.Context, a Actor, f Filter) ([]Draft, error) {
	where, args := `where 1 = 1`, []any{}
	add := func(cond string, vs ...any) {
		for _, v := range vs {
			args = append(args, v)
			cond = strings.Replace(cond, "?", "$"+itoa(int64(len(args))), 1)
		}
		where += " and " + cond
	}
	if len(f.States) > 0 {
		marks := make([]any, len(f.States))
		for i, s := range f.States {
			marks[i] = string(s)
		}
		add(`d.state in (`+strings.TrimSuffix(strings.Repeat("?,", len(marks)), ",")+`)`, marks...)
	}
	if f.Code != "" {
		add(`d.code = ?`, f.Code)
	}
	if f.Field != "" {
		add(`d.field = ?`, f.Field)
	}
	words := strings.Fields(d.opt.Fold(f.Words))
	for _, w := range words[:min(len(words), 20)] {
		add(`d.folded like ? escape '!'`, "% "+strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(w)+"%")
	}
	switch f.By {
	case ByPeople:
		add(`d.source_key = ''`)
	case ByPrograms:
		add(`d.source_key <> ''`)
	}
	if f.Before > 0 {
		add(`d.id < ?`, f.Before)
	}
	if !a.System && !Watches(a.Officer) {
		fields := d.fieldsOf(a)
		if len(fields) == 0 {
			return nil, nil
		}
		add(`d.field in (`+strings.TrimSuffix(strings.Repeat("?,", len(fields)), ",")+`)`, fields...)
	}
	n := f.Limit
	if n <= 0 || n > 200 {
		n = 50
	}
	return list(ctx, d.opt.Read, where+` order by d.id desc limit `+itoa(int64(n)), args...)
}

// Counts is how many drafts there are in each state that is open.
func (d *Desk) Counts(ctx context.Context) (map[State]int, error) {
	out := map[State]int{}
	err := bot.EachRow(ctx, d.opt.Read, `select state, count(*) from procedures_drafts where state in ('draft', 'reviewed', 'scheduled') group by state`, nil, func(s bot.Scanner) error {
		var state State
		var n int
		err := s.Scan(&state, &n)
		out[state] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count drafts: %w", err)
	}
	return out, nil
}

// fieldsOf are the names of the fields that an officer has something to do with.
func (d *Desk) fieldsOf(a Actor) []any {
	var out []any
	for _, f := range d.opt.Directory().Fields() {
		for _, name := range f.National {
			if d.role(a, name) != 0 {
				out = append(out, name)
			}
		}
	}
	return out
}

// Written is one edit of a draft.
type Written struct {
	Number int
	Hash   string
	Entry  *knowledge.Entry
	Note   string
	Author string
	At     time.Time
}

// Edits lists the edits of a draft, newest first, at most 50.
func (d *Desk) Edits(ctx context.Context, id int64, a Actor) ([]Written, error) {
	if _, err := d.Get(ctx, id, a); err != nil {
		return nil, err
	}
	var out []Written
	err := bot.EachRow(ctx, d.opt.Read, `select number, hash, body, author, at from procedures_edits where draft = $1 order by number desc limit 50`, []any{id}, func(s bot.Scanner) error {
		var w Written
		var at int64
		var text string
		if err := s.Scan(&w.Number, &w.Hash, &text, &w.Author, &at); err != nil {
			return err
		}
		var b body
		err := json.Unmarshal([]byte(text), &b)
		w.Entry, w.Note, w.At = b.Entry, b.Note, bot.FromMillis(at)
		out = append(out, w)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read edits: %w", err)
	}
	return out, nil
}

// Step is one line of a draft's timeline.
type Step struct {
	At            time.Time
	Action        Action
	Actor         string
	Before, After State
	Hash, Reason  string
}

// Timeline is what happened to a draft, oldest first, at most 500 lines.
func (d *Desk) Timeline(ctx context.Context, id int64, a Actor) ([]Step, error) {
	if _, err := d.Get(ctx, id, a); err != nil {
		return nil, err
	}
	var out []Step
	err := bot.EachRow(ctx, d.opt.Read, `select at, action, actor, before, after, hash, reason from procedures_steps where draft = $1 order by id limit 500`, []any{id}, func(s bot.Scanner) error {
		var e Step
		var at int64
		err := s.Scan(&at, &e.Action, &e.Actor, &e.Before, &e.After, &e.Hash, &e.Reason)
		e.At = bot.FromMillis(at)
		out = append(out, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	return out, nil
}
