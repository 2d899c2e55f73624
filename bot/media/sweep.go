package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cchcbot/bot"
)

const sweepBatch = 200 // items that one transaction removes

// Sweep removes items that nobody attached in time, and files that have no row: of a
// process that died before it wrote one, or of items that were discarded.
func (k *Keeper) Sweep(ctx context.Context) error {
	return errors.Join(k.removeLoose(ctx), k.removeGone(ctx), k.removeOrphans(ctx))
}

func (k *Keeper) removeLoose(ctx context.Context) error {
	old := k.opt.Now().Add(-KeepLoose).UnixMilli()
	for {
		ids, err := k.ids(ctx, `select id from media_items where attached = 0 and since < $1 order by since limit $2`, old, sweepBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		err = k.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := k.discard(ctx, tx, discardLoose, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(ids) < sweepBatch {
			return err
		}
	}
}

func (k *Keeper) ids(ctx context.Context, query string, args ...any) (out []string, err error) {
	rows, err := k.opt.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// removeGone removes the files of discarded items, then the note that they are to go.
func (k *Keeper) removeGone(ctx context.Context) error {
	for {
		ids, err := k.ids(ctx, `select id from media_gone order by id limit $1`, sweepBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if !validID(id) {
				continue
			}
			if err := k.removeAll(id); err != nil {
				return err
			}
		}
		err = k.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if _, err := tx.ExecContext(ctx, `delete from media_gone where id = $1`, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(ids) < sweepBatch {
			return err
		}
	}
}

// removeOrphans walks the folder, one subfolder at a time.
func (k *Keeper) removeOrphans(ctx context.Context) error {
	top, err := k.names(".")
	if err != nil {
		return err
	}
	for _, dir := range top {
		if len(dir) != 2 {
			continue
		}
		// The files first: one whose row is written meanwhile is not listed, or is busy.
		names, err := k.names(dir)
		if err != nil {
			return err
		}
		known, err := k.ids(ctx, `select id from media_items where id >= $1 and id < $2`, dir, dir+"~")
		if err != nil {
			return err
		}
		if err := k.removeUnknown(ctx, dir, names, known); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) removeUnknown(ctx context.Context, dir string, names, known []string) error {
	has := make(map[string]bool, len(known))
	for _, id := range known {
		has[id] = true
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		id, _, _ := strings.Cut(name, ".")
		if k.isBusy(id) || has[id] && !strings.HasSuffix(name, newEnding) {
			continue
		}
		if !has[id] && k.now(ctx, id) {
			continue // its row was written between the two looks
		}
		if err := k.remove(dir + "/" + name); err != nil {
			return err
		}
	}
	return nil
}

// now reports whether an item has a row by now, also when nobody can tell.
func (k *Keeper) now(ctx context.Context, id string) bool {
	_, err := k.row(ctx, k.opt.Read, id)
	return !bot.IsCode(err, bot.NotFound)
}

func (k *Keeper) isBusy(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.busy[id] > 0
}

func (k *Keeper) names(dir string) ([]string, error) {
	d, err := k.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return names, nil
}

// Files lists the files that a database names, below the folder: what a copy of that
// database needs beside it.
func Files(ctx context.Context, q Querier) (names []string, err error) {
	rows, err := q.QueryContext(ctx, `select id, kind from media_items where state = 'ready' order by id`)
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, kind string
		if err := rows.Scan(&id, &kind); err != nil {
			return nil, err
		}
		if !validID(id) {
			return nil, fmt.Errorf("media: an item is called %q", id)
		}
		names = append(names, filePath(id, partOriginal))
		if bot.MediaKind(kind) == bot.Photo {
			names = append(names, filePath(id, partThumb))
		}
	}
	return names, rows.Err()
}

// Missing lists the files that a database names and that are not in the folder: what a
// restore without its files leaves. all is how many it names.
func Missing(ctx context.Context, q Querier, folder string) (missing []string, all int, err error) {
	names, err := Files(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		_, err := os.Stat(filepath.Join(folder, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, name)
		} else if err != nil {
			return nil, 0, err
		}
	}
	return missing, len(names), nil
}
