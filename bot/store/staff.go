package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
// and notes in the audit trail that actor did it. Who is no longer active is signed
// out at once. It fails with an *Error Conflict when the address or the person belongs to another
// officer, or when nobody would be left who runs the system.
func (s *Store) SaveOfficer(ctx context.Context, o bot.Officer, actor string) (int64, error) {
	if err := checkOfficer(o); err != nil {
		return 0, err
	}
	if len(o.Grants) > maxGrants {
		return 0, invalid(fmt.Sprintf("an officer has at most %d grants", maxGrants))
	}
	action := "staff.changed"
	if o.ID == 0 {
		action = "staff.added"
	}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		ran, err := operators(tx)
		if err != nil {
			return err
		}
		if o.ID, err = s.writeOfficer(tx, o); err != nil {
			return err
		}
		if err := s.writeGrants(tx, o); err != nil {
			return err
		}
		if !o.Active {
			if err := s.shutOut(tx, o.ID); err != nil {
				return err
			}
		}
		return errors.Join(stillRuns(tx, ran), s.audit(tx, actor, action, o.Actor(), grantsText(o.Grants)))
	})
	return o.ID, saved(err)
}

// saved explains why an officer could not be written.
func saved(err error) error {
	switch {
	case err == nil:
		return nil
	case sqldb.IsUnique(err):
		return &bot.Error{Code: bot.Conflict, Key: "bot.email_taken", Detail: "the e-mail address or the person belongs to another officer"}
	}
	return fmt.Errorf("save officer: %w", err)
}

// shutOut ends everything an officer could come in with.
func (s *Store) shutOut(tx *sqldb.Tx, staff int64) error {
	if err := s.endSessions(tx, staff, 0); err != nil {
		return err
	}
	_, err := tx.Exec(`update staff_invitations set used = $2 where staff = $1 and used = 0`, staff, s.millis())
	return err
}

// operators counts who runs the system.
func operators(tx *sqldb.Tx) (n int, err error) {
	err = tx.Get(`select count(distinct s.id) from staff s join staff_grants g on g.staff = s.id
		where s.active = 1 and g.role = 'operator' and g.agency = '' and g.place = ''`, nil, &n)
	return n, err
}

// stillRuns keeps the last one who runs the system from being shut out.
func stillRuns(tx *sqldb.Tx, before int) error {
	if before == 0 {
		return nil
	}
	now, err := operators(tx)
	if err == nil && now == 0 {
		err = &bot.Error{Code: bot.Conflict, Key: "bot.last_operator"}
	}
	return err
}

func (s *Store) writeGrants(tx *sqldb.Tx, o bot.Officer) error {
	if _, err := tx.Exec(`delete from staff_grants where staff = $1`, o.ID); err != nil {
		return err
	}
	for _, g := range o.Grants {
		if err := addGrant(tx, o.ID, g); err != nil {
			return err
		}
	}
	return nil
}

func addGrant(tx *sqldb.Tx, staff int64, g bot.Grant) error {
	if !slices.Contains(bot.Roles(), g.Role) || len(g.Scope.Agency) > maxScope || len(g.Scope.Place) > maxScope {
		return invalid("there is no such role or scope")
	}
	_, err := tx.Exec(`insert into staff_grants (staff, role, agency, place) values ($1, $2, $3, $4) on conflict do nothing`,
		staff, string(g.Role), g.Scope.Agency, g.Scope.Place)
	return err
}

// maxScope is the most bytes of an agency or a place in a grant.
const maxScope = 120

// grantsText writes grants for the audit trail, cut to its limit.
func grantsText(gs []bot.Grant) string {
	var b strings.Builder
	for i, g := range gs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(grantText(g))
	}
	text := b.String()
	if len(text) > maxAudit {
		text = strings.ToValidUTF8(text[:maxAudit-3], "") + "…"
	}
	return text
}

func grantText(g bot.Grant) string {
	text := string(g.Role)
	if g.Scope.Agency != "" {
		text += " agency=" + g.Scope.Agency
	}
	if g.Scope.Place != "" {
		text += " place=" + g.Scope.Place
	}
	return text
}

// changeStaff runs f on one officer and notes it; nobody left to run the system undoes it.
func (s *Store) changeStaff(ctx context.Context, staff int64, actor, action, detail string, f func(*sqldb.Tx) error) error {
	return saved(s.db.Write(ctx, func(tx *sqldb.Tx) error {
		var there int
		if err := tx.Get(`select count(*) from staff where id = $1`, []any{staff}, &there); err != nil {
			return err
		}
		if there == 0 {
			return notFound("there is no such officer")
		}
		ran, err := operators(tx)
		if err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		if err := stillRuns(tx, ran); err != nil {
			return err
		}
		return s.audit(tx, actor, action, fmt.Sprintf("staff:%d", staff), detail)
	}))
}

