package exchange

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// Fate is what becomes of a row.
type Fate string

// The fates of rows.
const (
	Adds      Fate = "new"       // an entry nobody has yet
	Changes   Fate = "changed"   // a draft of the officer
	AtOnce    Fate = "at_once"   // counts when the file is confirmed: nobody here wrote it
	Proposes  Fate = "proposed"  // what the national file would change in words of ours
	Waits     Fate = "waiting"   // a draft says it already
	Unchanged Fate = "unchanged" // the published entry says it already
	Refuses   Fate = "refused"
)

// Line is a row and what becomes of it.
type Line struct {
	Sheet string
	Row   int
	Code  string
	Name  string
	Fate  Fate
	Keys  []entries.Key // in which base and next differ
	Why   []Reason      // of Refuses
	Draft int64         // of Waits
	Note  string        // of Proposes

	Base, Next *knowledge.Entry
	origin     entries.Origin
	was        *entries.Record  // of what is published, when it is changed at once
	record     *knowledge.Entry // of the national file, when it meets words of ours
	ahead      bool             // Next counts from a day to come
}

// Plan is what a file means for what is published, in the order of its rows.
type Plan struct {
	Name    string
	Lines   []Line // all but the unchanged
	Counts  map[Fate]int
	Unknown []Reason           // columns, sheets or keys that no entry has, each once
	Gone    []*knowledge.Entry // written here, and not in the national file any more
	Hash    string             // of what would be done
	Skipped int                // papers, steps and ways of entries that the workbook left out

	seen    map[string]int     // codes to rows
	records []*knowledge.Entry // of the national file, that meet words of ours
}

// Drafts is how many drafts the file would begin.
func (p *Plan) Drafts() int { return p.Counts[Adds] + p.Counts[Changes] }

// Plan reads a file against what is published, for an officer. It writes nothing. It fails with *bot.Error Invalid
// when the file as a whole cannot be taken.
func (b *Book) Plan(ctx context.Context, a entries.Actor, name string, file []byte) (*Plan, error) {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p := &Plan{Name: name, Counts: map[Fate]int{}, seen: map[string]int{}}
	national := !strings.HasSuffix(strings.ToLower(name), ".xlsx")
	known := func(code string) bool {
		_, err := entries.Get(ctx, b.opt.Read, code)
		return err == nil
	}
	err := b.opt.Content.Read(ctx, name, bytes.NewReader(file), known, func(r Row) error {
		if r.Skipped > 0 {
			p.Skipped += r.Skipped
			return nil
		}
		l, err := b.line(ctx, a, p, r, national)
		if err != nil {
			return err
		}
		p.add(l)
		if l.record != nil {
			p.records = append(p.records, l.record)
			if err := b.suggested(ctx, p, l); err != nil {
				return err
			}
		}
		return p.room()
	})
	if err != nil {
		return nil, err
	}
	if national && len(p.seen) > 0 && entries.Controls(a.Officer) {
		gone, whole, err := b.Gone(ctx, func(code string) bool { return p.seen[code] > 0 })
		if err != nil {
			return nil, err
		}
		if whole {
			p.Gone = gone
		}
	}
	return p, p.sign()
}

// room refuses what nobody could read afterwards.
func (p *Plan) room() error {
	switch {
	case p.Drafts() > maxDrafts:
		return refusal(bot.Invalid, "procedures.exchange_many", "most", maxDrafts)
	case p.Counts[AtOnce] > maxAtOnce:
		return refusal(bot.Invalid, "procedures.exchange_many_at_once", "most", maxAtOnce)
	}
	return nil
}

func (p *Plan) add(l Line) {
	p.Counts[l.Fate]++
	if l.Fate != Unchanged {
		p.Lines = append(p.Lines, l)
	}
}

// sign makes the hash by which a confirmation tells that it saw this very plan.
func (p *Plan) sign() error {
	h := sha256.New()
	for _, l := range p.Lines {
		text, err := json.Marshal([]any{l.Code, l.Fate, l.Base, l.Next})
		if err != nil {
			return fmt.Errorf("sign plan: %w", err)
		}
		h.Write(text)
	}
	p.Hash = hex.EncodeToString(h.Sum(nil))[:32]
	return nil
}

