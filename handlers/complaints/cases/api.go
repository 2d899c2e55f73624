package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cchcbot/bot"
	"cchcbot/knowledge/directory"
)

// visible reads a case for somebody who may see it; NotFound for everybody else.
func (d *Desk) visible(ctx context.Context, q Reader, a Actor, where string, arg any) (*record, Who, error) {
	r, err := load(ctx, q, where, arg)
	if err != nil {
		return nil, 0, err
	}
	if r == nil {
		return nil, 0, notFound()
	}
	who := d.parties(r, a)
	if who == 0 {
		return nil, 0, notFound()
	}
	return r, who, nil
}

// shown is a case as a party sees it: of a sealed one the citizen sees that it is kept, no more.
func shown(r *record, who Who, now func() Case) Case {
	if r.State.Hidden() && who&(ByLiaison|BySystem) == 0 {
		return Case{ID: r.ID, Code: r.Code, Version: r.Version, State: r.State, Filed: r.Filed, Updated: r.Updated}
	}
	return now()
}

// late marks the clocks that run past their end.
func (d *Desk) late(c Case) Case {
	c.Clocks = slices.Clone(c.Clocks)
	for i := range c.Clocks {
		if k := &c.Clocks[i]; k.Running() && d.opt.Now().After(k.Due) {
			k.Late = true
		}
	}
	return c
}

// Get reads a case that the actor may see. Strangers get NotFound.
func (d *Desk) Get(ctx context.Context, id int64, a Actor) (Case, error) {
	r, who, err := d.visible(ctx, d.opt.Read, a, `id = $1`, id)
	if err != nil {
		return Case{}, err
	}
	return shown(r, who, func() Case { return d.late(r.Case) }), nil
}

// ByCode is Get by the code as people type it. It fails with ErrTypo or ErrNoCode
// when the text is no code.
func (d *Desk) ByCode(ctx context.Context, code string, a Actor) (Case, error) {
	code, err := ParseCode(code)
	if err != nil {
		return Case{}, err
	}
	r, who, err := d.visible(ctx, d.opt.Read, a, `code = $1`, code)
	if err != nil {
		return Case{}, err
	}
	return shown(r, who, func() Case { return d.late(r.Case) }), nil
}

// Taken is ByCode for the slip of a visitor: also for the officer who took the case
// down, whichever body has it; without what only those who handle it may see.
func (d *Desk) Taken(ctx context.Context, code string, a Actor) (Case, error) {
	c, err := d.ByCode(ctx, code, a)
	if !bot.IsCode(err, bot.NotFound) || a.Kind != Officer || !a.Officer.Active || a.Officer.ID == 0 {
		return c, err
	}
	if code, err = ParseCode(code); err != nil {
		return Case{}, err
	}
	r, err := load(ctx, d.opt.Read, `code = $1`, code)
	switch {
	case err != nil:
		return Case{}, err
	case r == nil || !r.OnBehalf || r.FiledBy != a.Officer.ID || r.State.Hidden():
		return Case{}, notFound()
	}
	c = Case{ID: r.ID, Code: r.Code, Version: r.Version, State: r.State, Kind: r.Kind, Field: r.Field, Place: r.Place, Day: r.Day, Filed: r.Filed,
		Updated: r.Updated, OnBehalf: true, FiledBy: r.FiledBy, Lead: r.Lead}
	if k, ok := r.Clock(StepCitizen); ok {
		c.Clocks = []Clock{k}
	}
	return d.late(c), nil
}

// perPage is how many of his cases a citizen sees at once.
const perPage = 10

// maxPages is how many pages of them there are.
const maxPages = 100

// ByHolder lists a citizen's cases, newest first, ten a page; page counts from 0.
func (d *Desk) ByHolder(ctx context.Context, p bot.PersonID, page int) (cases []Case, more bool, err error) {
	key := d.holderKey(p)
	if key == "" || page < 0 || page >= maxPages {
		return nil, false, nil
	}
	records, err := d.many(ctx, d.opt.Read, fmt.Sprintf(`holder_key = $1 and state <> 'purged' order by id desc limit %d offset %d`, perPage+1, page*perPage), key)
	if err != nil {
		return nil, false, err
	}
	if len(records) > perPage {
		records, more = records[:perPage], true
	}
	for _, r := range records {
		cases = append(cases, shown(r, ByHolder, func() Case { return d.late(r.Case) }))
	}
	return cases, more, nil
}

