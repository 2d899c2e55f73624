package media

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cchcbot/bot"
)

// Times and numbers of fetching.
const (
	fetchEvery   = time.Second     // how often new wishes are looked for
	fetchLimit   = time.Minute     // one attempt
	fetchAtOnce  = 4               // of all channels together
	maxAttempts  = 8               // about three hours and a half with the waits between
	firstWait    = 5 * time.Second // then three times as long each
	longestWait  = time.Hour
	fetchBatch   = 16
	settleWithin = 5 * time.Second
)

// Run fetches what is wanted until ctx ends, and removes files that are to go.
func (k *Keeper) Run(ctx context.Context) error {
	var working sync.WaitGroup
	defer working.Wait()
	slots := make(chan struct{}, fetchAtOnce)
	if err := k.Sweep(ctx); err != nil && ctx.Err() == nil {
		k.opt.Log.Error("files cannot be cleaned up", "err", err)
	}
	tick := time.NewTicker(fetchEvery)
	defer tick.Stop()
	for {
		if err := k.round(ctx, &working, slots); err != nil && ctx.Err() == nil {
			k.opt.Log.Error("wanted files cannot be read", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-k.wake:
		}
	}
}

// round starts fetching what is due, as far as there are slots.
func (k *Keeper) round(ctx context.Context, working *sync.WaitGroup, slots chan struct{}) error {
	if err := k.removeGone(ctx); err != nil {
		return err
	}
	due, err := k.due(ctx)
	if err != nil {
		return err
	}
	for _, r := range due {
		if !k.begin(r.ID) {
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			k.end(r.ID)
			return nil // the next that is done wakes us
		}
		working.Go(func() {
			defer func() { <-slots; k.end(r.ID); k.Wake() }()
			if err := k.fetch(ctx, r); err != nil && ctx.Err() == nil {
				k.opt.Log.Error("how fetching a file went cannot be written down", "item", r.ID, "err", err)
			}
		})
	}
	return nil
}

// Wake makes Run look for wishes now. It never blocks.
func (k *Keeper) Wake() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Drain fetches everything that is due now, in the caller's goroutine, and removes
// files that are to go. Tests and commands use it instead of Run.
func (k *Keeper) Drain(ctx context.Context) error {
	for {
		if err := k.removeGone(ctx); err != nil {
			return err
		}
		due, err := k.due(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, r := range due {
			if err := k.fetch(ctx, r); err != nil {
				return err
			}
		}
	}
}

func (k *Keeper) due(ctx context.Context) ([]row, error) {
	return k.rows(ctx, k.opt.Read, `state = 'wanted' and due <= $1 order by due, id limit $2`, k.opt.Now().UnixMilli(), fetchBatch)
}

// begin takes an item for this goroutine.
func (k *Keeper) begin(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.going[id] {
		return false
	}
	k.going[id] = true
	return true
}

func (k *Keeper) end(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.going, id)
}

// fetch makes one attempt for an item and writes down how it went. It fails when even
// that cannot be written: the item is then due again.
func (k *Keeper) fetch(ctx context.Context, r row) error {
	defer k.working(r.ID)()
	err := k.bring(ctx, &r)
	if ctx.Err() != nil && err != nil {
		return ctx.Err() // we are stopping: it costs no attempt
	}
	reason, final := whyNot(err)
	if err != nil && !final && r.attempts+1 < maxAttempts {
		return k.again(ctx, r, err)
	}
	if serr := k.settle(ctx, r, reason); serr != nil {
		return k.again(ctx, r, serr)
	}
	return nil
}

// whyNot is the key of why a file cannot be had, and whether that is for good; "" for no error.
func whyNot(err error) (reason string, final bool) {
	var told *bot.Error
	switch {
	case err == nil:
		return "", true
	case !errors.As(err, &told):
		return refusedFetch, false
	case told.Code == bot.NotFound:
		return refusedGone, true
	case told.Code == bot.Invalid && told.Key == "": // a channel's own limit
		return refusedSize, true
	case told.Code == bot.Invalid:
		return told.Key, true
	}
	return refusedFetch, false
}

// bring fetches an item's bytes and takes them in.
func (k *Keeper) bring(ctx context.Context, r *row) error {
	f := k.opt.Fetcher(r.channel)
	if f == nil {
		return errors.New("media: the channel is not configured")
	}
	handle, err := k.opt.Sealer.Open(r.handle, handlePlace(r.ID))
	if err != nil {
		return fmt.Errorf("open a handle: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	body, err := f.Fetch(ctx, bot.Media{Kind: r.Kind, Ref: string(handle), Name: r.Name, Size: r.Size})
	if err != nil {
		return err
	}
	err = k.take(ctx, r, body)
	if cerr := body.Close(); err == nil && cerr != nil {
		k.opt.Log.Debug("a fetched file does not close", "item", r.ID)
	}
	return err
}

// settle writes how an item ended and tells who wants to hear. An item that was
// discarded meanwhile leaves nothing.
func (k *Keeper) settle(ctx context.Context, r row, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	k.mu.Lock()
	told := k.told
	k.mu.Unlock()
	there := false
	err := k.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if reason == "" {
			there, err = k.ready(ctx, tx, r)
		} else {
			there, err = k.refuse(ctx, tx, r.ID, reason)
		}
		if err != nil || !there {
			return err
		}
		now, err := k.row(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		for _, t := range told {
			if err := t(ctx, w, now.Item); err != nil {
				return fmt.Errorf("tell of an item: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err // the file waits for the next attempt, or for Sweep
	}
	if !there || reason != "" {
		return k.removeAll(r.ID)
	}
	return nil
}

// again puts an item back.
func (k *Keeper) again(ctx context.Context, r row, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	wait := firstWait
	for range r.attempts {
		wait = min(3*wait, longestWait)
	}
	k.opt.Log.Warn("a file cannot be fetched now", "item", r.ID, "channel", r.channel, "attempt", r.attempts+1, "err", cause)
	return k.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		return k.postpone(ctx, tx, r.ID, min(r.attempts+1, maxAttempts), k.opt.Now().Add(wait))
	})
}
