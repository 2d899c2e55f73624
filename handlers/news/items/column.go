package items

import (
	"context"
	"fmt"
	"time"

	"cchcbot/bot"
)

// perPage is how many items the column shows at once.
const perPage = 10

// Search is what a reader looks for; "" and 0 mean anything.
type Search struct {
	Words string
	Topic string
	Place string
	// Before continues after the item that came into the column at that time with that number.
	Before   time.Time
	BeforeID int64
	Limit    int // at most 50; 0 means 10
}

// maxWords bounds a search.
const maxWords = 8

// Column lists the public items, newest first, and says whether there are more.
func (d *Desk) Column(ctx context.Context, s Search) (out []Item, more bool, err error) {
	n := &narrowed{where: `where i.published > 0 and i.state in ('sending', 'paused', 'stopped', 'done', 'corrected')`}
	n.words(d.opt.Fold(s.Words))
	if s.Topic != "" {
		n.and(ofTopic, s.Topic)
	}
	if s.Place != "" {
		n.and(forPlace, s.Place)
	}
	if s.BeforeID > 0 {
		n.and(`(i.published < ? or i.published = ? and i.id < ?)`, bot.Millis(s.Before), bot.Millis(s.Before), s.BeforeID)
	}
	most := s.Limit
	if most <= 0 || most > 50 {
		most = perPage
	}
	out, err = list(ctx, d.opt.Read, n.where+` order by i.published desc, i.id desc limit `+itoa(int64(most+1)), n.args...)
	if len(out) > most {
		out, more = out[:most], true
	}
	return out, more, err
}

// Public reads an item of the column, and the number of the correction that is in force in its place, 0 for
// none. NotFound for one that is not public.
func (d *Desk) Public(ctx context.Context, id int64) (it Item, corrected int64, err error) {
	if it, err = load(ctx, d.opt.Read, id); err != nil {
		return it, 0, err
	}
	if !it.State.Public() || it.Published.IsZero() {
		return Item{}, 0, notFound()
	}
	last, _, err := replacement(ctx, d.opt.Read, it)
	return it, last.ID, err
}

// Correction is what came after an item that said something wrong.
type Correction struct {
	ID int64
	At time.Time // when it came into the column
}

// Corrections are the corrections that are in force in place of those of a list, by the items that they correct.
func (d *Desk) Corrections(ctx context.Context, of []Item) (map[int64]Correction, error) {
	out := map[int64]Correction{}
	for _, it := range of {
		last, ok, err := replacement(ctx, d.opt.Read, it)
		if err != nil {
			return nil, err
		}
		if ok {
			out[it.ID] = Correction{last.ID, last.Published}
		}
	}
	return out, nil
}

// Changed is when the column last changed, and a number that grows with it.
func (d *Desk) Changed(ctx context.Context) (n int64, at time.Time, err error) {
	var ms int64
	err = d.opt.Read.QueryRowContext(ctx, `select coalesce(max(id), 0) + count(*), coalesce(max(case when published > finished then published else finished end), 0)
		from news_items where published > 0`).Scan(&n, &ms)
	if err != nil {
		return 0, at, fmt.Errorf("changes of the column: %w", err)
	}
	return n + ms, bot.FromMillis(ms), nil
}

// Open counts an opening of an item's short link and returns the item. Nothing of who opened it is kept.
func (d *Desk) Open(ctx context.Context, w *bot.Work, id int64) (Item, error) {
	tx, err := w.Tx(ctx)
	if err != nil {
		return Item{}, err
	}
	it, err := load(ctx, tx, id)
	if err != nil {
		return it, err
	}
	if !it.State.Public() {
		return Item{}, notFound()
	}
	_, err = tx.ExecContext(ctx, `update news_items set opened = opened + 1 where id = $1`, id)
	return it, err
}
