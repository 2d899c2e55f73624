package items

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cchcbot/bot"
)

// What a batch may take of the only writer. An answer waits for the writer three times on
// its way, each time for one batch.
const (
	batchSlow  = 60 * time.Millisecond // the next one is half as large
	batchQuick = 30 * time.Millisecond // the next one may be twice as large
)

// stride is how many people one unit of work takes. On a slow disk, or a machine that
// is busy with something else, it gets smaller until a unit fits its time, and
// larger again when it is over: news gets slower then, and goes on.
type stride struct {
	mu   sync.Mutex
	n    int
	most int
}

func newStride(most int) *stride { return &stride{n: most, most: most} }

func (s *stride) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// took notes how long a batch of n took, or that it ran out of its time.
func (s *stride) took(n int, t time.Duration, ran bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !ran || t > batchSlow:
		s.n = max(min(s.n, n/2), 1)
	case t < batchQuick && n >= s.n:
		s.n = min(2*s.n, s.most)
	}
}

// batch runs f in a unit of work for at most n people. When the unit took longer
// than it may, nothing of it happened, and f runs again for half of them: f keeps no
// state of a run before.
func (d *Desk) batch(ctx context.Context, works *bot.Works, s *stride, f func(ctx context.Context, w *bot.Work, tx bot.Tx, n int) error) error {
	for {
		n := s.now()
		var began time.Time
		err := works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx) // waits for the units before; that time is not ours
			if err != nil {
				return err
			}
			began = time.Now()
			return f(ctx, w, tx, n)
		})
		ranOut := err != nil && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
		if err != nil && !ranOut {
			return err
		}
		s.took(n, time.Since(began), !ranOut)
		if !ranOut {
			return nil
		}
		if n == 1 {
			return fmt.Errorf("not even one at a time: %w", err)
		}
		d.opt.Log.Warn("a batch of news took too long; the next is smaller", "people", n)
	}
}