// Grant gives an officer a role in a scope.
func (s *Store) Grant(ctx context.Context, staff int64, g bot.Grant, actor string) error {
	return s.changeStaff(ctx, staff, actor, "staff.granted", grantText(g), func(tx *sqldb.Tx) error {
		var n int
		if err := tx.Get(`select count(*) from staff_grants where staff = $1`, []any{staff}, &n); err != nil {
			return err
		}
		if n >= maxGrants {
			return invalid(fmt.Sprintf("an officer has at most %d grants", maxGrants))
		}
		return addGrant(tx, staff, g)
	})
}

// Revoke takes a role in exactly that scope back. NotFound when the officer does not hold it.
func (s *Store) Revoke(ctx context.Context, staff int64, g bot.Grant, actor string) error {
	return s.changeStaff(ctx, staff, actor, "staff.revoked", grantText(g), func(tx *sqldb.Tx) error {
		n, err := tx.Exec(`delete from staff_grants where staff = $1 and role = $2 and agency = $3 and place = $4`,
			staff, string(g.Role), g.Scope.Agency, g.Scope.Place)
		if err == nil && n == 0 {
			err = notFound("the officer does not hold this role in this scope")
		}
		return err
	})
}

// SetActive lets an officer in, or shuts him out: his sign-ins end at once.
func (s *Store) SetActive(ctx context.Context, staff int64, active bool, actor string) error {
	action := "staff.disabled"
	if active {
		action = "staff.enabled"
	}
	return s.changeStaff(ctx, staff, actor, action, "", func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`update staff set active = $2 where id = $1`, staff, number(active)); err != nil || active {
			return err
		}
		return s.shutOut(tx, staff)
	})
}

// Rename changes an officer's name and address.
func (s *Store) Rename(ctx context.Context, staff int64, name, email, actor string) error {
	o, err := s.Officer(ctx, staff)
	if err != nil {
		return err
	}
	if o.Name, o.Email = name, email; email == "" {
		return &bot.Error{Code: bot.Invalid, Key: "bot.email_needed"} // nobody could sign in with it
	}
	if err := checkOfficer(o); err != nil {
		return err
	}
	return s.changeStaff(ctx, staff, actor, "staff.renamed", "", func(tx *sqldb.Tx) error {
		return s.writeProfile(tx, staff, name, email)
	})
}

// Account finds one officer's account.
func (s *Store) Account(ctx context.Context, staff int64) (bot.Account, error) {
	o, err := s.Officer(ctx, staff)
	if err != nil {
		return bot.Account{}, err
	}
	facts, err := s.accountFacts(ctx)
	a := facts[staff]
	a.Officer = o
	return a, err
}

// Accounts lists everybody's account, also of those no longer active, by number.
func (s *Store) Accounts(ctx context.Context) ([]bot.Account, error) {
	all, err := s.Officers(ctx)
	if err != nil {
		return nil, err
	}
	facts, err := s.accountFacts(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]bot.Account, len(all))
	for i, o := range all {
		out[i] = facts[o.ID]
		out[i].Officer = o
	}
	return out, nil
}

func (s *Store) accountFacts(ctx context.Context) (map[int64]bot.Account, error) {
	out := map[int64]bot.Account{}
	err := s.db.Each(ctx, `select s.id, a.password is not null, a.totp is not null,
			coalesce((select max(i.expires) from staff_invitations i where i.staff = s.id and i.used = 0 and i.expires > $1), 0),
			coalesce((select max(x.seen) from staff_sessions x where x.staff = s.id and x.stage = 'open'), 0)
		from staff s left join staff_accounts a on a.staff = s.id`, []any{s.millis()}, func(r *sql.Rows) error {
		var id, invited, seen int64
		var a bot.Account
		err := r.Scan(&id, &a.Password, &a.Second, &invited, &seen)
		a.Invited, a.Seen = bot.FromMillis(invited), bot.FromMillis(seen)
		out[id] = a
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	return out, nil
}

// Granters names a few who run the system, for somebody who needs a right.
func (s *Store) Granters(ctx context.Context) ([]string, error) {
	found, err := s.officers(ctx, selectStaff+`active = 1 and id in (select staff from staff_grants where role = $1 and agency = '' and place = '') order by id limit 3`,
		string(bot.RoleOperator))
	var names []string
	for _, o := range found {
		names = append(names, o.Name)
	}
	return names, err
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

// writeProfile rewrites an officer's name and address and nothing else.
func (s *Store) writeProfile(tx *sqldb.Tx, staff int64, name, email string) error {
	var ref string
	if err := tx.Get(`select ref from staff where id = $1`, []any{staff}, &ref); err != nil {
		return err
	}
	plain, err := json.Marshal(staffProfile{Name: name, Email: email})
	if err != nil {
		return err
	}
	sealed, err := s.sealer.Seal(plain, staffPlace(ref))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update staff set email_key = $2, profile = $3 where id = $1`, staff, s.emailKey(email), sealed)
	return err
}
