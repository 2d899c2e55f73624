package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
)

// Limits of staff.
const (
	maxStaff  = 10_000 // that Officers lists
	maxGrants = 100    // of one officer
)

// staffProfile is the sealed part of an officer.
type staffProfile struct {
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

const selectStaff = `select id, coalesce(person, 0), ref, profile, active from staff where `

// OfficerOf finds the officer behind a person.
func (s *Store) OfficerOf(ctx context.Context, p bot.PersonID) (bot.Officer, error) {
	return s.officer(ctx, selectStaff+"person = $1", int64(p))
}

// Officer finds an officer by number.
func (s *Store) Officer(ctx context.Context, id int64) (bot.Officer, error) {
	return s.officer(ctx, selectStaff+"id = $1", id)
}

// OfficerByEmail finds an officer by the address that signs in, in any case of letters.
func (s *Store) OfficerByEmail(ctx context.Context, email string) (bot.Officer, error) {
	return s.officer(ctx, selectStaff+"email_key = $1", s.emailKey(email))
}

func (s *Store) emailKey(email string) string {
	return s.sealer.Digest("email\x1f" + strings.ToLower(strings.TrimSpace(email)))
}

func (s *Store) officer(ctx context.Context, query string, arg any) (bot.Officer, error) {
	found, err := s.officers(ctx, query, arg)
	if err != nil {
		return bot.Officer{}, err
	}
	if len(found) == 0 {
		return bot.Officer{}, notFound("there is no such officer")
	}
	return found[0], nil
}

// Officers lists everybody, also those no longer active, by number.
func (s *Store) Officers(ctx context.Context) ([]bot.Officer, error) {
	return s.officers(ctx, selectStaff+"id > $1 order by id", 0)
}

func (s *Store) officers(ctx context.Context, query string, arg any) ([]bot.Officer, error) {
	var out []bot.Officer
	err := s.db.Each(ctx, query, []any{arg}, func(r *sql.Rows) error {
		var o bot.Officer
		var ref string
		var sealed []byte
		if err := r.Scan(&o.ID, &o.Person, &ref, &sealed, &o.Active); err != nil {
			return err
		}
		if len(out) == maxStaff {
			return fmt.Errorf("more than %d officers", maxStaff)
		}
		plain, err := s.sealer.Open(sealed, staffPlace(ref))
		if err != nil {
			return fmt.Errorf("officer %d: %w", o.ID, err)
		}
		var p staffProfile
		if err := json.Unmarshal(plain, &p); err != nil {
			return fmt.Errorf("officer %d: the profile cannot be read", o.ID)
		}
		o.Name, o.Email = p.Name, p.Email
		out = append(out, o)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read staff: %w", err)
	}
	for i := range out {
		if out[i].Grants, err = s.grants(ctx, out[i].ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Store) grants(ctx context.Context, id int64) ([]bot.Grant, error) {
	var out []bot.Grant
	err := s.db.Each(ctx, `select role, agency, place from staff_grants where staff = $1 order by role, agency, place`,
		[]any{id}, func(r *sql.Rows) error {
			var g bot.Grant
			err := r.Scan(&g.Role, &g.Scope.Agency, &g.Scope.Place)
			out = append(out, g)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read grants: %w", err)
	}
	return out, nil
}

// SaveOfficer inserts an officer whose ID is 0 or rewrites one, grants and all,
// and notes in the audit trail that actor did it. It fails with an *Error
// Conflict when the address or the person belongs to another officer.
func (s *Store) SaveOfficer(ctx context.Context, o bot.Officer, actor string) (int64, error) {
	if strings.TrimSpace(o.Name) == "" {
		return 0, invalid("an officer needs a name")
	}
	if len(o.Grants) > maxGrants {
		return 0, invalid(fmt.Sprintf("an officer has at most %d grants", maxGrants))
	}
	id := o.ID
	err := s.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		action := "staff.changed"
		if o.ID == 0 {
			action = "staff.added"
		}
		if id, err = s.writeOfficer(tx, o); err != nil {
			return err
		}
		if _, err := tx.Exec(`delete from staff_grants where staff = $1`, id); err != nil {
			return err
		}
		for _, g := range o.Grants {
			if _, err := tx.Exec(`insert into staff_grants (staff, role, agency, place) values ($1, $2, $3, $4) on conflict do nothing`,
				id, string(g.Role), g.Scope.Agency, g.Scope.Place); err != nil {
				return err
			}
		}
		return s.audit(tx, actor, action, fmt.Sprintf("staff:%d", id), "")
	})
	switch {
	case sqldb.IsUnique(err):
		return 0, conflict("the e-mail address or the person belongs to another officer")
	case err != nil:
		return 0, fmt.Errorf("save officer: %w", err)
	}
	return id, nil
}

func (s *Store) writeOfficer(tx *sqldb.Tx, o bot.Officer) (int64, error) {
	var person, email any // null: not linked, none given
	if o.Person != 0 {
		person = int64(o.Person)
	}
	if strings.TrimSpace(o.Email) != "" {
		email = s.emailKey(o.Email)
	}
	ref := bot.NewID()
	if o.ID != 0 {
		err := tx.Get(`select ref from staff where id = $1`, []any{o.ID}, &ref)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, notFound("there is no such officer")
		}
		if err != nil {
			return 0, err
		}
	}
	plain, err := json.Marshal(staffProfile{Name: o.Name, Email: o.Email})
	if err != nil {
		return 0, err
	}
	sealed, err := s.sealer.Seal(plain, staffPlace(ref))
	if err != nil {
		return 0, err
	}
	if o.ID != 0 {
		_, err := tx.Exec(`update staff set person = $2, email_key = $3, profile = $4, active = $5 where id = $1`,
			o.ID, person, email, sealed, number(o.Active))
		return o.ID, err
	}
	var id int64
	err = tx.Get(`insert into staff (person, ref, email_key, profile, active, since) values ($1, $2, $3, $4, $5, $6) returning id`,
		[]any{person, ref, email, sealed, number(o.Active), s.millis()}, &id)
	return id, err
}
