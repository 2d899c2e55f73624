package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/handlers/procedures"
	"cchcbot/knowledge"
	"cchcbot/knowledge/index"
	"cchcbot/knowledge/vietnamese"
)

// Names inside the data folder.
const (
	databaseFile = "cchcbot.db"
	stateFile    = "state.db"
	keyFile      = "secret.key"
	boundaryFile = "boundaries.geojson"
	mediaFolder  = "media"
)

// data is an open data folder: the database at this version's schema, the
// keys, and the kernel's store.
type data struct {
	folder string
	db     *sqldb.DB
	keys   *store.Keys
	store  *store.Store
	now    func() time.Time // of the store; nil means time.Now
}

func (d *data) time() time.Time {
	if d.now == nil {
		return time.Now()
	}
	return d.now()
}

// openData opens the folder of the settings, with the entries that ship with the program in it.
func openData(ctx context.Context, cfg *Config, log *slog.Logger) (*data, error) {
	d, err := openRuntime(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	if err := d.seed(ctx, log); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// openRuntime opens the folder without filling it.
func openRuntime(ctx context.Context, cfg *Config, log *slog.Logger) (d *data, err error) {
	if err := restoreUnderWay(cfg.Data); err != nil {
		return nil, err
	}
	d = &data{folder: cfg.Data}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
			d = nil
		}
	}()
	if d.db, err = sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(cfg.Data, databaseFile)}); err != nil {
		return d, err
	}
	if err := keyIsThere(ctx, cfg, d.db); err != nil {
		return d, err
	}
	if d.keys, err = store.OpenKeys(cfg.SecretKey, filepath.Join(cfg.Data, keyFile)); err != nil {
		return d, err
	}
	if d.store, err = store.New(ctx, store.Options{
		DB: d.db, Sealer: d.keys, Clean: vietnamese.Clean, Now: d.time, Log: log,
	}); err != nil {
		return d, err
	}
	return d, d.migrate(ctx)
}

// migrate brings the features' tables to this version, after the kernel's,
// which the store looks after itself.
func (d *data) migrate(ctx context.Context) error {
	for line, files := range schemas() {
		if line == kernelLine {
			continue
		}
		if err := d.db.Migrate(ctx, line, files); err != nil {
			return fmt.Errorf("schema of %s: %w", line, err)
		}
	}
	return nil
}

// write runs f in one transaction.
func (d *data) write(ctx context.Context, f func(bot.Tx) error) error {
	tx, err := d.db.BeginWrite(ctx)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// secret is a key for one purpose, the same after a restart. A digest is keyed,
// so nobody without the folder's key can make it.
func (d *data) secret(purpose string) []byte {
	return []byte(d.keys.Digest("secret 1 of "+purpose) + d.keys.Digest("secret 2 of "+purpose))
}

// boundaries is the path of the operator's boundary file, "" when there is none.
func (d *data) boundaries() string {
	path := filepath.Join(d.folder, boundaryFile)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// Close closes what is open.
func (d *data) Close() error {
	if d.db == nil {
		return nil
	}
	return d.db.Close()
}

// buildIndex makes searchers of the published entries, as they are in force on the clock's day.
func buildIndex(now func() time.Time) procedures.Build {
	return func(all []*knowledge.Entry) (knowledge.Searcher, error) {
		return index.New(all, index.Options{Day: now().In(vietnam)})
	}
}
