package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

const (
	maxSignIns  = 20 // of one officer at once; the oldest ends
	seenEvery   = time.Minute
	keepSignIns = 30 * 24 * time.Hour // rows of ended ones
)

func (s *Store) tokenKey(token string) string { return s.sealer.Digest("console\x1f" + token) }

// newSession opens a sign-in for a token. The token itself is kept nowhere.
func (s *Store) newSession(tx *sqldb.Tx, staff int64, token string, stage bot.Stage, browser string) error {
	now, length := s.millis(), bot.SignInLength
	if stage == bot.StageCode {
		length = codeStage
	}
	browser = browser[:min(len(browser), maxBrowser)]
	if _, err := tx.Exec(`insert into staff_sessions (staff, digest, stage, browser, since, seen, ends) values ($1, $2, $3, $4, $5, $5, $6)`,
		staff, s.tokenKey(token), string(stage), browser, now, now+length.Milliseconds()); err != nil {
		return err
	}
	if _, err := tx.Exec(`update staff_sessions set ended = $2 where staff = $1 and ended = 0 and id not in (
		select id from staff_sessions where staff = $1 and ended = 0 order by id desc limit $3)`, staff, now, maxSignIns); err != nil {
		return err
	}
	if stage == bot.StageCode {
		return nil
	}
	who := fmt.Sprintf("staff:%d", staff)
	return s.audit(tx, who, "account.signed_in", who, browser)
}

// Signed finds the sign-in of a token and notes now and then that it was used.
func (s *Store) Signed(ctx context.Context, token string) (bot.Signed, error) {
	var out bot.Signed
	var staff, since, seen, ends int64
	var second bool
	now := s.now()
	err := s.db.Get(ctx, `select x.id, x.staff, x.stage, x.since, x.seen, x.ends, a.lang, a.form, a.totp is not null
		from staff_sessions x join staff_accounts a on a.staff = x.staff where x.digest = $1 and x.ended = 0 and x.ends > $2 and x.seen > $3`,
		[]any{s.tokenKey(token), now.UnixMilli(), now.Add(-bot.SignInIdle).UnixMilli()},
		&out.Session, &staff, &out.Stage, &since, &seen, &ends, &out.Lang, &out.Form, &second)
	if errors.Is(err, sql.ErrNoRows) {
		return bot.Signed{}, notFound("nobody is signed in with this token")
	}
	if err != nil {
		return bot.Signed{}, fmt.Errorf("find sign-in: %w", err)
	}
	if out.Officer, err = s.Officer(ctx, staff); err != nil {
		return bot.Signed{}, err
	}
	if !out.Officer.Active {
		return bot.Signed{}, notFound("the officer is no longer active")
	}
	out.Since, out.Ends, out.Second = bot.FromMillis(since), bot.FromMillis(ends), second
	if out.Stage == bot.StageOpen && !second && out.Officer.NeedsSecond() {
		out.Stage = bot.StageSetUp
	}
	if now.Sub(bot.FromMillis(seen)) >= seenEvery {
		err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`update staff_sessions set seen = $2 where id = $1 and ended = 0 and seen < $2`, out.Session, now.UnixMilli())
			return err
		})
		if err != nil {
			return bot.Signed{}, fmt.Errorf("note sign-in: %w", err)
		}
	}
	return out, nil
}

// SignOut ends the sign-in of a token; one that does not exist is no error.
func (s *Store) SignOut(ctx context.Context, token string) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`update staff_sessions set ended = $2 where digest = $1 and ended = 0`, s.tokenKey(token), s.millis())
		return err
	})
	if err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// SignIns lists an officer's open sign-ins, the newest first.
func (s *Store) SignIns(ctx context.Context, staff int64) ([]bot.SignIn, error) {
	var out []bot.SignIn
	now := s.now()
	err := s.db.Each(ctx, `select id, browser, since, seen, ends from staff_sessions
		where staff = $1 and ended = 0 and stage = 'open' and ends > $2 and seen > $3 order by id desc limit $4`,
		[]any{staff, now.UnixMilli(), now.Add(-bot.SignInIdle).UnixMilli(), maxSignIns}, func(r *sql.Rows) error {
			var x bot.SignIn
			var since, seen, ends int64
			err := r.Scan(&x.ID, &x.Browser, &since, &seen, &ends)
			x.Since, x.Seen, x.Ends = bot.FromMillis(since), bot.FromMillis(seen), bot.FromMillis(ends)
			out = append(out, x)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list sign-ins: %w", err)
	}
	return out, nil
}

// EndSignIn ends one sign-in of an officer. NotFound when it is not open, or somebody else's.
func (s *Store) EndSignIn(ctx context.Context, staff, session int64, actor string) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(`update staff_sessions set ended = $3 where id = $1 and staff = $2 and ended = 0`, session, staff, s.millis())
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("there is no such sign-in")
		}
		return s.audit(tx, actor, "account.sign_in_ended", fmt.Sprintf("staff:%d", staff), "")
	})
	if err != nil {
		return fmt.Errorf("end sign-in: %w", err)
	}
	return nil
}

// EndSignIns ends all sign-ins of an officer but one; 0 spares none.
func (s *Store) EndSignIns(ctx context.Context, staff, spare int64, actor string) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := s.endSessions(tx, staff, spare); err != nil {
			return err
		}
		return s.audit(tx, actor, "account.sign_ins_ended", fmt.Sprintf("staff:%d", staff), "")
	})
	if err != nil {
		return fmt.Errorf("end sign-ins: %w", err)
	}
	return nil
}

func (s *Store) endSessions(tx *sqldb.Tx, staff, spare int64) error {
	_, err := tx.Exec(`update staff_sessions set ended = $3 where staff = $1 and id <> $2 and ended = 0`, staff, spare, s.millis())
	return err
}

// deleteSignIns forgets sign-ins, invitations and tries that are long over.
func (s *Store) deleteSignIns(ctx context.Context, now time.Time) error {
	old := now.Add(-keepSignIns).UnixMilli()
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, q := range []string{
			`delete from staff_sessions where id in (select id from staff_sessions where ends < $1 order by ends limit 5000)`,
			`delete from staff_invitations where expires < $1`,
		} {
			if _, err := tx.Exec(q, old); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`delete from staff_tries where key in (select key from staff_tries where last < $1 order by last limit 5000)`,
			now.Add(-2*triesForgotten).UnixMilli())
		return err
	})
}
