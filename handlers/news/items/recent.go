package items

import (
	"context"
	"time"

	"cchcbot/bot"
)

// Recent is what items made since a time say, whatever became of them, newest first and at
// most limit: a program that makes drafts looks there before it repeats one.
func (d *Desk) Recent(ctx context.Context, since time.Time, limit int) ([]Content, error) {
	all, err := list(ctx, d.opt.Read, `where i.created >= $1 order by i.id desc limit $2`, bot.Millis(since), limit)
	out := make([]Content, len(all))
	for i, it := range all {
		out[i] = it.Content
	}
	return out, err
}
