package entries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
)

// effectEvery is how often somebody looks whether a change that was entered ahead takes effect.
const effectEvery = 30 * time.Second

// Jobs publish what was entered ahead.
func (d *Desk) Jobs(works *bot.Works) []bot.Job {
	return []bot.Job{{Name: "procedures.effect", Every: effectEvery, Run: func(ctx context.Context) error { return d.RunEffect(ctx, works) }}}
}

// RunEffect publishes every change whose day has come in Vietnam, the earliest first, each in a unit of
// work of its own: at the day's start, or at once when nobody ran it then. One that fails is
// logged and stays; the others go on.
func (d *Desk) RunEffect(ctx context.Context, works *bot.Works) error {
	due, err := Due(ctx, d.opt.Read, d.opt.Now())
	if err != nil || len(due) == 0 {
		return err
	}
	done := 0
	var errs []error
	for _, id := range due {
		err := works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			_, err := d.Do(ctx, w, id, Actor{System: true}, Command{Action: Effect})
			return err
		})
		switch {
		case err == nil:
			done++
		case bot.IsCode(err, bot.Conflict): // taken back meanwhile
			d.opt.Log.Warn("a change of an entry does not take effect", "draft", id, "err", err)
		default:
			errs = append(errs, err)
		}
	}
	if done > 0 {
		d.Changed(ctx)
	}
	return errors.Join(errs...)
}

// Due lists the drafts that wait although their day has come, in order, at most 500.
func Due(ctx context.Context, q Reader, now time.Time) ([]int64, error) {
	var out []int64
	err := bot.EachRow(ctx, q, `select id from procedures_drafts where state = 'scheduled' and effective <= $1 order by effective, id limit 500`,
		[]any{Today(now)}, func(s bot.Scanner) error {
			var id int64
			err := s.Scan(&id)
			out = append(out, id)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("changes that take effect: %w", err)
	}
	return out, nil
}
