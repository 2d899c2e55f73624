package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// maxAudit is the most bytes of one field of the audit trail.
const maxAudit = 500

// The audit trail's types are the kernel's, so that the console can show it.
type (
	Entry       = bot.AuditEntry
	AuditFilter = bot.AuditFilter
)

// Audit notes what somebody does, in the transaction in which it is done. What
// is noted stays. Each line is chained to the one before: there is one writer, so
// the order of the lines is the order of the commits.
func (s *Store) Audit(ctx context.Context, tx bot.Tx, actor, action, thing, detail string) error {
	e := Entry{At: s.now(), Actor: actor, Action: action, Thing: thing, Detail: detail}
	if err := checkEntry(e); err != nil {
		return err
	}
	if err := s.appendEntry(ctx, tx, e); err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}

func (s *Store) audit(tx *sqldb.Tx, actor, action, thing, detail string) error {
	return s.Audit(context.Background(), tx, actor, action, thing, detail)
}

func checkEntry(e Entry) error {
	if e.Actor == "" || e.Action == "" {
		return invalid("the audit trail needs an actor and an action")
	}
	if max(len(e.Actor), len(e.Action), len(e.Thing), len(e.Detail)) > maxAudit {
		return invalid(fmt.Sprintf("a field of the audit trail has more than %d bytes", maxAudit))
	}
	return nil
}

const selectAudit = `select id, at, actor, action, thing, detail, hash from audit where `

// ListAudit lists entries, newest first.
func (s *Store) ListAudit(ctx context.Context, f AuditFilter) ([]Entry, error) {
	where, args := []string{"($1 = 0 or id < $1)"}, []any{f.Before, page(f.Limit)}
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	if f.Thing != "" {
		add("thing = ?", f.Thing)
	}
	if f.Actor != "" {
		add("actor = ?", f.Actor)
	}
	if start, ok := strings.CutSuffix(f.Action, "."); ok {
		add("action >= ? and action < ?", start+".", start+"/") // "/" follows "."
	} else if f.Action != "" {
		add("action = ?", f.Action)
	}
	out, err := s.entries(ctx, selectAudit+strings.Join(where, " and ")+` order by id desc limit $2`, args...)
	if err != nil {
		return nil, fmt.Errorf("list audit trail: %w", err)
	}
	return out, nil
}

func (s *Store) entries(ctx context.Context, query string, args ...any) ([]Entry, error) {
	var out []Entry
	err := s.db.Each(ctx, query, args, func(r *sql.Rows) error {
		var e Entry
		var at int64
		err := r.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Thing, &e.Detail, &e.Hash)
		e.At = bot.FromMillis(at)
		out = append(out, e)
		return err
	})
	return out, err
}

// page is how many rows a list may have.
func page(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, maxPage)
}

// Lease takes or renews a named lease for owner: true when owner has it now,
// for ttl. It is how one of several processes runs a job. A ttl of 0 gives it back.
func (s *Store) Lease(ctx context.Context, name, owner string, ttl time.Duration) (bool, error) {
	if name == "" || owner == "" || ttl < 0 {
		return false, invalid("a lease needs a name, an owner and a time")
	}
	if ttl == 0 {
		return s.giveBack(ctx, name, owner)
	}
	var n int64
	err := s.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		now := s.millis()
		n, err = tx.Exec(`insert into leases (name, owner, expiry) values ($1, $2, $3)
			on conflict (name) do update set owner = excluded.owner, expiry = excluded.expiry
			where leases.owner = excluded.owner or leases.expiry <= $4`, name, owner, now+ttl.Milliseconds(), now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", name, err)
	}
	return n > 0, nil
}

// giveBack ends a lease that owner has.
func (s *Store) giveBack(ctx context.Context, name, owner string) (bool, error) {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`delete from leases where name = $1 and owner = $2`, name, owner)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("give back lease %s: %w", name, err)
	}
	return false, nil
}
