package store

import (
	"database/sql"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// budget is how many wrong tries something may have before it waits, and how
// long. Each further one doubles the wait.
type budget struct {
	key     string
	tries   int64
	first   time.Duration
	longest time.Duration
}

// triesForgotten is after how long without one the wrong tries of a budget no longer count.
const triesForgotten = 24 * time.Hour

// budgets of a sign-in: few tries for one address of e-mail from one network,
// more for the address from anywhere, so that a stranger cannot lock an officer out with a
// handful, and many for a network, which an office shares.
func (s *Store) budgets(email, client string) []budget {
	network := clientNetwork(client)
	key := func(what ...string) string { return s.sealer.Digest("tries\x1f" + strings.Join(what, "\x1f")) }
	email = strings.ToLower(strings.TrimSpace(email))
	return []budget{
		{key("pair", email, network), 5, time.Minute, 30 * time.Minute},
		{key("email", email), 25, 5 * time.Minute, 30 * time.Minute},
		{key("network", network), 100, time.Minute, 5 * time.Minute},
	}
}

// codeBudget is for the second factor and for a password asked again of one who is signed in.
func (s *Store) codeBudget(what string, staff int64) []budget {
	return []budget{{s.sealer.Digest("tries\x1f" + what + "\x1f" + strconv.FormatInt(staff, 10)), 5, time.Minute, 30 * time.Minute}}
}

// clientNetwork is the address as the limits of the server count it.
func clientNetwork(client string) string {
	if host, err := netip.ParseAddrPort(client); err == nil {
		client = host.Addr().String()
	}
	a, err := netip.ParseAddr(client)
	if err != nil {
		return ""
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr().String()
		}
	}
	return a.String()
}

// try counts a try before it is made, so that many at once are no more than one
// after the other. It fails with a *bot.LockedError.
func (s *Store) try(tx *sqldb.Tx, bs []budget) error {
	now := s.now()
	for _, b := range bs {
		fails, until, err := s.tries(tx, b, now)
		if err != nil {
			return err
		}
		if until.After(now) {
			return &bot.LockedError{Until: until}
		}
		fails++
		if over := fails - b.tries; over >= 0 {
			until = now.Add(min(b.first<<min(over, 10), b.longest))
		}
		if _, err := tx.Exec(`insert into staff_tries (key, fails, last, until) values ($1, $2, $3, $4)
			on conflict (key) do update set fails = excluded.fails, last = excluded.last, until = excluded.until`,
			b.key, fails, now.UnixMilli(), toMillis(until)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) tries(tx *sqldb.Tx, b budget, now time.Time) (fails int64, until time.Time, err error) {
	var last, locked int64
	err = tx.Get(`select fails, last, until from staff_tries where key = $1`, []any{b.key}, &fails, &last, &locked)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	if now.Sub(bot.FromMillis(last)) > triesForgotten {
		fails = 0
	}
	return fails, bot.FromMillis(locked), err
}

// right takes a try that was right back: the first budget is as new, the wider ones lose it.
func (s *Store) right(tx *sqldb.Tx, bs []budget) error {
	for i, b := range bs {
		query := `update staff_tries set fails = fails - 1, until = 0 where key = $1 and fails > 0`
		if i == 0 {
			query = `delete from staff_tries where key = $1`
		}
		if _, err := tx.Exec(query, b.key); err != nil {
			return err
		}
	}
	return nil
}
