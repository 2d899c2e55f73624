package items

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
)

// runFor is how long one run of the sending job goes on; the next one follows at once.
const runFor = 20 * time.Second

// Jobs are the periodic work of news.
func (d *Desk) Jobs(works *bot.Works) []bot.Job {
	return []bot.Job{
		{Name: "news.send", Every: 2 * time.Second, Run: func(ctx context.Context) error { return d.RunSend(ctx, works) }},
		{Name: "news.articles", Every: 30 * time.Second, Run: func(ctx context.Context) error { return d.RunArticles(ctx, works) }},
		{Name: "news.digest", Every: time.Minute, Run: func(ctx context.Context) error { return d.RunDigest(ctx, works) }},
		{Name: "news.settle", Every: 10 * time.Minute, Run: func(ctx context.Context) error { return d.RunSettle(ctx, works) }},
	}
}

// system is who jobs are.
func system() Actor { return Actor{System: true} }

// RunSend begins what is due, finds the people of what is under way, drops what was
// stopped and ends what is done.
func (d *Desk) RunSend(ctx context.Context, works *bot.Works) error {
	now := d.opt.Now()
	due, err := list(ctx, d.opt.Read, `where i.state = 'scheduled' and i.scheduled <= $1 order by i.urgent desc, i.scheduled, i.id limit 50`, bot.Millis(now))
	if err != nil {
		return err
	}
	errs := []error{d.keepFair(ctx, works, `select spread from news_items where state in ('sending', 'paused') and urgent = 0 and spread > 0`)}
	for _, it := range due {
		errs = append(errs, d.beginOne(ctx, works, it))
	}
	under, err := list(ctx, d.opt.Read, `where i.state in ('sending', 'stopped') and i.spread > 0 and (i.state = 'sending' or i.finished > $1) order by i.urgent desc, i.id limit 200`,
		bot.Millis(now.Add(-24*time.Hour)))
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	quiet, err := list(ctx, d.opt.Read, `where i.state = 'sending' and i.spread = 0 order by i.id limit 200`)
	errs = append(errs, err)
	for _, it := range quiet {
		errs = append(errs, d.finish(ctx, works, it, nil))
	}
	end := time.Now().Add(runFor)
	for _, it := range under {
		errs = append(errs, d.advance(ctx, works, it, end))
	}
	return errors.Join(errs...)
}

// beginOne begins an item that is due, or moves it to the next fair hour.
func (d *Desk) beginOne(ctx context.Context, works *bot.Works, it Item) error {
	err := works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		s, err := d.Settings(ctx)
		if err != nil {
			return err
		}
		// The settings or the calendar may have changed since it was scheduled.
		if now := d.opt.Now(); !it.Urgent && d.Fair(s, now).After(now) {
			return nil
		}
		_, err = d.Do(ctx, w, it.ID, system(), Command{Action: Begin, Version: it.Version})
		return err
	})
	var refused *bot.Error
	if errors.As(err, &refused) {
		d.opt.Log.Warn("an item cannot begin", "item", it.ID, "why", refused.Key)
		return nil
	}
	if err != nil {
		return fmt.Errorf("begin item %d: %w", it.ID, err)
	}
	return nil
}

// advance brings one item forward until the end of the run.
func (d *Desk) advance(ctx context.Context, works *bot.Works, it Item, end time.Time) error {
	if it.State == Stopped {
		return d.drop(ctx, works, it.spread)
	}
	for !it.expanded {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if it, err = d.Expand(ctx, works, it.ID); err != nil {
			return fmt.Errorf("expand item %d: %w", it.ID, err)
		}
		if works.Wake != nil {
			works.Wake()
		}
		if it.State != Sending || time.Now().After(end) {
			return nil
		}
	}
	if left, err := d.opt.Spreads.SpreadLeft(ctx, it.spread); err != nil || left {
		return err
	}
	counts, err := d.opt.Spreads.CountSpread(ctx, it.spread)
	if err != nil {
		return err
	}
	return d.finish(ctx, works, it, counts)
}

// drop drops what waits of a stopped spread, a batch at a time.
func (d *Desk) drop(ctx context.Context, works *bot.Works, spread int64) error {
	return d.dropAll(ctx, works, d.sending, func(ctx context.Context, tx bot.Tx, most int) (int, error) {
		return d.opt.Spreads.DropSpread(ctx, tx, spread, most)
	})
}

