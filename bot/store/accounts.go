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

// codeStage is how long a right password waits for its code.
const codeStage = 10 * time.Minute

// maxBrowser is the most bytes of a browser's coarse name.
const maxBrowser = 60

func passwordPlace(staff int64) string { return fmt.Sprintf("staff_accounts/password/%d", staff) }
func totpPlace(staff int64) string     { return fmt.Sprintf("staff_accounts/totp/%d", staff) }

// login is an account as the sign-in needs it.
type login struct {
	staff    int64
	active   bool
	password string // the hash; "" for none
	totp     []byte // the secret; nil for none
	next     []byte // the secret that is being set up
	step     int64
}

const selectLogin = `select s.id, s.active, a.password, a.totp, a.totp_next, coalesce(a.totp_step, 0)
	from staff s left join staff_accounts a on a.staff = s.id where `

// login reads an account; the zero value when there is none.
func (s *Store) login(ctx context.Context, where string, arg any) (login, error) {
	var l login
	var password, totp, next []byte
	err := s.db.Get(ctx, selectLogin+where, []any{arg}, &l.staff, &l.active, &password, &totp, &next, &l.step)
	if errors.Is(err, sql.ErrNoRows) {
		return login{}, nil
	}
	if err != nil {
		return login{}, fmt.Errorf("read account: %w", err)
	}
	for _, v := range []struct {
		sealed []byte
		place  string
		keep   func([]byte)
	}{
		{password, passwordPlace(l.staff), func(b []byte) { l.password = string(b) }},
		{totp, totpPlace(l.staff), func(b []byte) { l.totp = b }},
		{next, totpPlace(l.staff), func(b []byte) { l.next = b }},
	} {
		if v.sealed == nil {
			continue
		}
		plain, err := s.sealer.Open(v.sealed, v.place)
		if err != nil {
			return login{}, fmt.Errorf("account of officer %d: %w", l.staff, err)
		}
		v.keep(plain)
	}
	return l, nil
}

// SignIn checks an address and a password. It returns the token of a sign-in
// that is open, or that waits for the code of the second factor. Fails with
// bot.ErrSignIn, *bot.LockedError or bot.ErrBusy, and the same way whether there is such an account or not.
func (s *Store) SignIn(ctx context.Context, c bot.Credentials) (token string, stage bot.Stage, err error) {
	budgets := s.budgets(c.Email, c.Client)
	l, err := s.login(ctx, "s.email_key = $1", s.emailKey(c.Email))
	if err != nil {
		return "", "", err
	}
	if err := s.count(ctx, budgets); err != nil {
		return "", "", err
	}
	hash := l.password
	if hash == "" || !l.active || len(c.Password) > bot.MaxPassword {
		hash = nobody
	}
	right, err := s.verifyPassword(ctx, hash, c.Password[:min(len(c.Password), bot.MaxPassword)])
	if err != nil {
		return "", "", err
	}
	if !right {
		return "", "", s.wrong(ctx, budgets, l.staff)
	}
	stage = bot.StageOpen
	if l.totp != nil {
		stage = bot.StageCode
	}
	token = bot.NewID()
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := s.right(tx, budgets); err != nil {
			return err
		}
		return s.newSession(tx, l.staff, token, stage, c.Browser)
	})
	if err != nil {
		return "", "", fmt.Errorf("sign in: %w", err)
	}
	return token, stage, nil
}

// count counts a try.
func (s *Store) count(ctx context.Context, bs []budget) error {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error { return s.try(tx, bs) })
	var locked *bot.LockedError
	if err == nil || errors.As(err, &locked) {
		return err
	}
	return fmt.Errorf("count tries: %w", err)
}

// wrong is bot.ErrSignIn. When the try began a lock of a real account, that is noted.
func (s *Store) wrong(ctx context.Context, bs []budget, staff int64) error {
	if staff == 0 {
		return bot.ErrSignIn
	}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, until, err := s.tries(tx, bs[0], s.now())
		if err == nil && until.After(s.now()) {
			err = s.audit(tx, "sign-in", "account.locked", fmt.Sprintf("staff:%d", staff), "until "+until.UTC().Format(time.RFC3339))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("note a lock: %w", err)
	}
	return bot.ErrSignIn
}

