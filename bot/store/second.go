package store

import (
	"context"
	"fmt"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// BeginSecond begins to set up a second factor and returns what the officer's
// app needs: the address for a QR code and the secret to type. One that is being set up stays
// the same, so that a page may be opened twice. Who has a second factor already proves
// himself with the password: bot.ErrSignIn.
func (s *Store) BeginSecond(ctx context.Context, staff int64, password string) error {
	l, err := s.login(ctx, "s.id = $1", staff)
	if err != nil {
		return err
	}
	if l.totp != nil {
		if err := s.ask(ctx, staff, password); err != nil {
			return err
		}
	}
	if l.next != nil && l.totp == nil {
		return nil
	}
	sealed, err := s.sealer.Seal(newTOTP(), totpPlace(staff))
	if err != nil {
		return fmt.Errorf("seal secret: %w", err)
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`update staff_accounts set totp_next = $2 where staff = $1`, staff, sealed)
		return err
	})
	if err != nil {
		return fmt.Errorf("begin second factor: %w", err)
	}
	return nil
}

// PendingSecond returns the second factor that is being set up: the address for a
// QR code and the secret as it is typed. NotFound when none is.
func (s *Store) PendingSecond(ctx context.Context, staff int64) (uri, secret string, err error) {
	l, err := s.login(ctx, "s.id = $1", staff)
	if err != nil {
		return "", "", err
	}
	if l.next == nil {
		return "", "", notFound("no second factor is being set up")
	}
	o, err := s.Officer(ctx, staff)
	if err != nil {
		return "", "", err
	}
	name := o.Email
	if name == "" {
		name = o.Name
	}
	return totpURI(l.next, name), totpText(l.next), nil
}

// EndSecond ends the set-up with a code from the app, and returns the recovery
// codes, which are not shown again. The other sign-ins end. bot.ErrSignIn when the code is wrong.
func (s *Store) EndSecond(ctx context.Context, staff, session int64, code string) ([]string, error) {
	budgets := s.codeBudget("setup", staff)
	if err := s.count(ctx, budgets); err != nil {
		return nil, err
	}
	l, err := s.login(ctx, "s.id = $1", staff)
	if err != nil {
		return nil, err
	}
	if l.next == nil {
		return nil, notFound("no second factor is being set up")
	}
	step := totpMatch(l.next, digits(code), s.now())
	if step == 0 {
		return nil, s.wrong(ctx, budgets, staff)
	}
	sealed, err := s.sealer.Seal(l.next, totpPlace(staff))
	if err != nil {
		return nil, fmt.Errorf("seal secret: %w", err)
	}
	codes := newRecovery()
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(`update staff_accounts set totp = $2, totp_next = null, totp_step = $3 where staff = $1 and totp_next is not null`, staff, sealed, step)
		if err != nil {
			return err
		}
		if n == 0 {
			return conflict("the set-up was ended by another page")
		}
		if err := s.right(tx, budgets); err != nil {
			return err
		}
		if err := s.writeRecovery(tx, staff, codes); err != nil {
			return err
		}
		if err := s.endSessions(tx, staff, session); err != nil {
			return err
		}
		who := fmt.Sprintf("staff:%d", staff)
		return s.audit(tx, who, "account.second_on", who, "")
	})
	if err != nil {
		return nil, fmt.Errorf("end second factor: %w", err)
	}
	return codes, nil
}

func (s *Store) writeRecovery(tx *sqldb.Tx, staff int64, codes []string) error {
	if _, err := tx.Exec(`delete from staff_recovery where staff = $1`, staff); err != nil {
		return err
	}
	for _, c := range codes {
		if _, err := tx.Exec(`insert into staff_recovery (staff, digest) values ($1, $2)`, staff, s.recoveryKey(staff, c)); err != nil {
			return err
		}
	}
	return nil
}

// NewRecovery replaces the recovery codes, after the password.
func (s *Store) NewRecovery(ctx context.Context, staff int64, password string) ([]string, error) {
	if err := s.ask(ctx, staff, password); err != nil {
		return nil, err
	}
	codes := newRecovery()
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		var has int
		if err := tx.Get(`select count(*) from staff_accounts where staff = $1 and totp is not null`, []any{staff}, &has); err != nil {
			return err
		}
		if has == 0 {
			return notFound("there is no second factor")
		}
		if err := s.writeRecovery(tx, staff, codes); err != nil {
			return err
		}
		who := fmt.Sprintf("staff:%d", staff)
		return s.audit(tx, who, "account.recovery_new", who, "")
	})
	if err != nil {
		return nil, fmt.Errorf("new recovery codes: %w", err)
	}
	return codes, nil
}

// RecoveryLeft is how many recovery codes were not used yet.
func (s *Store) RecoveryLeft(ctx context.Context, staff int64) (int, error) {
	var n int
	if err := s.db.Get(ctx, `select count(*) from staff_recovery where staff = $1`, []any{staff}, &n); err != nil {
		return 0, fmt.Errorf("count recovery codes: %w", err)
	}
	return n, nil
}

// DropSecond removes the second factor of an officer whose roles do not ask for
// one, after the password. Denied when they do.
func (s *Store) DropSecond(ctx context.Context, staff int64, password string) error {
	o, err := s.Officer(ctx, staff)
	if err != nil {
		return err
	}
	if o.NeedsSecond() {
		return &bot.Error{Code: bot.Denied, Key: "bot.second_needed"}
	}
	if err := s.ask(ctx, staff, password); err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := s.clearSecond(tx, staff); err != nil {
			return err
		}
		return s.audit(tx, o.Actor(), "account.second_off", o.Actor(), "")
	})
	if err != nil {
		return fmt.Errorf("drop second factor: %w", err)
	}
	return nil
}

func (s *Store) clearSecond(tx *sqldb.Tx, staff int64) error {
	if _, err := tx.Exec(`update staff_accounts set totp = null, totp_next = null where staff = $1`, staff); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from staff_recovery where staff = $1`, staff)
	return err
}