// suggested adds what a national record would change in words of ours.
func (b *Book) suggested(ctx context.Context, p *Plan, l Line) error {
	x, err := b.Suggest(ctx, l.Next, l.record)
	if err != nil || x == nil {
		return err
	}
	p.add(Line{Sheet: l.Sheet, Row: l.Row, Code: l.Code, Name: l.Name, Fate: Proposes, Keys: x.Keys, Base: l.Next, Next: x.Entry, Note: x.Note})
	return nil
}

// line decides about one row.
func (b *Book) line(ctx context.Context, a entries.Actor, p *Plan, r Row, national bool) (Line, error) {
	l := Line{Sheet: r.Sheet, Row: r.Number, Code: r.Code, Fate: Refuses, Why: r.Refused}
	for _, u := range r.Unknown { // every row of a sheet names its columns
		if len(p.Unknown) < maxUnknown && !slices.ContainsFunc(p.Unknown, func(x Reason) bool { return reflect.DeepEqual(x, u) }) {
			p.Unknown = append(p.Unknown, u)
		}
	}
	if r.Entry != nil {
		l.Code, l.Name = r.Entry.Code, r.Entry.Name
	}
	if len(l.Why) > 0 || r.Entry == nil {
		return l, nil
	}
	if first, twice := p.seen[l.Code]; twice {
		return l.refused("procedures.exchange_twice", "row", first), nil
	}
	p.seen[l.Code] = r.Number
	if national && !b.opt.Content.Curated(r.Entry) {
		return b.nationalLine(ctx, a, l, r.Entry)
	}
	base, err := b.opt.Desk.Current(ctx, l.Code)
	if err != nil && !bot.IsCode(err, bot.NotFound) {
		return l, err
	}
	if base != nil {
		b.opt.Content.Keep(base, r.Entry, r.Absent)
	}
	return b.written(ctx, a, l, base, r.Entry)
}

func (l Line) refused(key string, args ...any) Line {
	l.Fate, l.Why = Refuses, []Reason{{Key: key, Args: args}}
	return l
}

// written decides about a row that an officer wrote.
func (b *Book) written(ctx context.Context, a entries.Actor, l Line, base, e *knowledge.Entry) (Line, error) {
	field := e.Field
	if base != nil {
		field = base.Field
	}
	entries.Tidy(base, e, b.opt.Clean)
	l.Base, l.Next, l.Keys = base, e, entries.Compare(base, e)
	switch {
	case base != nil && len(l.Keys) == 0:
		l.Fate = Unchanged
		return l, nil
	case !b.opt.Desk.Writes(a.Officer, field):
		return l.refused("procedures.denied_field"), nil
	}
	if ps := e.Validate(); len(ps) > 0 { // cleaning may have emptied what must not be
		return l.refused("procedures.exchange_wrong"), nil
	}
	open, err := b.opt.Desk.List(ctx, a, entries.Filter{Code: l.Code, States: []entries.State{entries.Writing, entries.Reviewed, entries.Scheduled}})
	if err != nil {
		return l, err
	}
	for _, x := range open {
		if len(entries.Compare(x.Entry, e)) == 0 {
			l.Fate, l.Draft = Waits, x.ID
			return l, nil
		}
	}
	switch {
	case base != nil:
		l.Fate = Changes
	case len(open) > 0:
		return l.refused("procedures.conflict_code", "code", l.Code), nil
	default:
		l.Fate = Adds
	}
	return l, nil
}

