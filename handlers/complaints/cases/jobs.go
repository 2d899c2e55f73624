package cases

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

// batch is how many cases one run of a job takes up; the next run goes on.
const batch = 200

// Jobs are the periodic work of cases. Each case has a unit of work of its own,
// so that one that fails stops no other.
func (d *Desk) Jobs(works *bot.Works) []bot.Job {
	job := func(name string, every time.Duration, run func(context.Context, *bot.Works) error) bot.Job {
		return bot.Job{Name: "complaints." + name, Every: every, Run: func(ctx context.Context) error { return run(ctx, works) }}
	}
	return []bot.Job{
		job("remind", time.Minute, d.RunReminders),
		job("settle", 5*time.Minute, d.RunSettle),
		job("succeed", time.Hour, d.RunSuccession),
		job("recount", 10*time.Minute, d.RunRecount),
		job("orphans", 10*time.Minute, d.runOrphans),
	}
}

// numbers reads ids.
func (d *Desk) numbers(ctx context.Context, query string, args ...any) ([]int64, error) {
	var out []int64
	err := bot.EachRow(ctx, d.opt.Read, query, args, func(s bot.Scanner) error {
		var n int64
		err := s.Scan(&n)
		out = append(out, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for work: %w", err)
	}
	return out, nil
}

// each runs f on cases, each in a unit of its own, and joins what failed. A
// refusal is no failure: somebody else was first.
func (d *Desk) each(ctx context.Context, works *bot.Works, ids []int64, f func(ctx context.Context, w *bot.Work, id int64) error) error {
	var errs []error
	for _, id := range ids {
		if ctx.Err() != nil {
			return errors.Join(append(errs, ctx.Err())...)
		}
		err := works.Do(ctx, func(ctx context.Context, w *bot.Work) error { return f(ctx, w, id) })
		var refused *bot.Error
		if err != nil && !errors.As(err, &refused) {
			errs = append(errs, fmt.Errorf("case %d: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// RunReminders tells listeners of clocks that reached a mark, and closes cases
// whose citizen did not reply.
func (d *Desk) RunReminders(ctx context.Context, works *bot.Works) error {
	ids, err := d.numbers(ctx, `select case_id from complaints_clocks where mark > 0 and mark <= $1 order by mark limit $2`, bot.Millis(d.opt.Now()), batch)
	if err != nil {
		return err
	}
	return d.each(ctx, works, unique(ids), d.remindCase)
}

func unique(ids []int64) []int64 {
	seen := map[int64]bool{}
	out := ids[:0]
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// remindCase tells of the clocks of one case.
func (d *Desk) remindCase(ctx context.Context, w *bot.Work, id int64) error {
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	r, err := load(ctx, tx, `id = $1`, id)
	if err != nil || r == nil {
		return err
	}
	terms, err := d.settings(ctx, tx)
	if err != nil {
		return err
	}
	t := timer{cal: d.opt.Calendar(), terms: terms, now: d.opt.Now()}
	var events []Event
	silent := false
	for i := range r.Clocks {
		k := &r.Clocks[i]
		if k.mark.IsZero() || k.mark.After(t.now) {
			continue
		}
		if !k.Running() || r.State.Hidden() {
			k.mark, k.dirty = time.Time{}, true
			continue
		}
		what, ok := t.reached(k)
		if !ok {
			continue
		}
		if k.Step == StepReply && what == RemindDue {
			silent = true
			continue
		}
		events = append(events, Event{Action: Remind, Before: r.State, From: r.Lead, Actor: Actor{Kind: System, Via: "job"}, Reminder: what, Step: k.Step, Due: k.Due})
	}
	if err := r.writeClocks(ctx, tx); err != nil {
		return err
	}
	// Marks of rounds before this one are not reached any more.
	if _, err := tx.ExecContext(ctx, `update complaints_clocks set mark = 0 where case_id = $1 and round < $2 and mark > 0`, id, r.Round); err != nil {
		return fmt.Errorf("end old marks: %w", err)
	}
	if err := d.remindAll(ctx, w, tx, r, events); err != nil {
		return err
	}
	if silent {
		_, err := d.Do(ctx, w, id, Actor{Kind: System, Via: "job"}, Command{Action: Close})
		return err
	}
	return nil
}

// remindAll tells the listeners; what is late and who is called stands in the timeline too.
func (d *Desk) remindAll(ctx context.Context, w *bot.Work, tx bot.Tx, r *record, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	holder, err := d.holder(ctx, tx, r)
	if err != nil {
		return err
	}
	for _, e := range events {
		e.Case, e.Holder = r.Case, holder
		if e.Reminder == RemindOverdue || e.Reminder == RemindEscalate {
			line := Entry{Version: r.Version, Round: r.Round, At: d.opt.Now(), Action: Remind, Actor: System, Ref: "job", Via: "job", Before: r.State, After: r.State,
				Target: string(e.Reminder) + " " + string(e.Step), Due: e.Due, Shown: e.Reminder == RemindOverdue && e.Step == StepAnswer}
			if err := d.writeEntry(ctx, tx, r, &line, ""); err != nil {
				return err
			}
			e.Entry = line.ID
		}
		if err := d.emit(ctx, w, e); err != nil {
			return err
		}
	}
	return nil
}

// RunSettle asks citizens whether it helped, closes what was answered, and
// removes what is kept no longer.
func (d *Desk) RunSettle(ctx context.Context, works *bot.Works) error {
	ids, err := d.numbers(ctx, `select id from complaints_cases where wake > 0 and wake <= $1 order by wake limit $2`, bot.Millis(d.opt.Now()), batch)
	if err != nil {
		return err
	}
	return d.each(ctx, works, ids, d.settleCase)
}

func (d *Desk) settleCase(ctx context.Context, w *bot.Work, id int64) error {
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	r, err := load(ctx, tx, `id = $1`, id)
	if err != nil || r == nil {
		return err
	}
	terms, err := d.settings(ctx, tx)
	if err != nil {
		return err
	}
	now, system := d.opt.Now(), Actor{Kind: System, Via: "job"}
	switch {
	case r.State == Answered && !now.Before(r.Sent.AddDate(0, 0, terms.Int(KeyCloseAfter))):
		_, err := d.Do(ctx, w, id, system, Command{Action: Close})
		return err
	case r.State == Answered:
		return d.askRating(ctx, w, tx, r, terms)
	case r.State == Closed || r.State == Refused || r.State == Withdrawn:
		if !now.Before(r.Closed.AddDate(0, terms.Int(KeyKeepMonths), 0)) {
			_, err := d.Do(ctx, w, id, system, Command{Action: Purge})
			return err
		}
		if r.Photos > 0 {
			_, err := d.Do(ctx, w, id, system, Command{Action: DropMedia})
			return err
		}
		return d.sleep(ctx, tx, r, r.Closed.AddDate(0, terms.Int(KeyKeepMonths), 0))
	}
	return d.sleep(ctx, tx, r, time.Time{})
}

// askRating asks once and reminds once; who rated already is not asked.
func (d *Desk) askRating(ctx context.Context, w *bot.Work, tx bot.Tx, r *record, terms Terms) error {
	end := r.Sent.AddDate(0, 0, terms.Int(KeyCloseAfter))
	next, what := end, Reminder("")
	if !r.Rating.Given() {
		switch r.asked {
		case 0:
			what = RemindRate
			if again := r.Sent.AddDate(0, 0, terms.Int(KeyRateAfter)+terms.Int(KeyRateAgain)); again.Before(end) {
				next = again
			}
		case 1:
			what = RemindRateAgain
		}
	}
	r.asked++
	if err := d.sleep(ctx, tx, r, next); err != nil || what == "" {
		return err
	}
	e := Event{Action: Remind, Before: r.State, From: r.Lead, Actor: Actor{Kind: System, Via: "job"}, Reminder: what}
	return d.remindAll(ctx, w, tx, r, []Event{e})
}

// sleep sets when the program looks at an ended case again.
func (d *Desk) sleep(ctx context.Context, tx bot.Tx, r *record, until time.Time) error {
	_, err := tx.ExecContext(ctx, `update complaints_cases set wake = $1, asked = $2 where id = $3`, bot.Millis(until), r.asked, r.ID)
	if err != nil {
		return fmt.Errorf("set when to look again: %w", err)
	}
	return nil
}

// RunSuccession moves the open cases of bodies that are no longer in office to
// who took their task over; clocks go on unchanged. A case whose successor is not
// known goes to the front desk.
func (d *Desk) RunSuccession(ctx context.Context, works *bot.Works) error {
	dir := d.opt.Directory()
	var gone []string
	err := bot.EachRow(ctx, d.opt.Read, `select distinct lead from complaints_counts where n > 0 and lead <> ''
		and state in ('forwarded', 'accepted', 'waiting', 'drafted', 'answered') order by lead`, nil, func(s bot.Scanner) error {
		var lead string
		if err := s.Scan(&lead); err != nil {
			return err
		}
		if a, ok := dir.Agency(lead); !ok || !dir.InOffice(a) {
			gone = append(gone, lead)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for bodies that ended: %w", err)
	}
	var errs []error
	for _, lead := range gone {
		ids, err := d.numbers(ctx, `select id from complaints_cases where lead = $1
			and state in ('forwarded', 'accepted', 'waiting', 'drafted', 'answered') order by id limit $2`, lead, batch)
		if err != nil {
			return err
		}
		errs = append(errs, d.each(ctx, works, ids, func(ctx context.Context, w *bot.Work, id int64) error { return d.succeedCase(ctx, w, id, dir) }))
	}
	return errors.Join(errs...)
}

func (d *Desk) succeedCase(ctx context.Context, w *bot.Work, id int64, dir *directory.Directory) error {
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	r, err := load(ctx, tx, `id = $1`, id)
	if err != nil || r == nil {
		return err
	}
	b, err := d.body(ctx, tx, r)
	if err != nil {
		return err
	}
	heir := d.heir(dir, r, b)
	_, err = d.Do(ctx, w, id, Actor{Kind: System, Via: "job"}, Command{Action: Succeed, Agency: heir})
	return err
}

// heir is the body that took over, "" when the front desk has to decide.
func (d *Desk) heir(dir *directory.Directory, r *record, b Body) string {
	s := subject(dir, r.Case, "", b.Named)
	to, err := dir.Successor(r.Lead, s)
	if err == nil && len(to.Ask) > 0 {
		s.Unanswered = true
		to, err = dir.Successor(r.Lead, s)
	}
	if err != nil || to.Lead == nil || to.FrontDesk {
		return ""
	}
	if d.accuses(r, to.Lead.ID) {
		return ""
	}
	return to.Lead.ID
}

// RunRecount counts the clocks that run by today's calendar. A citizen whose date
// moves is told by the listeners (Event.OldDue), never in silence.
func (d *Desk) RunRecount(ctx context.Context, works *bot.Works) error {
	v := d.opt.Calendar().Version()
	ids, err := d.numbers(ctx, `select case_id from (
		select case_id from complaints_clocks where stopped = 0 and version < $1 union
		select case_id from complaints_clocks where stopped = 0 and version > $1) as x order by case_id limit $2`, v, batch)
	if err != nil {
		return err
	}
	return d.each(ctx, works, ids, func(ctx context.Context, w *bot.Work, id int64) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		r, err := load(ctx, tx, `id = $1`, id)
		if err != nil || r == nil {
			return err
		}
		if r.State.Live() {
			_, err = d.Do(ctx, w, id, Actor{Kind: System, Via: "job"}, Command{Action: Recount})
			if err != nil {
				return err
			}
		}
		// What waits for good (a withdrawn case), the register's term, and earlier
		// rounds keep the end they have.
		_, err = tx.ExecContext(ctx, `update complaints_clocks set version = $1 where case_id = $2 and stopped = 0`, v, id)
		return err
	})
}

// RecountPreview is how many open cases have a clock that would end elsewhere by
// another calendar, counted up to MaxCount; for the page on which the calendar is changed.
func (d *Desk) RecountPreview(ctx context.Context, other *calendar.Calendar) (int, error) {
	ids, err := d.numbers(ctx, `select distinct case_id from complaints_clocks where stopped = 0 order by case_id limit $1`, MaxCount)
	if err != nil {
		return 0, err
	}
	t := timer{cal: other, terms: *d.terms.Load(), now: d.opt.Now()}
	n := 0
	for len(ids) > 0 {
		part := ids[:min(len(ids), maxPage)]
		ids = ids[len(part):]
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		records, err := d.many(ctx, d.opt.Read, `id in (`+marksFor(1, len(args))+`)`, args...)
		if err != nil {
			return 0, err
		}
		for _, r := range records {
			for _, k := range r.Clocks {
				if !k.Stopped.IsZero() || k.Step == StepCitizen {
					continue
				}
				old := k.Due
				if err := t.count(&k); err != nil {
					return 0, err
				}
				if !old.Equal(k.Due) {
					n++
					break
				}
			}
		}
	}
	return n, nil
}

// runOrphans raises the alarm for cases that no body owns: routing found none or
// several, or two bodies sent them back.
func (d *Desk) runOrphans(ctx context.Context, _ *bot.Works) error {
	if d.opt.Alert == nil {
		return nil
	}
	var n, oldest int64
	err := d.opt.Read.QueryRowContext(ctx, `select count(*), coalesce(min(filed), 0) from (select filed from complaints_cases where lead = '' and state = 'received'
		and desk in ('no_owner', 'two_owners', 'unknown_place', 'returned_twice') order by ranked limit $1) as x`, MaxCount).Scan(&n, &oldest)
	if err != nil {
		return fmt.Errorf("look for cases without an owner: %w", err)
	}
	if n > d.orphans.Swap(n) { // more than at the last look: told once
		d.opt.Alert(ctx, fmt.Sprintf("%d complaints have no body that answers and wait at the front desk, the oldest since %s: open the front desk in the console.",
			n, directory.Day(bot.FromMillis(oldest))))
	}
	return nil
}
