package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

const insertAudit = `insert into audit (at, actor, action, thing, detail) values ($1, $2, $3, $4, $5)`

// maxAudit is the most bytes of one field of the audit trail.
const maxAudit = 500

// Entry is one line of the audit trail: who did what to which thing. Nothing in
// it may be personal but the actor, who is an officer or a part of the program.
type Entry struct {
	ID     int64
	At     time.Time
	Actor  string // "staff:12", "job:retention", "cli"
	Action string // "outbox.dropped"
	Thing  string // "complaint:K7M3-9QX2"
	Detail string
}

// Audit notes what somebody does, in the transaction in which it is done. What
// is noted stays.
func (s *Store) Audit(ctx context.Context, tx bot.Tx, actor, action, thing, detail string) error {
	if err := checkEntry(actor, action, thing, detail); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, insertAudit, s.millis(), actor, action, thing, detail); err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}

func (s *Store) audit(tx *sqldb.Tx, actor, action, thing, detail string) error {
	if err := checkEntry(actor, action, thing, detail); err != nil {
		return err
	}
	_, err := tx.Exec(insertAudit, s.millis(), actor, action, thing, detail)
	return err
}

func checkEntry(actor, action, thing, detail string) error {
	if actor == "" || action == "" {
		return invalid("the audit trail needs an actor and an action")
	}
	if max(len(actor), len(action), len(thing), len(detail)) > maxAudit {
		return invalid(fmt.Sprintf("a field of the audit trail has more than %d bytes", maxAudit))
	}
	return nil
}

// AuditFilter says which entries to list; "" means any.
type AuditFilter struct {
	Thing  string
	Before int64 // entries below this number; 0 means from the newest
	Limit  int   // at most 1000; 0 means 100
}

// ListAudit lists entries, newest first.
func (s *Store) ListAudit(ctx context.Context, f AuditFilter) ([]Entry, error) {
	query, args := `select id, at, actor, action, thing, detail from audit where ($1 = 0 or id < $1) order by id desc limit $2`,
		[]any{f.Before, page(f.Limit)}
	if f.Thing != "" {
		query = `select id, at, actor, action, thing, detail from audit where thing = $3 and ($1 = 0 or id < $1) order by id desc limit $2`
		args = append(args, f.Thing)
	}
	var out []Entry
	err := s.db.Each(ctx, query, args, func(r *sql.Rows) error {
		var e Entry
		var at int64
		err := r.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Thing, &e.Detail)
		e.At = fromMillis(at)
		out = append(out, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list audit trail: %w", err)
	}
	return out, nil
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
