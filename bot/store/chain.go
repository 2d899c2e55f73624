package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// The audit trail is a chain: each line's hash is a keyed hash over the hash
// before and the line's own fields, and the number and hash of the last line stand in
// meta as well. Who changes, removes, adds or swaps lines in the file without the key is
// found by VerifyAudit; who has the key as well is found by a head that was noted elsewhere.

const (
	lastAudit   = `select id, hash from audit order by id desc limit 1`
	insertAudit = `insert into audit (id, at, actor, action, thing, detail, hash) values ($1, $2, $3, $4, $5, $6, $7)`
	saveHead    = `insert into meta (name, value) values ('audit_head', $1) on conflict (name) do update set value = excluded.value`
)

// appendEntry adds a line behind the last one. The transaction is the only one
// that writes, so nobody comes between the reading and the writing.
func (s *Store) appendEntry(ctx context.Context, tx bot.Tx, e Entry) error {
	var last bot.AuditHead
	err := tx.QueryRowContext(ctx, lastAudit).Scan(&last.ID, &last.Hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	e.ID = last.ID + 1
	e.Hash = s.link(last.Hash, e)
	if _, err := tx.ExecContext(ctx, insertAudit, e.ID, e.At.UnixMilli(), e.Actor, e.Action, e.Thing, e.Detail, e.Hash); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, saveHead, headValue(e.ID, e.Hash))
	return err
}

// link is the hash of a line behind a hash. Every field stands with its length,
// so that no two lines look the same.
func (s *Store) link(before string, e Entry) string {
	var b strings.Builder
	for _, field := range []string{"audit 1", before, strconv.FormatInt(e.ID, 10), strconv.FormatInt(e.At.UnixMilli(), 10), e.Actor, e.Action, e.Thing, e.Detail} {
		fmt.Fprintf(&b, "%d:%s", len(field), field)
	}
	return s.sealer.Digest(b.String())
}

func headValue(id int64, hash string) []byte { return fmt.Appendf(nil, "%d %s", id, hash) }

// AuditHead returns the last line's number and hash; zero for an empty trail.
func (s *Store) AuditHead(ctx context.Context) (bot.AuditHead, error) {
	var value []byte
	err := s.db.Get(ctx, `select value from meta where name = 'audit_head'`, nil, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return bot.AuditHead{}, nil
	}
	if err != nil {
		return bot.AuditHead{}, fmt.Errorf("read head of the audit trail: %w", err)
	}
	number, hash, _ := strings.Cut(string(value), " ")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return bot.AuditHead{}, errors.New("the head of the audit trail cannot be read")
	}
	return bot.AuditHead{ID: id, Hash: hash}, nil
}

// VerifyAudit walks the chain from its beginning to where it was when it began.
// It returns how many lines are whole and the number of the first that is not, 0 when all are.
func (s *Store) VerifyAudit(ctx context.Context) (whole, broken int64, err error) {
	head, err := s.AuditHead(ctx)
	if err != nil {
		return 0, 0, err
	}
	var before string
	for whole < head.ID {
		lines, err := s.entries(ctx, selectAudit+`id > $1 and id <= $2 order by id limit $3`, whole, head.ID, maxPage)
		if err != nil {
			return whole, 0, fmt.Errorf("verify audit trail: %w", err)
		}
		if len(lines) == 0 {
			return whole, whole + 1, nil // the end was cut off
		}
		for _, e := range lines {
			if e.ID != whole+1 || e.Hash != s.link(before, e) {
				return whole, whole + 1, nil
			}
			whole, before = e.ID, e.Hash
		}
	}
	if before != head.Hash {
		return whole, whole, nil
	}
	// Lines before the first number, or any at all behind an empty head, were put in from outside.
	var strange int64
	err = s.db.Get(ctx, `select count(*) from audit where id < 1 or $1 = 0`, []any{head.ID}, &strange)
	if err != nil {
		return whole, 0, fmt.Errorf("verify audit trail: %w", err)
	}
	if strange > 0 {
		now, err := s.AuditHead(ctx)
		if err != nil || now.ID == 0 || head.ID > 0 {
			return whole, whole + 1, err
		}
	}
	return whole, 0, nil
}

// chainOld gives the lines from before the chain their hashes, once.
func (s *Store) chainOld(ctx context.Context) error {
	for {
		left := 0
		err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
			rows, err := tx.QueryContext(ctx, selectAudit+`hash = '' order by id limit $1`, maintainBatch)
			if err != nil {
				return err
			}
			var lines []Entry
			for rows.Next() {
				var e Entry
				var at int64
				if err := rows.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Thing, &e.Detail, &e.Hash); err != nil {
					return errors.Join(err, rows.Close())
				}
				e.At = bot.FromMillis(at)
				lines = append(lines, e)
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return err
			}
			left = len(lines)
			return s.chainLines(ctx, tx, lines)
		})
		if err != nil {
			return fmt.Errorf("chain the audit trail: %w", err)
		}
		if left < maintainBatch {
			return nil
		}
	}
}

// chainLines chains lines without a hash, in order, behind those that have one.
func (s *Store) chainLines(ctx context.Context, tx *sqldb.Tx, lines []Entry) error {
	if len(lines) == 0 {
		return nil
	}
	var before string
	err := tx.QueryRowContext(ctx, `select hash from audit where id = $1`, lines[0].ID-1).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	for _, e := range lines {
		e.Hash = s.link(before, e)
		if _, err := tx.Exec(`update audit set hash = $2 where id = $1 and hash = ''`, e.ID, e.Hash); err != nil {
			return err
		}
		if _, err := tx.Exec(saveHead, headValue(e.ID, e.Hash)); err != nil {
			return err
		}
		before = e.Hash
	}
	return nil
}
