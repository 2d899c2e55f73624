package items

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
)

// unfair is when it is fair to write to people again; zero when it is now.
func (d *Desk) unfair(s Settings, now time.Time) time.Time {
	if fair := d.Fair(s, now); fair.After(now) {
		return fair
	}
	return time.Time{}
}

// keepFair puts spreads off to the next fair hour while this one is not, and lets them go on when it is: what began
// before a holiday is not sent on it, and what an administrator allows goes on.
func (d *Desk) keepFair(ctx context.Context, works *bot.Works, open string) error {
	s, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	var spreads []int64
	if err := bot.EachRow(ctx, d.opt.Read, open+` order by id limit 200`, nil, func(s bot.Scanner) error {
		var id int64
		err := s.Scan(&id)
		spreads = append(spreads, id)
		return err
	}); err != nil {
		return fmt.Errorf("read what is under way: %w", err)
	}
	due, err := d.opt.Spreads.SpreadsDue(ctx, spreads)
	if err != nil {
		return err
	}
	now := d.opt.Now()
	until := d.unfair(s, now)
	var errs []error
	for id, at := range due {
		if at.Equal(until) || until.IsZero() && !at.After(now) {
			continue
		}
		errs = append(errs, works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			return d.opt.Spreads.DelaySpread(ctx, tx, id, until)
		}))
	}
	if len(errs) > 0 && works.Wake != nil {
		works.Wake() // what may go on need not wait for its old hour
	}
	return errors.Join(errs...)
}
