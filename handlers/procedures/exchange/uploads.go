package exchange

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
)

// Upload is a file that waits for its confirmation.
type Upload struct {
	ID   int64
	Name string
	File []byte
}

// Keep keeps a file until its officer confirms it, at most a day.
func (b *Book) Keep(ctx context.Context, w *bot.Work, a entries.Actor, name string, file []byte) (int64, error) {
	tx, err := w.Tx(ctx)
	if err != nil {
		return 0, err
	}
	now := b.opt.Now()
	if _, err := tx.ExecContext(ctx, `delete from procedures_uploads where at < $1`, now.Add(-keepUpload).UnixMilli()); err != nil {
		return 0, fmt.Errorf("clear files: %w", err)
	}
	var id int64
	if err := tx.QueryRowContext(ctx, `insert into procedures_uploads (actor, name, at, file) values ($1, $2, $3, $4) returning id`,
		a.Ref(), name, now.UnixMilli(), file).Scan(&id); err != nil {
		return 0, fmt.Errorf("keep file: %w", err)
	}
	_, err = tx.ExecContext(ctx, `delete from procedures_uploads where actor = $1 and id not in (select id from procedures_uploads where actor = $1 order by id desc limit $2)`,
		a.Ref(), maxUploads)
	if err != nil {
		return 0, fmt.Errorf("clear files: %w", err)
	}
	return id, nil
}

// Upload reads a file that waits; NotFound for everybody but who brought it.
func (b *Book) Upload(ctx context.Context, a entries.Actor, id int64) (Upload, error) {
	u := Upload{ID: id}
	err := b.opt.Read.QueryRowContext(ctx, `select name, file from procedures_uploads where id = $1 and actor = $2 and at >= $3`,
		id, a.Ref(), b.opt.Now().Add(-keepUpload).UnixMilli()).Scan(&u.Name, &u.File)
	if errors.Is(err, sql.ErrNoRows) {
		return u, refusal(bot.NotFound, "procedures.exchange_none")
	}
	if err != nil {
		return u, fmt.Errorf("read file: %w", err)
	}
	return u, nil
}

// Drop forgets a file.
func (b *Book) Drop(ctx context.Context, w *bot.Work, a entries.Actor, id int64) error {
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `delete from procedures_uploads where id = $1 and actor = $2`, id, a.Ref()); err != nil {
		return fmt.Errorf("forget file: %w", err)
	}
	return nil
}

// maxName is how many letters of a file's name are kept.
const maxName = 100

// fileName is the name of a file without its folders, one line of it; its end, which says what it is, stays.
func fileName(name string, clean func(string) string) string {
	name = strings.Join(strings.Fields(clean(path.Base(strings.ReplaceAll(name, `\`, "/")))), " ")
	if r := []rune(name); len(r) > maxName {
		name = string(r[len(r)-maxName:])
	}
	return name
}
