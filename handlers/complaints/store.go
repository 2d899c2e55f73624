package complaints

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
)

const upsertTry = `insert into complaints_tries (who, began, tries) values ($1, $2, 1)
	on conflict (who) do update set
		tries = case when complaints_tries.began <= $3 then 1 else complaints_tries.tries + 1 end,
		began = case when complaints_tries.began <= $3 then excluded.began else complaints_tries.began end
	returning tries, began`

const deleteTries = `delete from complaints_tries where began <= $1`

// countTry counts a look-up of one who is known by a digest. The count begins
// anew when the window has passed.
func countTry(ctx context.Context, tx bot.Tx, who string, now time.Time) (tries int, began time.Time, err error) {
	old := now.Add(-tryWindow).UnixMilli()
	if _, err := tx.ExecContext(ctx, deleteTries, old); err != nil {
		return 0, time.Time{}, fmt.Errorf("forget old tries: %w", err)
	}
	var ms int64
	if err := tx.QueryRowContext(ctx, upsertTry, who, now.UnixMilli(), old).Scan(&tries, &ms); err != nil {
		return 0, time.Time{}, fmt.Errorf("count a try: %w", err)
	}
	return tries, time.UnixMilli(ms), nil
}

// keepFiles is for how long a file that is never fetched is remembered.
const keepFiles = 48 * time.Hour

const (
	insertFile = `insert into complaints_files (media, owner, holder, since) values ($1, $2, $3, $4) on conflict (media) do nothing`
	oldFiles   = `delete from complaints_files where since <= $1`
)

// keepFile notes whom to tell of a file, and forgets files of long ago.
func keepFile(ctx context.Context, tx bot.Tx, id, owner string, holder []byte, now time.Time) error {
	if _, err := tx.ExecContext(ctx, oldFiles, now.Add(-keepFiles).UnixMilli()); err != nil {
		return fmt.Errorf("forget old files: %w", err)
	}
	if _, err := tx.ExecContext(ctx, insertFile, id, owner, holder, now.UnixMilli()); err != nil {
		return fmt.Errorf("note a file: %w", err)
	}
	return nil
}

// takeFile reads whom to tell of a file and forgets it.
func takeFile(ctx context.Context, tx bot.Tx, id string) (holder []byte, ok bool, err error) {
	err = tx.QueryRowContext(ctx, `delete from complaints_files where media = $1 returning holder`, id).Scan(&holder)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("whom to tell of a file: %w", err)
	}
	return holder, true, nil
}

// dropFiles forgets the files of a conversation.
func dropFiles(ctx context.Context, tx bot.Tx, owner string) error {
	if _, err := tx.ExecContext(ctx, `delete from complaints_files where owner = $1`, owner); err != nil {
		return fmt.Errorf("forget files: %w", err)
	}
	return nil
}