// nationalLine decides about a record that nobody here wrote.
func (b *Book) nationalLine(ctx context.Context, a entries.Actor, l Line, e *knowledge.Entry) (Line, error) {
	if !entries.Controls(a.Officer) {
		return l.refused("procedures.exchange_national"), nil
	}
	rec, err := entries.GetRecord(ctx, b.opt.Read, l.Code)
	if bot.IsCode(err, bot.NotFound) {
		l.Fate, l.Next, l.origin, l.Keys = AtOnce, e, entries.OriginImport, entries.Compare(nil, e)
		return l, nil
	}
	if err != nil {
		return l, err
	}
	m := b.opt.Content.Meet(rec, e, b.opt.Now())
	if m.Ahead {
		return b.aheadLine(ctx, l, rec.Entry, e)
	}
	l.was = &rec
	l.Base, l.Next, l.origin, l.Keys = rec.Entry, m.Next, m.Origin, entries.Compare(rec.Entry, m.Next)
	if len(l.Keys) > 0 {
		l.Fate = AtOnce
	} else {
		l.Fate = Unchanged
	}
	if m.Look {
		l.record = e
	}
	return l, nil
}

// aheadLine decides about a record that counts from a day to come.
func (b *Book) aheadLine(ctx context.Context, l Line, base, e *knowledge.Entry) (Line, error) {
	x, err := b.ahead(ctx, e)
	l.Fate = Unchanged
	if err != nil || x == nil {
		return l, err
	}
	l.Fate, l.Keys, l.Base, l.Next, l.Note, l.ahead = Proposes, x.Keys, base, x.Entry, x.Note, true
	return l, nil
}

// Result is what a confirmed file did.
type Result struct {
	Drafts   int
	AtOnce   int
	Proposed int
	Failed   int // rows that somebody else's change came before
	Revision int64
}

// Carry does what a plan says; with gone it also proposes that what the national file lacks is abolished. What fails
// because somebody else was first is counted, and stops no other row: the same file brings it again.
func (b *Book) Carry(ctx context.Context, a entries.Actor, p *Plan, gone bool) (Result, error) {
	out, err := b.atOnce(ctx, a, p)
	if err != nil {
		return out, err
	}
	note, err := b.opt.Render("procedures.exchange_note", map[string]any{"file": p.Name})
	if err != nil {
		return out, err
	}
	for _, l := range p.Lines {
		if l.Fate != Adds && l.Fate != Changes {
			continue
		}
		err := b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			_, err := b.opt.Desk.Draft(ctx, w, a, l.Base, l.Next, note)
			return err
		})
		if err := out.count(&out.Drafts, true, err); err != nil {
			return out, err
		}
	}
	for _, l := range p.Lines {
		if !l.ahead {
			continue
		}
		did, err := b.Ahead(ctx, l.Next)
		if err := out.count(&out.Proposed, did, err); err != nil {
			return out, err
		}
	}
	for _, e := range p.records {
		did, err := b.Compare(ctx, e)
		if err := out.count(&out.Proposed, did, err); err != nil {
			return out, err
		}
	}
	if gone {
		for _, e := range p.Gone {
			did, err := b.Abolish(ctx, e.Code)
			if err := out.count(&out.Proposed, did, err); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// count counts what was done, and what somebody else was first with.
func (r *Result) count(n *int, did bool, err error) error {
	var bad *bot.Error
	switch {
	case errors.As(err, &bad):
		r.Failed++
	case err != nil:
		return err
	case did:
		*n++
	}
	return nil
}

// atOnce publishes what nobody here wrote, in one revision. What was changed since the file was read stays as it is.
func (b *Book) atOnce(ctx context.Context, a entries.Actor, p *Plan) (Result, error) {
	var out Result
	var all []entries.Change
	for _, l := range p.Lines {
		if l.Fate == AtOnce {
			all = append(all, entries.Change{Entry: l.Next, Origin: l.origin, New: l.Base == nil, Was: l.was})
		}
	}
	if len(all) == 0 {
		return out, nil
	}
	err := b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		still, moved, err := entries.Unmoved(ctx, tx, all)
		if err != nil {
			return err
		}
		if out.AtOnce, out.Failed = len(still), len(moved); len(still) == 0 {
			return nil
		}
		if out.Revision, err = entries.PublishAll(ctx, tx, b.opt.Now(), a.Ref(), p.Name, still); err != nil {
			return err
		}
		return b.opt.Audit(ctx, tx, a.Ref(), "procedures.import", "knowledge", fmt.Sprintf("revision %d, %d entries", out.Revision, len(still)))
	})
	if err != nil {
		return out, err
	}
	b.opt.Desk.Changed(ctx)
	return out, nil
}
