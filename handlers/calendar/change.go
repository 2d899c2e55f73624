package calendar

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"cchcbot/bot"
	days "cchcbot/knowledge/calendar"
)

// change is a year as somebody wants it.
type change struct {
	year     int
	base     int64      // the revision of the year that he saw, 0 for what ships with the program
	body     *days.Year // nil: what ships with the program
	decision days.Decision
	reason   string
	restored int64
}

// prepared is a change with what comes of it, ready to be saved as long as
// nobody else saves first.
type prepared struct {
	change
	after    int64 // the newest revision of all
	old, now *days.Calendar
	changed  []time.Time // days that are worked in one and not in the other
	affected int         // open cases whose terms are counted again
}

// same says that nothing would change but the revision's number.
func (p *prepared) same() bool {
	a, hadOld := p.old.Year(p.year)
	b, hasNew := p.now.Year(p.year)
	return hadOld == hasNew && reflect.DeepEqual(tidy(a), tidy(b))
}

// tidy makes empty lists alike.
func tidy(y days.Year) days.Year {
	for _, list := range []*[]days.Day{&y.Off, &y.Weekend, &y.MadeUp} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	if len(y.Swapped) == 0 {
		y.Swapped = nil
	}
	if len(y.Decisions) == 0 {
		y.Decisions = nil
	}
	if len(y.Sources) == 0 {
		y.Sources = nil
	}
	return y
}

// prepare works out what a change does. It fails with *bot.Error Conflict when
// the year is no longer the one that the officer saw.
func (s *service) prepare(ctx context.Context, c change) (*prepared, error) {
	p := &prepared{change: c}
	var err error
	if p.after, err = newest(ctx, s.opt.Read); err != nil {
		return nil, err
	}
	list, _, err := current(ctx, s.opt.Read)
	if err != nil {
		return nil, err
	}
	next := []Revision{{Year: c.year, Body: c.body}}
	var base int64
	for _, v := range list {
		if v.Year == c.year {
			base = v.Revision
			continue
		}
		next = append(next, v)
	}
	if base != c.base {
		return nil, &bot.Error{Code: bot.Conflict, Key: "calendar.conflict", Detail: "the year was changed meanwhile"}
	}
	if p.old, err = build(list); err != nil {
		return nil, err
	}
	if p.now, err = build(next); err != nil {
		return nil, err
	}
	p.changed = days.Differ(p.old, p.now)
	// A year that nobody entered before is in one calendar's list only: Differ looks at both.
	if s.opt.Affected != nil && p.old.Version() != p.now.Version() {
		if p.affected, err = s.opt.Affected(ctx, p.old, p.now); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// save writes a prepared change as a new revision and has open terms counted
// again, in one unit of work: both happen or none.
func (s *service) save(ctx context.Context, p *prepared, actor string) (int64, error) {
	v := Revision{
		Revision: p.after + 1, Year: p.year, Body: p.body, Decision: p.decision, Reason: p.reason,
		Restored: p.restored, Actor: actor, At: s.opt.Now(),
	}
	err := s.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if err := insert(ctx, tx, v, p.after); err != nil {
			return err
		}
		detail := fmt.Sprintf("revision %d, %d days changed, decision %.200s", v.Revision, len(p.changed), v.Decision.Number)
		action := "calendar.saved"
		if v.Restored != enteredAnew {
			action, detail = "calendar.restored", fmt.Sprintf("revision %d brings back %d, %d days changed", v.Revision, v.Restored, len(p.changed))
		}
		if err := s.opt.Audit(ctx, tx, actor, action, "calendar:"+strconv.Itoa(v.Year), detail); err != nil {
			return err
		}
		if s.opt.Changed != nil && p.old.Version() != p.now.Version() {
			return s.opt.Changed(ctx, w, p.old, p.now)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	// The change is committed: what Refresh cannot read now, the job reads in a few seconds.
	if err := s.opt.Live.Refresh(ctx); err != nil {
		s.opt.Log.Error("the calendar just saved is not in force in this process yet", "err", err)
	}
	return v.Revision, nil
}

// restoring is the change that brings a revision back; 0 is what ships with the
// program. It fails with *bot.Error NotFound when there is none.
func (s *service) restoring(ctx context.Context, year int, revision, base int64, reason string) (change, error) {
	c := change{year: year, base: base, reason: reason, restored: revision}
	if revision == 0 {
		return c, nil
	}
	v, err := revisionOf(ctx, s.opt.Read, year, revision)
	if err != nil {
		return c, err
	}
	c.body, c.decision = v.Body, v.Decision
	return c, nil
}