// many reads cases in the order of the query.
func (d *Desk) many(ctx context.Context, q Reader, where string, args ...any) ([]*record, error) {
	var out []*record
	err := bot.EachRow(ctx, q, `select `+columns+` from complaints_cases where `+where, args, func(s bot.Scanner) error {
		r, err := scanRecord(s)
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	return out, complete(ctx, q, out)
}

// Body opens what the citizen wrote, for one reader.
func (d *Desk) Body(ctx context.Context, id int64, a Actor) (Body, error) {
	r, who, err := d.visible(ctx, d.opt.Read, a, `id = $1`, id)
	if err != nil {
		return Body{}, err
	}
	if r.State.Hidden() && who&ByLiaison == 0 {
		return Body{}, notFound()
	}
	b, err := d.body(ctx, d.opt.Read, r)
	b.Place.ID = r.Place.ID // as it was corrected
	return b, err
}

// BodyIn is Body for listeners: read in the transaction of the change, for a
// case that is just being filed is not committed yet. Listeners are part of the
// program and are asked no rights; what they tell whom is theirs to mask.
func (d *Desk) BodyIn(ctx context.Context, q Reader, id int64) (Body, error) {
	r, err := load(ctx, q, `id = $1`, id)
	if err != nil {
		return Body{}, err
	}
	if r == nil || r.State.Hidden() {
		return Body{}, notFound()
	}
	b, err := d.body(ctx, q, r)
	b.Place.ID = r.Place.ID
	return b, err
}

// AnswersIn is Answers for listeners, as BodyIn is Body.
func (d *Desk) AnswersIn(ctx context.Context, q Reader, id int64) ([]Answer, error) {
	r, err := load(ctx, q, `id = $1`, id)
	if err != nil {
		return nil, err
	}
	if r == nil || r.State.Hidden() {
		return nil, notFound()
	}
	return d.answersOf(ctx, q, r)
}

// Identity is who filed a case. It is Denied to officers until a recorded, reasoned
// Reveal by the same officer; the front desk, the liaison and the citizen see it.
func (d *Desk) Identity(ctx context.Context, id int64, a Actor) (Contact, error) {
	r, who, err := d.visible(ctx, d.opt.Read, a, `id = $1`, id)
	if err != nil {
		return Contact{}, err
	}
	if who&(ByDesk|ByLiaison|ByHolder) == 0 {
		ok, err := revealed(ctx, d.opt.Read, r, a.Ref())
		if err != nil {
			return Contact{}, err
		}
		if !ok || who&ByOfficer == 0 {
			return Contact{}, denied("complaints.denied_identity")
		}
	}
	var c Contact
	err = d.column(ctx, d.opt.Read, r, "identity", identityPlace(r.Code), &c)
	return c, err
}

// Timeline is what the actor may read of what happened, oldest first, at most 500 lines. The citizen
// sees what is marked so, without names of people; internal notes never.
func (d *Desk) Timeline(ctx context.Context, id int64, a Actor) ([]Entry, error) {
	r, who, err := d.visible(ctx, d.opt.Read, a, `id = $1`, id)
	if err != nil {
		return nil, err
	}
	if r.State.Hidden() && who&(ByLiaison|BySystem) == 0 {
		return nil, nil
	}
	all, err := d.entries(ctx, d.opt.Read, r)
	if err != nil || who&^ByHolder != 0 {
		return all, err
	}
	all = slices.DeleteFunc(all, func(e Entry) bool { return !e.Shown })
	for i := range all {
		e := &all[i]
		if e.Actor == Officer {
			e.Name, e.Ref = "", "officer"
		}
	}
	return all, nil
}

// Answers are every round's answer, oldest first.
func (d *Desk) Answers(ctx context.Context, id int64, a Actor) ([]Answer, error) {
	r, who, err := d.visible(ctx, d.opt.Read, a, `id = $1`, id)
	if err != nil {
		return nil, err
	}
	if r.State.Hidden() && who&ByLiaison == 0 {
		return nil, nil
	}
	out, err := d.answersOf(ctx, d.opt.Read, r)
	if who&^ByHolder == 0 {
		for i := range out {
			out[i].Drafted, out[i].Approved = "", ""
		}
	}
	return out, err
}

// Pending is the answer under way; it fails with NotFound when there is none. The citizen never sees it.
func (d *Desk) Pending(ctx context.Context, id int64, a Actor) (Pending, error) {
	r, who, err := d.visible(ctx, d.opt.Read, a, `id = $1`, id)
	if err != nil {
		return Pending{}, err
	}
	if who&(ByOfficer|ByDesk|BySystem) == 0 {
		return Pending{}, notFound()
	}
	p, err := d.pending(ctx, d.opt.Read, r)
	if bot.IsCode(err, bot.Invalid) {
		return Pending{}, notFound()
	}
	return p, err
}

// StatusFor is a holder's look-up from another channel: the code and the phone
// given with the case must both match, and both mistakes look the same (NotFound). The caller limits the
// tries. A mistyped code is ErrTypo.
func (d *Desk) StatusFor(ctx context.Context, code, phone string) (Case, error) {
	code, err := ParseCode(code)
	if err != nil {
		return Case{}, err
	}
	r, err := load(ctx, d.opt.Read, `code = $1`, code)
	if err != nil {
		return Case{}, err
	}
	key := d.phoneKey(phone)
	if r == nil || key == "" || r.phoneKey != key || r.State == Purged {
		return Case{}, notFound()
	}
	return shown(r, ByHolder, func() Case { return d.late(r.Case) }), nil
}

// Holder is where the citizen of a case is told things; for listeners and jobs.
func (d *Desk) Holder(ctx context.Context, id int64) (Holder, error) {
	r, err := load(ctx, d.opt.Read, `id = $1`, id)
	if err != nil {
		return Holder{}, err
	}
	if r == nil {
		return Holder{}, notFound()
	}
	return d.holder(ctx, d.opt.Read, r)
}

// Proposal is what the directory says about who answers a case, with its steps. For the front desk.
func (d *Desk) Proposal(ctx context.Context, id int64, a Actor) (directory.Routing, error) {
	r, who, err := d.visible(ctx, d.opt.Read, a, `id = $1`, id)
	if err != nil {
		return directory.Routing{}, err
	}
	if who&(ByDesk|BySystem) == 0 {
		return directory.Routing{}, denied("complaints.denied_action")
	}
	b, err := d.body(ctx, d.opt.Read, r)
	if err != nil {
		return directory.Routing{}, err
	}
	dir := d.opt.Directory()
	if a := praised(dir, r.Case, b.Named); a != nil {
		return directory.Routing{Lead: a}, nil
	}
	to, err := dir.Route(subject(dir, r.Case, b.What, b.Named))
	var unknown *directory.SubjectError
	if errors.As(err, &unknown) {
		return directory.Routing{}, nil
	}
	return to, err
}

// above is the body one level up of the one that answered, "" when there is none.
func (t *turn) above() string {
	b, err := t.d.body(context.Background(), t.tx, t.r)
	if err != nil {
		return ""
	}
	s := subject(t.dir, t.r.Case, "", b.Named)
	to, err := t.dir.Higher(t.r.Lead, s)
	if err == nil && len(to.Ask) > 0 {
		s.Unanswered = true
		to, err = t.dir.Higher(t.r.Lead, s)
	}
	if err != nil || to.Lead == nil || to.FrontDesk || to.Lead.ID == t.r.Lead || to.Lead.ID == deskID(t.dir) {
		return ""
	}
	if _, err := t.body(to.Lead.ID); err != nil {
		return ""
	}
	return to.Lead.ID
}

// Alike finds other cases that may be about the same thing, likeliest first: the
// same field and place within thirty days, with words in common. Nothing is
// merged by itself; an officer links them.
func (d *Desk) Alike(ctx context.Context, id int64, a Actor) ([]Case, error) {
	r, who, err := d.visible(ctx, d.opt.Read, a, `id = $1`, id)
	if err != nil || who&(ByOfficer|ByDesk) == 0 || r.Place.ID == "" || r.State.Hidden() {
		return nil, err
	}
	const days = 30
	var ids []any
	err = bot.EachRow(ctx, d.opt.Read, `select x.id, count(*) from (select id from complaints_cases
			where place = $1 and field = $2 and filed between $3 and $4 and id <> $5 and state not in ('sealed', 'purged') order by filed desc limit 200) as x
		join complaints_words o on o.case_id = x.id join complaints_words m on m.word = o.word and m.case_id = $5
		group by x.id having count(*) >= 3 order by count(*) desc, x.id limit 5`,
		[]any{r.Place.ID, r.Field, bot.Millis(r.Filed.AddDate(0, 0, -days)), bot.Millis(r.Filed.AddDate(0, 0, days)), r.ID}, func(s bot.Scanner) error {
			var other, n int64
			err := s.Scan(&other, &n)
			ids = append(ids, other)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("look for cases alike: %w", err)
	}
	return d.inOrder(ctx, ids, &a)
}

// inOrder reads cases by number, in that order, that the viewer may see.
func (d *Desk) inOrder(ctx context.Context, ids []any, viewer *Actor) ([]Case, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	records, err := d.many(ctx, d.opt.Read, `id in (`+marksFor(1, len(ids))+`)`, ids...)
	if err != nil {
		return nil, err
	}
	byID := map[int64]*record{}
	for _, r := range records {
		byID[r.ID] = r
	}
	var out []Case
	for _, id := range ids {
		n, _ := id.(int64)
		if r := byID[n]; r != nil && !r.State.Hidden() && (viewer == nil || d.parties(r, *viewer) != 0) {
			out = append(out, d.late(r.Case))
		}
	}
	return out, nil
}

// SealedCases are what waits for the liaison: suspected denunciations, oldest
// first, at most 200. Nobody else gets any.
func (d *Desk) SealedCases(ctx context.Context, a Actor) ([]Case, error) {
	if a.Kind != Officer || !Liaison(a.Officer) {
		return nil, notFound()
	}
	records, err := d.many(ctx, d.opt.Read, `state = 'sealed' order by id limit 200`)
	var out []Case
	for _, r := range records {
		if d.parties(r, a) != 0 {
			out = append(out, r.Case)
		}
	}
	return out, err
}

// Hidden counts what is sealed and what was purged: all that statistics may know.
func (d *Desk) Hidden(ctx context.Context) (sealed, purged int, err error) {
	err = d.opt.Read.QueryRowContext(ctx, `select coalesce(sum(case when state = 'sealed' then n else 0 end), 0),
		coalesce(sum(case when state = 'purged' then n else 0 end), 0) from complaints_counts where state in ('sealed', 'purged')`).Scan(&sealed, &purged)
	if err != nil {
		return 0, 0, fmt.Errorf("count hidden cases: %w", err)
	}
	return sealed, purged, nil
}
