package items

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"cchcbot/bot"
)

// maxCorrections is how many corrections of an item, and of its corrections, are looked at.
const maxCorrections = 20

// rootOf is the item that a correction, or a correction of one, is about in the end.
func rootOf(ctx context.Context, q Reader, it Item) (Item, error) {
	for range maxCorrections {
		if it.Corrects == 0 {
			break
		}
		var err error
		if it, err = load(ctx, q, it.Corrects); err != nil {
			return it, err
		}
	}
	return it, nil
}

// relatives are an item that corrects nothing, its published corrections, and those of these.
func relatives(ctx context.Context, q Reader, root Item) ([]Item, error) {
	all := []Item{root}
	for i := 0; i < len(all) && len(all) <= maxCorrections; i++ {
		more, err := list(ctx, q, `where i.corrects > 0 and i.corrects = $1 and i.published > 0 order by i.id`, all[i].ID)
		if err != nil {
			return nil, fmt.Errorf("find corrections: %w", err)
		}
		all = append(all, more...)
	}
	return all, nil
}

// older compares when two items were published.
func older(a, b Item) int {
	return cmp.Or(a.Published.Compare(b.Published), cmp.Compare(a.ID, b.ID))
}

// replacement is the correction that is in force in place of an item; false: none is. One that was stopped gave the words
// before it their place back.
func replacement(ctx context.Context, q Reader, it Item) (last Item, ok bool, err error) {
	root, err := rootOf(ctx, q, it)
	if err != nil {
		return last, false, err
	}
	all, err := relatives(ctx, q, root)
	for _, x := range all[min(len(all), 1):] {
		if x.State != Stopped && older(x, it) > 0 && (!ok || older(x, last) > 0) {
			last, ok = x, true
		}
	}
	return last, ok, err
}

// inForce is an item, or the correction that is in force in its place.
func inForce(ctx context.Context, q Reader, id int64) (Item, error) {
	it, err := load(ctx, q, id)
	if err != nil {
		return it, err
	}
	if last, ok, err := replacement(ctx, q, it); err != nil || ok {
		return last, err
	}
	return it, nil
}

// restateDigests writes the words of digests under way anew, in which an item or one of its relatives stands: who has not got
// his yet reads what is in force now.
func (d *Desk) restateDigests(ctx context.Context, tx bot.Tx, it Item) error {
	root, err := rootOf(ctx, tx, it)
	if err != nil {
		return err
	}
	all, err := relatives(ctx, tx, root)
	if err != nil {
		return err
	}
	var sets []digestSet
	if err := bot.EachRow(ctx, tx, `select g.often, g.spread, v.variant, v.items from news_digests g join news_digest_sets v on v.digest = g.id where g.state <> 'done' and g.spread > 0
		order by g.id, v.variant`, nil, func(s bot.Scanner) error {
		var x digestSet
		var ids string
		if err := s.Scan(&x.often, &x.spread, &x.variant, &ids); err != nil {
			return err
		}
		if x.ids, err = idsOf(ids); err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(it Item) bool { return slices.Contains(x.ids, it.ID) }) {
			sets = append(sets, x)
		}
		return nil
	}); err != nil {
		return fmt.Errorf("read digests: %w", err)
	}
	known := map[int64]Item{}
	for _, x := range sets {
		if err := d.restateSet(ctx, tx, x, known); err != nil {
			return err
		}
	}
	return nil
}

// digestSet is what one message of a digest was to tell.
type digestSet struct {
	often   string
	spread  int64
	variant int
	ids     []int64
}

// restateSet writes one message of a digest anew. What was stopped is left out, but for a message that would say nothing.
func (d *Desk) restateSet(ctx context.Context, tx bot.Tx, x digestSet, known map[int64]Item) error {
	var set, stopped []Item
	for _, id := range x.ids {
		it, ok := known[id]
		if !ok {
			var err error
			if it, err = inForce(ctx, tx, id); err != nil {
				return err
			}
			known[id] = it
		}
		if it.State == Stopped {
			stopped = addItem(stopped, it)
		} else {
			set = addItem(set, it)
		}
	}
	if len(set) == 0 {
		set = stopped
	}
	bodies, err := d.render(x.variant, nil, func(lang string, l bot.Limits) bot.Reply { return d.digestMessage(x.often, set, lang, l) })
	if err != nil {
		return err
	}
	return d.opt.Spreads.SetBodies(ctx, tx, x.spread, bodies)
}

// toldFor is how long it is known who read of an item in a digest: news that is older is corrected in the column.
const toldFor = 60 * 24 * time.Hour

// told notes what people read in a digest in place of a message.
func (d *Desk) told(ctx context.Context, tx bot.Tx, sets map[bot.PersonID][]Item) error {
	for person, set := range sets {
		for _, it := range set {
			if _, err := tx.ExecContext(ctx, `insert into news_told (item, person, at) values ($1, $2, $3) on conflict do nothing`, it.ID, int64(person), bot.Millis(d.opt.Now())); err != nil {
				return fmt.Errorf("note who was told: %w", err)
			}
		}
	}
	return nil
}

// putOffToTold puts a correction off to the next digest for those who read of its item in one.
func (d *Desk) putOffToTold(ctx context.Context, tx bot.Tx, it Item) error {
	root, err := rootOf(ctx, tx, it)
	if err != nil {
		return err
	}
	all, err := relatives(ctx, tx, root)
	if err != nil {
		return err
	}
	args := []any{it.ID}
	for _, x := range all {
		args = append(args, x.ID)
	}
	if _, err := tx.ExecContext(ctx, `insert into news_over (person, item) select distinct person, $1 from news_told where item <> $1 and item in (`+placeholders(2, len(all))+`)
		on conflict do nothing`, args...); err != nil {
		return fmt.Errorf("put off: %w", err)
	}
	return nil
}

// forgetTold ends what is known of digests of long ago.
func (d *Desk) forgetTold(ctx context.Context, works *bot.Works) error {
	return d.dropAll(ctx, works, d.sending, func(ctx context.Context, tx bot.Tx, most int) (int, error) {
		res, err := tx.ExecContext(ctx, `delete from news_told where (item, person) in (select item, person from news_told where at < $1 limit $2)`, bot.Millis(d.opt.Now().Add(-toldFor)), most)
		if err != nil {
			return 0, fmt.Errorf("forget who was told: %w", err)
		}
		n, err := res.RowsAffected()
		return int(n), err
	})
}
