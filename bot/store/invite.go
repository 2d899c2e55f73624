package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

func (s *Store) inviteKey(token string) string { return s.sealer.Digest("invitation\x1f" + token) }

// Invite makes a one-time link's token for an officer, good for three days; the
// ones before no longer work. It sets a new password; with reset it removes the second factor as well.
func (s *Store) Invite(ctx context.Context, staff int64, reset bool, actor string) (token string, expires time.Time, err error) {
	o, err := s.Officer(ctx, staff)
	if err != nil {
		return "", time.Time{}, err
	}
	if !o.Active || o.Email == "" {
		return "", time.Time{}, &bot.Error{Code: bot.Conflict, Key: "bot.invite_inactive"}
	}
	token, expires = bot.NewID(), s.now().Add(bot.InviteLength)
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`update staff_invitations set used = $2 where staff = $1 and used = 0`, staff, s.millis()); err != nil {
			return err
		}
		if err := s.writeInvitation(tx, staff, token, reset, expires); err != nil {
			return err
		}
		detail := ""
		if reset {
			detail = "second factor is removed with it"
		}
		return s.audit(tx, actor, "staff.invited", o.Actor(), detail)
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("invite: %w", err)
	}
	return token, expires, nil
}

func (s *Store) writeInvitation(tx *sqldb.Tx, staff any, token string, reset bool, expires time.Time) error {
	_, err := tx.Exec(`insert into staff_invitations (staff, digest, reset, created, expires) values ($1, $2, $3, $4, $5)`,
		staff, s.inviteKey(token), number(reset), s.millis(), expires.UnixMilli())
	return err
}

// countPasswords is how many accounts somebody could sign in with.
const countPasswords = `select count(*) from staff_accounts a join staff s on s.id = a.staff where a.password is not null and s.active = 1`

// FirstInvitation makes the token of the first start, with which the first
// account is made. Conflict when there is an account already; the tokens before no longer work.
func (s *Store) FirstInvitation(ctx context.Context) (token string, err error) {
	token = bot.NewID()
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		var n int
		if err := tx.Get(countPasswords, nil, &n); err != nil {
			return err
		}
		if n > 0 {
			return conflict("there is an account already")
		}
		if _, err := tx.Exec(`update staff_invitations set used = $1 where staff is null and used = 0`, s.millis()); err != nil {
			return err
		}
		return s.writeInvitation(tx, nil, token, false, s.now().Add(bot.InviteLength))
	})
	if err != nil {
		return "", fmt.Errorf("first invitation: %w", err)
	}
	return token, nil
}

// open is an invitation that can still be accepted.
type openInvitation struct {
	id, staff int64
	reset     bool
	expires   int64
}

func (s *Store) openInvitation(ctx context.Context, token string) (openInvitation, error) {
	var i openInvitation
	err := s.db.Get(ctx, `select id, coalesce(staff, 0), reset, expires from staff_invitations where digest = $1 and used = 0 and expires > $2`,
		[]any{s.inviteKey(token), s.millis()}, &i.id, &i.staff, &i.reset, &i.expires)
	if errors.Is(err, sql.ErrNoRows) {
		return i, notFound("there is no such invitation, or it was used or is too old")
	}
	if err != nil {
		return i, fmt.Errorf("find invitation: %w", err)
	}
	return i, nil
}

// Invitation finds an open invitation. Looking does not use it up: programs that
// check the links of a mail look at them, too.
func (s *Store) Invitation(ctx context.Context, token string) (bot.Invitation, error) {
	i, err := s.openInvitation(ctx, token)
	if err != nil {
		return bot.Invitation{}, err
	}
	out := bot.Invitation{First: i.staff == 0, Expires: bot.FromMillis(i.expires), Reset: i.reset}
	if i.staff != 0 {
		if out.Officer, err = s.Officer(ctx, i.staff); err != nil {
			return bot.Invitation{}, err
		}
		if !out.Officer.Active {
			return bot.Invitation{}, notFound("the officer is no longer active")
		}
	}
	return out, nil
}