// dropAll calls f in units of work until it drops nothing.
func (d *Desk) dropAll(ctx context.Context, works *bot.Works, stride *stride, f func(ctx context.Context, tx bot.Tx, most int) (int, error)) error {
	for {
		n := 0
		err := d.batch(ctx, works, stride, func(ctx context.Context, _ *bot.Work, tx bot.Tx, most int) (err error) {
			n, err = f(ctx, tx, most)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// Expand takes the next batch of people, in one transaction with the place it came
// to, and returns the item as it is then.
func (d *Desk) Expand(ctx context.Context, works *bot.Works, id int64) (it Item, err error) {
	err = d.batch(ctx, works, d.sending, func(ctx context.Context, _ *bot.Work, tx bot.Tx, most int) (err error) {
		if it, err = load(ctx, tx, id); err != nil {
			return err
		}
		if it.State != Sending || it.expanded {
			return nil // somebody paused or stopped it
		}
		switch {
		case it.top == againTop:
			err = d.takeUp(ctx, tx, &it, most)
		case it.Corrects != 0:
			err = d.expandCorrection(ctx, tx, &it, most)
		default:
			err = d.expandBatch(ctx, tx, &it, most)
		}
		if err != nil {
			return err
		}
		it.Progress.Expanded = it.expanded
		it.Updated = d.opt.Now()
		return d.update(ctx, tx, it, it.Version)
	})
	return it, err
}

func (d *Desk) takeUp(ctx context.Context, tx bot.Tx, it *Item, most int) error {
	next, _, err := d.opt.Spreads.AgainSpread(ctx, tx, it.spread, it.cursor, most, wanting(tx, *it))
	it.cursor, it.expanded = next, next == 0
	return err
}

// wanting finds who still wants an item: one of its topics, however often.
func wanting(q Reader, it Item) bot.Wanting {
	return func(ctx context.Context, people []bot.PersonID) (map[bot.PersonID]bool, error) {
		out := map[bot.PersonID]bool{}
		args := make([]any, 0, len(people)+len(it.Content.Topics)+1)
		for _, p := range people {
			args = append(args, int64(p))
		}
		args = append(args, TopicAll)
		args = append(args, anys(it.Content.Topics)...)
		err := bot.EachRow(ctx, q, `select s.person from news_subscribers s where s.state = 'on' and s.person in (`+placeholders(1, len(people))+`)
			and exists (select 1 from news_wants w where w.subscriber = s.id and w.topic in (`+placeholders(1+len(people), 1+len(it.Content.Topics))+`))`, args, func(s bot.Scanner) error {
			var p bot.PersonID
			err := s.Scan(&p)
			out[p] = true
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("look who wants it still: %w", err)
		}
		return out, nil
	}
}

// CountAgain is how many people an item would be sent to again now.
func (d *Desk) CountAgain(ctx context.Context, it Item) (int, error) {
	if it.spread == 0 {
		return 0, nil
	}
	return d.opt.Spreads.CountAgain(ctx, it.spread, wanting(d.opt.Read, it))
}

func (d *Desk) expandBatch(ctx context.Context, tx bot.Tx, it *Item, most int) error {
	found, cursor, err := d.next(ctx, tx, Now, it.Content.Topics, it.Content.Places, it.cursor, it.top, most)
	if err != nil {
		return err
	}
	to := make([]bot.Recipient, 0, len(found))
	for _, f := range found {
		if !f.rhythm.After(it.Published) { // else it comes to him as he wanted it before
			to = append(to, f.to)
		}
	}
	if it.cursor = cursor; cursor >= it.top {
		it.expanded = true
	}
	if len(to) == 0 {
		return nil
	}
	c, err := d.capOf(ctx, tx, it)
	if err != nil {
		return err
	}
	r, err := d.opt.Spreads.SpreadTo(ctx, tx, it.spread, to, c, d.posted(*it)...)
	if err != nil {
		return err
	}
	it.Progress.Queued += r.Queued
	it.Progress.Gone += r.Gone + r.ByPost
	it.Progress.Capped += len(r.Capped)
	for _, p := range r.Capped {
		if err := putOff(ctx, tx, p, it.ID); err != nil {
			return err
		}
	}
	return nil
}

// capBack is how long before an item may have begun that reaches people today.
const capBack = 30 * 24 * time.Hour

// capOf is the cap per person and day over all items. What is urgent, and corrections, have none.
func (d *Desk) capOf(ctx context.Context, tx bot.Tx, it *Item) (bot.Cap, error) {
	s, err := d.settings(ctx, tx)
	if err != nil {
		return bot.Cap{}, err
	}
	c := bot.Cap{Most: s.Int(KeyDayCap)}
	if it.Urgent || c.Most == 0 {
		return bot.Cap{}, nil
	}
	// A day is that on which people get it: an item that began in the evening arrives the next morning.
	y, m, day := d.opt.Now().In(calendar.Zone).Date()
	c.Since = time.Date(y, m, day, 0, 0, 0, 0, calendar.Zone)
	err = bot.EachRow(ctx, tx, `select spread from news_items where published >= $2 and (published >= $1 or finished = 0 or finished >= $1) and spread > 0 and id <> $3 and corrects = 0
		order by id desc limit 100`, []any{bot.Millis(c.Since), bot.Millis(c.Since.Add(-capBack)), it.ID}, func(s bot.Scanner) error {
		var id int64
		err := s.Scan(&id)
		c.Spreads = append(c.Spreads, id)
		return err
	})
	return c, err
}

// subscriberRow is somebody who may be among the next.
type subscriberRow struct {
	id     int64
	to     bot.Recipient
	rhythm time.Time // what was published before is not of it
}

// next are at most most subscribers after a cursor, up to top, who want one of the topics so often
// and one of the places; cursor is how far it came. Each list of a topic is read a
// batch long, however few of it are left: no batch takes long.
func (d *Desk) next(ctx context.Context, q Reader, often string, topics, places []string, after, top int64, most int) (all []subscriberRow, cursor int64, err error) {
	cursor = top
	for _, topic := range append([]string{TopicAll}, topics...) {
		args := []any{topic, often, after, top, most}
		query := `select w.subscriber, s.person, s.contact, s.often_since from (select subscriber from news_wants where topic = $1 and often = $2 and subscriber > $3 and subscriber <= $4
			order by subscriber limit $5) as w join news_subscribers s on s.id = w.subscriber`
		match := ``
		if len(places) > 0 {
			match = `, case when exists (select 1 from news_places p where p.subscriber = s.id) and not exists
				(select 1 from news_places p where p.subscriber = s.id and p.place in (` + placeholders(6, len(places)) + `)) then 0 else 1 end`
			args = append(args, anys(places)...)
		}
		query = strings.Replace(query, "s.often_since from", "s.often_since"+match+" from", 1)
		n, last := 0, int64(0)
		if err := bot.EachRow(ctx, q, query, args, func(s bot.Scanner) error {
			var r subscriberRow
			here, rhythm := 1, int64(0)
			dest := []any{&r.id, &r.to.Person, &r.to.Contact, &rhythm}
			if match != "" {
				dest = append(dest, &here)
			}
			if err := s.Scan(dest...); err != nil {
				return err
			}
			n++
			r.rhythm = bot.FromMillis(rhythm)
			last = max(last, r.id)
			if here == 1 {
				all = append(all, r)
			}
			return nil
		}); err != nil {
			return nil, 0, fmt.Errorf("find subscribers: %w", err)
		}
		if n == most {
			cursor = min(cursor, last)
		}
	}
	slices.SortFunc(all, func(a, b subscriberRow) int { return cmp.Compare(a.id, b.id) })
	all = slices.CompactFunc(all, func(a, b subscriberRow) bool { return a.id == b.id })
	all = slices.DeleteFunc(all, func(r subscriberRow) bool { return r.id > cursor })
	if len(all) > most { // several topics, one behind the other
		all = all[:most]
		cursor = all[len(all)-1].id
	}
	return all, cursor, nil
}

// lateReceipts is how long the item before may have messages under way whose receipts are
// not in yet: a correction looks once more after that.
const lateReceipts = 3 * time.Minute

// finish ends an item of which nothing is left to send.
func (d *Desk) finish(ctx context.Context, works *bot.Works, it Item, counts []bot.SpreadCount) error {
	now := d.opt.Now()
	if it.Corrects != 0 && it.spread != 0 && it.top != againTop {
		if now.Before(it.Published.Add(lateReceipts)) {
			return nil
		}
		more, err := d.lateOnes(ctx, works, it)
		if err != nil || more {
			return err
		}
	}
	return works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if err := noteFigures(ctx, tx, it.ID, counts); err != nil {
			return err
		}
		if _, err := d.Do(ctx, w, it.ID, system(), Command{Action: Finish}); err != nil {
			if bot.IsCode(err, bot.Conflict) {
				return nil // it was paused or stopped a moment ago
			}
			return err
		}
		if it.Corrects == 0 {
			return nil
		}
		_, err = d.Do(ctx, w, it.Corrects, system(), Command{Action: Supersede})
		if bot.IsCode(err, bot.Conflict) {
			return nil
		}
		return err
	})
}

// RunSettle drops what has waited too long for people to write.
func (d *Desk) RunSettle(ctx context.Context, works *bot.Works) error {
	s, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	old := d.opt.Now().AddDate(0, 0, -s.Int(KeyHeldDays))
	held := d.dropAll(ctx, works, d.sending, func(ctx context.Context, tx bot.Tx, most int) (int, error) {
		return d.opt.Spreads.DropHeld(ctx, tx, old, most)
	})
	return errors.Join(held, d.noteLate(ctx, works), d.closeTests(ctx, works), d.forgetTold(ctx, works))
}

// noteFor is how long after its end the figures of an item are counted anew: shorter than the outbox remembers what was sent.
const noteFor = 25 * 24 * time.Hour

// noteLate writes down what became of items after they ended: of those that were stopped, and of
// those that waited for people to write.
func (d *Desk) noteLate(ctx context.Context, works *bot.Works) error {
	since := d.opt.Now().Add(-noteFor)
	ended, err := list(ctx, d.opt.Read, `where i.state in ('done', 'corrected', 'stopped') and i.spread > 0 and i.finished > $1
		and (not exists (select 1 from news_figures f where f.item = i.id)
			or exists (select 1 from news_figures f where f.item = i.id and f.state in ('waiting', 'queued', 'sending', 'held'))) order by i.id desc limit 200`, bot.Millis(since))
	if err != nil {
		return err
	}
	var errs []error
	for _, it := range ended {
		counts, err := d.opt.Spreads.CountSpread(ctx, it.spread)
		if err == nil && len(counts) > 0 {
			err = works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
				tx, err := w.Tx(ctx)
				if err != nil {
					return err
				}
				return noteFigures(ctx, tx, it.ID, counts)
			})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
