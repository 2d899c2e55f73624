package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// errNoKey means that the settings lead to no key.
var errNoKey = errors.New("there is no key")

// errNoCanary means that nothing in a database tells which key it needs.
var errNoCanary = errors.New("the database does not tell which key it was sealed with; it is not one of cchcbot, or it is damaged")

// secretText is the text of the key that the settings lead to, and where it is.
// Unlike opening the data folder it never makes a key: errNoKey.
func secretText(cfg *Config) (text, where string, err error) {
	if cfg.SecretKey != "" {
		return cfg.SecretKey, "SECRET_KEY", nil
	}
	where = filepath.Join(cfg.Data, keyFile)
	raw, err := readSetting(where)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", where, fmt.Errorf("%w: SECRET_KEY is not set and there is no %s; give the key that the data was sealed with", errNoKey, where)
	case err != nil:
		return "", where, fmt.Errorf("secret key: %w", err)
	case strings.TrimSpace(string(raw)) == "":
		return "", where, fmt.Errorf("%w: %s is empty; put the key back into it", errNoKey, where)
	}
	return string(raw), where, nil
}

// The store leaves these behind at its first start. Reading them here, and not
// through store.New, leaves a database of an older schema as it is.
const (
	canaryText  = "the canary of the store"
	canaryPlace = "meta/value/canary"
)

// keyIsThere fails where a database was sealed with a key and the settings lead to none. A new one would not
// open it, and would stand where the right one belongs.
func keyIsThere(ctx context.Context, cfg *Config, db *sqldb.DB) error {
	_, _, missing := secretText(cfg)
	if !errors.Is(missing, errNoKey) {
		return nil // what else is wrong with it is told when it is opened
	}
	var sealed int
	if err := db.Read().QueryRowContext(ctx, `select count(*) from sqlite_master where type = 'table' and name = 'meta'`).Scan(&sealed); err != nil || sealed == 0 {
		return err // a first start
	}
	if err := db.Read().QueryRowContext(ctx, `select count(*) from meta where name = 'canary'`).Scan(&sealed); err != nil || sealed == 0 {
		return err
	}
	return missing
}

// opensCanary fails with store.ErrWrongKey when the database was sealed with
// other keys, and with errNoCanary when it does not tell.
func opensCanary(ctx context.Context, db *sqldb.DB, keys *store.Keys) error {
	values := map[string][]byte{"canary": nil, "digest": nil}
	for name := range values {
		var v []byte
		err := db.Read().QueryRowContext(ctx, `select value from meta where name = $1`, name).Scan(&v)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoCanary
		}
		if err != nil {
			return fmt.Errorf("%w (%w)", errNoCanary, err)
		}
		values[name] = v
	}
	plain, err := keys.Open(values["canary"], canaryPlace)
	if err != nil || string(plain) != canaryText || string(values["digest"]) != keys.Digest(canaryText) {
		return store.ErrWrongKey
	}
	return nil
}
