package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// Limits of the vault.
const (
	maxSecret     = 16 << 10 // bytes of a value
	maxSecretName = 100      // bytes of a name
)

var _ bot.Vault = (*Store)(nil)

func secretPlace(name string) string { return "vault/value/" + name }

// Secret returns a kept value and its version, 0 when there is none.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, int64, error) {
	var sealed []byte
	var version int64
	err := s.db.Get(ctx, `select value, version from vault where name = $1`, []any{name}, &sealed, &version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read secret %s: %w", name, err)
	}
	plain, err := s.sealer.Open(sealed, secretPlace(name))
	if err != nil {
		return nil, 0, fmt.Errorf("open secret %s: %w", name, err)
	}
	return plain, version, nil
}

// SaveSecret stores a value if the stored version is still old.
func (s *Store) SaveSecret(ctx context.Context, name string, value []byte, old int64) (int64, error) {
	if name == "" || len(name) > maxSecretName || len(value) > maxSecret || old < 0 {
		return 0, invalid("a secret needs a short name and a value of at most 16 KiB")
	}
	sealed, err := s.sealer.Seal(value, secretPlace(name))
	if err != nil {
		return 0, fmt.Errorf("seal secret %s: %w", name, err)
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		var n int64
		var err error
		if old == 0 {
			n, err = tx.Exec(`insert into vault (name, value, version, updated) values ($1, $2, 1, $3) on conflict (name) do nothing`,
				name, sealed, s.millis())
		} else {
			n, err = tx.Exec(`update vault set value = $2, version = version + 1, updated = $3 where name = $1 and version = $4`,
				name, sealed, s.millis(), old)
		}
		if err == nil && n == 0 {
			return bot.ErrConflict
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save secret %s: %w", name, err)
	}
	return old + 1, nil
}