// AcceptInvitation uses an invitation up: it sets the password, makes the first account
// where the invitation is for that, ends the officer's other sign-ins and opens one. NotFound
// when the invitation is no longer good; somebody else may have been first.
func (s *Store) AcceptInvitation(ctx context.Context, token string, a bot.Acceptance) (session string, stage bot.Stage, err error) {
	inv, err := s.Invitation(ctx, token)
	if err != nil {
		return "", "", err
	}
	i, err := s.openInvitation(ctx, token)
	if err != nil {
		return "", "", err
	}
	o := inv.Officer
	if inv.First {
		o = bot.Officer{Name: a.Name, Email: a.Email, Active: true, Grants: []bot.Grant{{Role: bot.RoleOperator}}}
	}
	if err := checkOfficer(o); err != nil {
		return "", "", err
	}
	if err := checkPassword(a.Password, o); err != nil {
		return "", "", err
	}
	hash, err := s.hashPassword(ctx, a.Password)
	if err != nil {
		return "", "", err
	}
	session = bot.NewID()
	err = s.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		stage, err = s.acceptInvitation(tx, i, o, a, hash, session)
		return err
	})
	switch {
	case sqldb.IsUnique(err):
		return "", "", &bot.Error{Code: bot.Conflict, Key: "bot.email_taken"}
	case err != nil:
		return "", "", fmt.Errorf("accept invitation: %w", err)
	}
	return session, stage, nil
}

func (s *Store) acceptInvitation(tx *sqldb.Tx, i openInvitation, o bot.Officer, a bot.Acceptance, hash, session string) (bot.Stage, error) {
	n, err := tx.Exec(`update staff_invitations set used = $2 where id = $1 and used = 0 and expires > $2`, i.id, s.millis())
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", notFound("the invitation was used by somebody else")
	}
	if i.staff == 0 {
		var accounts int
		if err := tx.Get(countPasswords, nil, &accounts); err != nil {
			return "", err
		}
		if accounts > 0 {
			return "", notFound("there is an account already")
		}
		if o.ID, err = s.writeOfficer(tx, o); err != nil {
			return "", err
		}
		if err := s.writeGrants(tx, o); err != nil {
			return "", err
		}
		if err := s.audit(tx, "first-start", "staff.added", o.Actor(), grantsText(o.Grants)); err != nil {
			return "", err
		}
	}
	if err := s.writePassword(tx, o.ID, hash); err != nil {
		return "", err
	}
	if i.reset {
		if err := s.clearSecond(tx, o.ID); err != nil {
			return "", err
		}
	}
	if err := s.writeVoice(tx, o.ID, a); err != nil {
		return "", err
	}
	if err := s.endSessions(tx, o.ID, 0); err != nil {
		return "", err
	}
	if err := s.audit(tx, o.Actor(), "staff.accepted", o.Actor(), ""); err != nil {
		return "", err
	}
	stage := bot.StageOpen
	var second int
	if err := tx.Get(`select count(*) from staff_accounts where staff = $1 and totp is not null`, []any{o.ID}, &second); err != nil {
		return "", err
	}
	if second > 0 {
		stage = bot.StageCode
	}
	return stage, s.newSession(tx, o.ID, session, stage, a.Browser)
}

// writeVoice keeps what the officer chose on the page of the invitation, if anything.
func (s *Store) writeVoice(tx *sqldb.Tx, staff int64, a bot.Acceptance) error {
	if a.Lang == "vi" || a.Lang == "en" {
		if _, err := tx.Exec(`update staff_accounts set lang = $2 where staff = $1`, staff, a.Lang); err != nil {
			return err
		}
	}
	if a.Form == bot.FormPlain || a.Form == bot.FormComrade {
		if _, err := tx.Exec(`update staff_accounts set form = $2 where staff = $1`, staff, a.Form); err != nil {
			return err
		}
	}
	return nil
}

// checkOfficer finds what is wrong with an officer's name and address.
func checkOfficer(o bot.Officer) error {
	name, email := strings.TrimSpace(o.Name), strings.TrimSpace(o.Email)
	local, host, at := strings.Cut(email, "@")
	switch {
	case name == "" || utf8.RuneCountInString(name) > bot.MaxName:
		return &bot.Error{Code: bot.Invalid, Key: "bot.name_needed", Detail: "an officer needs a name"}
	case email == "":
		return nil
	case !at || local == "" || !strings.Contains(host, ".") || len(email) > bot.MaxEmail || strings.ContainsAny(email, " \t\r\n<>,;\"") || strings.Contains(host, "@"):
		return &bot.Error{Code: bot.Invalid, Key: "bot.email_needed"}
	}
	return nil
}
