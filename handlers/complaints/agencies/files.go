package agencies

import (
	"context"
	"io"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
)

// fileTTL is how long a link to a file of a case works from the answer page.
const fileTTL = 2 * time.Hour

// Media makes Files of the keeper of bot/media.
func Media(k *media.Keeper) Files { return keeper{k} }

type keeper struct{ k *media.Keeper }

func fileOf(it media.Item) File {
	f := File{ID: it.ID, Name: it.Name, Photo: it.Kind == bot.Photo, Ready: it.State == media.Ready}
	if it.State == media.Refused {
		f.Refused = it.Reason
	}
	return f
}

// Keep implements Files.
func (m keeper) Keep(ctx context.Context, owner, name string, from io.Reader) (File, error) {
	it, err := m.k.Keep(ctx, owner, name, from)
	return fileOf(it), err
}

// Want implements Files.
func (m keeper) Want(ctx context.Context, tx bot.Tx, owner, channel string, a bot.Media) (File, error) {
	it, err := m.k.Want(ctx, tx, owner, channel, a)
	return fileOf(it), err
}

// Items implements Files.
func (m keeper) Items(ctx context.Context, ids ...string) ([]File, error) {
	items, err := m.k.Items(ctx, nil, ids...)
	out := make([]File, len(items))
	for i, it := range items {
		out[i] = fileOf(it)
	}
	return out, err
}

// Owned implements Files.
func (m keeper) Owned(ctx context.Context, ids []string, owners ...string) ([]string, error) {
	return m.k.Owned(ctx, ids, owners...)
}

// Link implements Files.
func (m keeper) Link(id string, thumb bool) string {
	return m.k.Link(id, media.ForAgency, thumb, fileTTL)
}
