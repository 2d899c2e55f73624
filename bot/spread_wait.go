package bot

import (
	"context"
	"time"
)

// Waiting is a message of a spread that waits for somebody.
type Waiting struct {
	Spread  int64
	Variant int
}

// SpreadWaits is what features need of the store to look after what waits: for its hour, or for
// people to write. It is a part of [Spreads].
type SpreadWaits interface {
	// OpenOf lists what of spreads waits for a person and those linked with it, held rows among them.
	OpenOf(ctx context.Context, tx Tx, p PersonID) ([]Waiting, error)
	// SpreadsDue says of each open spread among some before when nothing of it is sent; the zero time: at once.
	SpreadsDue(ctx context.Context, spreads []int64) (map[int64]time.Time, error)
	// DelaySpread sends nothing of an open spread before a time; zero: at once.
	DelaySpread(ctx context.Context, tx Tx, spread int64, until time.Time) error
	// DropWaiting drops a batch of what of a spread waits and is not held, until it returns 0.
	DropWaiting(ctx context.Context, tx Tx, spread int64, batch int) (int, error)
	// DropHeld drops a batch of what is held since before a time, of whichever spread that is not open, until it returns 0.
	DropHeld(ctx context.Context, tx Tx, before time.Time, batch int) (int, error)
}