// Confirm takes the code of the second factor, or a recovery code, for a sign-in
// that waits for it. The sign-in gets a new token. Fails with bot.ErrSignIn (also
// when the sign-in is too old) or *bot.LockedError.
func (s *Store) Confirm(ctx context.Context, token, code string) (fresh string, err error) {
	var session, staff int64
	var browser string
	err = s.db.Get(ctx, `select id, staff, browser from staff_sessions where digest = $1 and stage = $2 and ended = 0 and ends > $3`,
		[]any{s.tokenKey(token), string(bot.StageCode), s.millis()}, &session, &staff, &browser)
	if errors.Is(err, sql.ErrNoRows) {
		return "", bot.ErrSignIn
	}
	if err != nil {
		return "", fmt.Errorf("find sign-in: %w", err)
	}
	budgets := s.codeBudget("code", staff)
	if err := s.count(ctx, budgets); err != nil {
		return "", err
	}
	fresh = bot.NewID()
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := s.takeCode(ctx, tx, staff, code); err != nil {
			return err
		}
		if err := s.right(tx, budgets); err != nil {
			return err
		}
		n, err := tx.Exec(`update staff_sessions set ended = $2 where id = $1 and ended = 0`, session, s.millis())
		if err == nil && n == 0 {
			err = bot.ErrSignIn
		}
		if err != nil {
			return err
		}
		return s.newSession(tx, staff, fresh, bot.StageOpen, browser)
	})
	if errors.Is(err, bot.ErrSignIn) {
		return "", s.wrong(ctx, budgets, staff)
	}
	if err != nil {
		return "", fmt.Errorf("confirm sign-in: %w", err)
	}
	return fresh, nil
}

// takeCode uses a code of the second factor up: no step and no recovery code counts twice.
func (s *Store) takeCode(ctx context.Context, tx *sqldb.Tx, staff int64, code string) error {
	l, err := s.login(ctx, "s.id = $1", staff)
	if err != nil {
		return err
	}
	if l.totp == nil || !l.active || len(code) > 40 {
		return bot.ErrSignIn
	}
	if step := totpMatch(l.totp, digits(code), s.now()); step > 0 {
		n, err := tx.Exec(`update staff_accounts set totp_step = $2 where staff = $1 and totp_step < $2`, staff, step)
		if err != nil {
			return err
		}
		if n == 1 {
			return nil
		}
		return bot.ErrSignIn // seen before
	}
	n, err := tx.Exec(`delete from staff_recovery where staff = $1 and digest = $2`, staff, s.recoveryKey(staff, code))
	if err != nil {
		return err
	}
	if n == 0 {
		return bot.ErrSignIn
	}
	return s.audit(tx, fmt.Sprintf("staff:%d", staff), "account.recovered", fmt.Sprintf("staff:%d", staff), "")
}

// ask checks the password of somebody who is signed in once more, before what it protects.
func (s *Store) ask(ctx context.Context, staff int64, password string) error {
	budgets := s.codeBudget("password", staff)
	if err := s.count(ctx, budgets); err != nil {
		return err
	}
	l, err := s.login(ctx, "s.id = $1", staff)
	if err != nil {
		return err
	}
	if l.password == "" || len(password) > bot.MaxPassword {
		return bot.ErrSignIn
	}
	right, err := s.verifyPassword(ctx, l.password, password)
	if err != nil {
		return err
	}
	if !right {
		return s.wrong(ctx, budgets, staff)
	}
	return s.db.Write(ctx, func(tx *sqldb.Tx) error { return s.right(tx, budgets) })
}

// SetPassword changes the password of somebody who is signed in, and ends the
// other sign-ins. old is asked for again: bot.ErrSignIn when it is wrong.
func (s *Store) SetPassword(ctx context.Context, staff, session int64, old, password string) error {
	o, err := s.Officer(ctx, staff)
	if err != nil {
		return err
	}
	if err := checkPassword(password, o); err != nil {
		return err
	}
	if err := s.ask(ctx, staff, old); err != nil {
		return err
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := s.writePassword(tx, staff, hash); err != nil {
			return err
		}
		if err := s.endSessions(tx, staff, session); err != nil {
			return err
		}
		return s.audit(tx, o.Actor(), "account.password", o.Actor(), "")
	})
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

func (s *Store) writePassword(tx *sqldb.Tx, staff int64, hash string) error {
	sealed, err := s.sealer.Seal([]byte(hash), passwordPlace(staff))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into staff_accounts (staff, password, changed) values ($1, $2, $3)
		on conflict (staff) do update set password = excluded.password, changed = excluded.changed`, staff, sealed, s.millis())
	return err
}

// SetVoice changes the language and the form of address an officer reads.
func (s *Store) SetVoice(ctx context.Context, staff int64, lang, form string) error {
	if lang != "vi" && lang != "en" || form != bot.FormPlain && form != bot.FormComrade {
		return invalid("there is no such language or form of address")
	}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`update staff_accounts set lang = $2, form = $3 where staff = $1`, staff, lang, form)
		return err
	})
	if err != nil {
		return fmt.Errorf("set language: %w", err)
	}
	return nil
}
