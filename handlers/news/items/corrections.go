package items

import (
	"context"
	"fmt"
	"slices"

	"cchcbot/bot"
)

// expandCorrection goes through those who got what is corrected. top counts the items of the family that are done with.
func (d *Desk) expandCorrection(ctx context.Context, tx bot.Tx, it *Item, most int) error {
	before, after, err := family(ctx, tx, *it)
	if err != nil {
		return err
	}
	if after || it.top >= int64(len(before)) { // a correction that came after goes to everybody who is left
		it.expanded = true
		return nil
	}
	next, n, err := d.correctAfter(ctx, tx, *it, before, int(it.top), it.cursor, most)
	if err != nil {
		return err
	}
	if it.cursor = next; next == 0 {
		it.top++
	}
	it.expanded = it.top >= int64(len(before))
	it.Progress.Queued += n
	return nil
}

// correctAfter queues a correction for a batch of those who got before[at] while it said something else. Who is to get a
// correction of before only now gets the newest words with it.
func (d *Desk) correctAfter(ctx context.Context, tx bot.Tx, it Item, before []Item, at int, cursor int64, most int) (int64, int, error) {
	after := bot.After{Spread: before[at].spread, Before: it.Published, Edit: true}
	for _, b := range before {
		if b.Corrects != 0 {
			after.But = append(after.But, b.spread)
		}
	}
	return d.opt.Spreads.SpreadAfter(ctx, tx, it.spread, after, cursor, most)
}

// lateOnes adds those to a correction whose receipts came late.
func (d *Desk) lateOnes(ctx context.Context, works *bot.Works, it Item) (more bool, err error) {
	before, after, err := family(ctx, d.opt.Read, it)
	if err != nil || after {
		return false, err
	}
	for at := range before {
		cursor := int64(0)
		for {
			var n int
			var next int64
			err := d.batch(ctx, works, d.sending, func(ctx context.Context, _ *bot.Work, tx bot.Tx, most int) (err error) {
				if next, n, err = d.correctAfter(ctx, tx, it, before, at, cursor, most); err != nil || n == 0 {
					return err
				}
				_, err = tx.ExecContext(ctx, `update news_items set queued = queued + $2 where id = $1`, it.ID, n)
				return err
			})
			if err != nil {
				return false, err
			}
			more = more || n > 0
			if cursor = next; cursor == 0 {
				break
			}
		}
	}
	return more, nil
}

// family are the items that a published correction comes after, those with messages to people, the newest first: whoever
// got the first one late got the words of a correction with it. after says that another correction came after this one,
// and was not stopped: some may have got that one, but the rest never will.
func family(ctx context.Context, q Reader, it Item) (before []Item, after bool, err error) {
	root, err := rootOf(ctx, q, it)
	if err != nil {
		return nil, false, err
	}
	all, err := relatives(ctx, q, root)
	if err != nil {
		return nil, false, err
	}
	for _, x := range all {
		switch c := older(x, it); {
		case x.ID == it.ID || x.spread == 0:
		case c > 0:
			after = after || x.State != Stopped
		default:
			before = append(before, x)
		}
	}
	slices.SortFunc(before, func(a, b Item) int { return older(b, a) })
	return before, after, nil
}

// restate takes the words of a correction that is stopped back from those who have not got them: they get what was in
// force before it, and the correction before it, which left its people to this one, finds them again.
func (x *change) restate(ctx context.Context) error {
	before, after, err := family(ctx, x.tx, x.it)
	if err != nil || after {
		return err
	}
	last := slices.IndexFunc(before, func(of Item) bool { return of.State != Stopped || of.Corrects == 0 })
	if last < 0 {
		return nil
	}
	if err := x.say(ctx, before[last], before[last:]); err != nil {
		return err
	}
	if before[last].Corrects == 0 || before[last].top == againTop {
		return nil
	}
	if _, err := x.tx.ExecContext(ctx, `update news_items set expanded = 0, cursor = 0, top = 0 where id = $1 and state in ('sending', 'paused')`, before[last].ID); err != nil {
		return fmt.Errorf("find people again: %w", err)
	}
	return nil
}

// say makes the words of an item those of everybody who is still to get one of these.
func (x *change) say(ctx context.Context, what Item, who []Item) error {
	for _, of := range who {
		said := what
		said.ID, said.Corrects = of.ID, of.Corrects
		bodies, err := x.d.bodies(ctx, x.tx, said)
		if err != nil {
			return err
		}
		if err := x.d.opt.Spreads.SetBodies(ctx, x.tx, of.spread, bodies); err != nil {
			return err
		}
	}
	return nil
}
