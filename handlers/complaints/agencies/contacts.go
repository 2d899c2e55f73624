package agencies

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/knowledge/directory"
)

// Role is what a contact is for inside its body.
type Role string

// The roles. A leader approves answers, grants extensions and hears of what is
// late; the desk is where papers come in and hears when nobody else does.
const (
	Officer Role = "officer"
	Leader  Role = "leader"
	Counter Role = "desk"
)

func (r Role) valid() bool { return r == Officer || r == Leader || r == Counter }

// Contact is a person through whom a body is reached.
type Contact struct {
	ID     int64
	Body   string // id of the directory
	Role   Role
	Name   string
	Email  string
	Phone  string // for colleagues; never shown to citizens
	Active bool
	// StandIn hears and answers instead until Away; 0 for nobody.
	StandIn  int64
	Away     time.Time
	Tested   time.Time // last test message; zero never
	Verified time.Time // when the address was confirmed; zero not yet
	Epoch    int64
}

// AwayAt reports whether somebody else hears instead at that time.
func (c Contact) AwayAt(now time.Time) bool { return c.StandIn != 0 && now.Before(c.Away) }

// Limits of contacts.
const (
	MaxContacts  = 5000 // all bodies together
	maxOfBody    = 30
	maxName      = 100 // letters
	maxEmail     = 200 // bytes
	maxPhone     = 20
	maxAway      = 365 * 24 * time.Hour
	freshPerDay  = 3 // new links a contact may be sent on request, a day
	maxEveryBody = 5000
)

// Reader reads what is committed. *sql.DB implements it, and so does a bot.Tx.
type Reader = bot.Reader

// BookOptions is what a Book works with; all are required.
type BookOptions struct {
	Read      Reader
	Sealer    bot.Sealer
	Directory func() *directory.Directory
	Fold      func(string) string // lower case without marks, for names
	Clean     func(string) string // NFC, printable, trimmed
	Now       func() time.Time
	// ValidAddress says what the mail channel takes for an address.
	ValidAddress func(string) bool
}

// Book keeps the contacts of all bodies.
type Book struct{ opt BookOptions }

// NewBook checks the options.
func NewBook(o BookOptions) (*Book, error) {
	if o.Read == nil || o.Sealer == nil || o.Directory == nil || o.Fold == nil || o.Clean == nil || o.Now == nil || o.ValidAddress == nil {
		return nil, errors.New("agencies: a book needs Read, Sealer, Directory, Fold, Clean, Now and ValidAddress")
	}
	return &Book{opt: o}, nil
}

type contactProfile struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Phone string `json:"phone,omitempty"`
}

func profilePlace(ref string) string { return "complaints_contacts/profile/" + ref }

func (b *Book) emailKey(email string) string {
	return b.opt.Sealer.Digest("complaints.contact\x1f" + strings.ToLower(email))
}

// check tidies a contact and says what is wrong with it, as a text key.
func (b *Book) check(c *Contact) *bot.Error {
	bad := func(key string) *bot.Error { return &bot.Error{Code: bot.Invalid, Key: key} }
	c.Body, c.Name, c.Email, c.Phone = strings.TrimSpace(c.Body), oneLine(b.opt.Clean(c.Name)), strings.TrimSpace(c.Email), strings.TrimSpace(c.Phone)
	a, ok := b.opt.Directory().Agency(c.Body)
	switch {
	case !ok || a.Template != "":
		return bad("complaints.agency_contact_no_body")
	case !b.opt.Directory().InOffice(a):
		return bad("complaints.agency_contact_ended_body")
	case c.Name == "" || utf8.RuneCountInString(c.Name) > maxName:
		return bad("complaints.agency_contact_no_name")
	case !c.Role.valid():
		return bad("complaints.agency_contact_no_role")
	case !validEmail(c.Email) || !b.opt.ValidAddress(c.Email):
		return bad("complaints.agency_contact_no_email")
	case c.Phone != "" && !validPhone(c.Phone):
		return bad("complaints.agency_contact_no_phone")
	}
	return nil
}

// validEmail takes a bare address and nothing that a header could be made of.
func validEmail(s string) bool {
	if s == "" || len(s) > maxEmail || strings.ContainsAny(s, "\r\n\t <>\"(),;\\") {
		return false
	}
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return false
	}
	at := strings.LastIndexByte(s, '@')
	return at > 0 && strings.Contains(s[at+1:], ".")
}

func validPhone(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune("+ .-", r):
			return false
		}
	}
	return digits >= 3 && len(s) <= maxPhone
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Outcome says what saving a contact did.
type Outcome string

// The outcomes.
const (
	Added     Outcome = "added"
	Changed   Outcome = "changed"
	Unchanged Outcome = "unchanged"
)

// Save inserts a contact, or changes the one with its ID, or without an ID the
// one of that body and address. A changed address must be confirmed anew. It
// fails with *bot.Error Invalid, NotFound, or Conflict when the body has another
// contact with the address.
func (b *Book) Save(ctx context.Context, tx bot.Tx, c Contact) (Contact, Outcome, error) {
	if e := b.check(&c); e != nil {
		return c, "", e
	}
	have, err := b.find(ctx, tx, c)
	if err != nil {
		return c, "", err
	}
	now := b.opt.Now().UnixMilli()
	if have == nil {
		if err := b.room(ctx, tx, c.Body); err != nil {
			return c, "", err
		}
		c.Epoch = 1
		c.ID, err = b.insert(ctx, tx, c, now)
		return c, Added, err
	}
	c.ID, c.Epoch, c.StandIn, c.Away, c.Tested, c.Verified = have.ID, have.Epoch, have.StandIn, have.Away, have.Tested, have.Verified
	if !strings.EqualFold(have.Email, c.Email) {
		c.Epoch, c.Verified, c.Tested = c.Epoch+1, time.Time{}, time.Time{}
	}
	if !c.Active && have.Active {
		c.Epoch++ // the links of somebody who left open nothing, also if he comes back
	}
	if c == have.Contact {
		return c, Unchanged, nil
	}
	return c, Changed, b.update(ctx, tx, *have, c, now)
}

type storedContact struct {
	Contact
	ref string
}

func (b *Book) find(ctx context.Context, tx bot.Tx, c Contact) (*storedContact, error) {
	where, args := `body = $1 and email_key = $2`, []any{c.Body, b.emailKey(c.Email)}
	if c.ID != 0 {
		where, args = `id = $1`, []any{c.ID}
	}
	found, err := b.query(ctx, tx, where, args...)
	switch {
	case err != nil:
		return nil, err
	case len(found) > 0:
		return &found[0], nil
	case c.ID != 0:
		return nil, &bot.Error{Code: bot.NotFound, Key: "complaints.agency_contact_gone"}
	}
	return nil, nil
}

func (b *Book) room(ctx context.Context, tx bot.Tx, body string) error {
	var all, here int
	if err := tx.QueryRowContext(ctx, `select count(*), coalesce(sum(case when body = $1 then 1 else 0 end), 0) from complaints_contacts`, body).
		Scan(&all, &here); err != nil {
		return fmt.Errorf("count contacts: %w", err)
	}
	if all >= MaxContacts || here >= maxOfBody {
		return &bot.Error{Code: bot.Invalid, Key: "complaints.agency_contact_too_many"}
	}
	return nil
}

func (b *Book) seal(c Contact, ref string) ([]byte, error) {
	plain, err := json.Marshal(contactProfile{Name: c.Name, Email: c.Email, Phone: c.Phone})
	if err != nil {
		return nil, fmt.Errorf("write contact down: %w", err)
	}
	sealed, err := b.opt.Sealer.Seal(plain, profilePlace(ref))
	if err != nil {
		return nil, fmt.Errorf("seal contact: %w", err)
	}
	return sealed, nil
}

func (b *Book) insert(ctx context.Context, tx bot.Tx, c Contact, now int64) (id int64, err error) {
	ref := bot.NewID()
	sealed, err := b.seal(c, ref)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `insert into complaints_contacts
		(ref, body, role, email_key, profile, active, epoch, stand_in, away, tested, verified, asked, asks, created, updated)
		values ($1, $2, $3, $4, $5, $6, 1, 0, 0, 0, 0, 0, 0, $7, $7) returning id`,
		ref, c.Body, string(c.Role), b.emailKey(c.Email), sealed, flag(c.Active), now).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("insert contact: %w", err)
	}
	return id, nil
}

func (b *Book) update(ctx context.Context, tx bot.Tx, have storedContact, c Contact, now int64) error {
	sealed, err := b.seal(c, have.ref)
	if err != nil {
		return err
	}
	var twin int64
	err = tx.QueryRowContext(ctx, `select id from complaints_contacts where body = $1 and email_key = $2 and id <> $3`,
		c.Body, b.emailKey(c.Email), c.ID).Scan(&twin)
	switch {
	case err == nil:
		return &bot.Error{Code: bot.Conflict, Key: "complaints.agency_contact_twice"}
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("find contact: %w", err)
	}
	_, err = tx.ExecContext(ctx, `update complaints_contacts set body = $2, role = $3, email_key = $4, profile = $5, active = $6,
		epoch = $7, tested = $8, verified = $9, updated = $10 where id = $1`,
		c.ID, c.Body, string(c.Role), b.emailKey(c.Email), sealed, flag(c.Active), c.Epoch, bot.Millis(c.Tested), bot.Millis(c.Verified), now)
	if err != nil {
		return fmt.Errorf("update contact: %w", err)
	}
	return nil
}

// SetAway lets another contact of the same body hear and answer until a time; a
// stand-in of 0 ends it. Chains are not followed: the stand-in must be here.
func (b *Book) SetAway(ctx context.Context, tx bot.Tx, id, standIn int64, until time.Time) error {
	now := b.opt.Now()
	if standIn == 0 {
		until = time.Time{}
	} else {
		found, err := b.query(ctx, tx, `id in ($1, $2)`, id, standIn)
		if err != nil {
			return err
		}
		other := slices.IndexFunc(found, func(c storedContact) bool { return c.ID == standIn })
		switch {
		case id == standIn || len(found) != 2 || found[0].Body != found[1].Body || !found[other].Active || found[other].AwayAt(now):
			return &bot.Error{Code: bot.Invalid, Key: "complaints.agency_contact_no_stand_in"}
		case !until.After(now) || until.Sub(now) > maxAway:
			return &bot.Error{Code: bot.Invalid, Key: "complaints.agency_contact_no_day"}
		}
	}
	return b.touch(ctx, tx, `update complaints_contacts set stand_in = $2, away = $3, updated = $4 where id = $1`, id, standIn, bot.Millis(until), now.UnixMilli())
}

// markTested notes a test message, markVerified that its link was followed.
func (b *Book) markTested(ctx context.Context, tx bot.Tx, id int64) error {
	return b.touch(ctx, tx, `update complaints_contacts set tested = $2 where id = $1`, id, b.opt.Now().UnixMilli())
}

func (b *Book) markVerified(ctx context.Context, tx bot.Tx, id int64) error {
	return b.touch(ctx, tx, `update complaints_contacts set verified = $2 where id = $1`, id, b.opt.Now().UnixMilli())
}

// takeFresh counts a request for a new link; false when the day's are used up.
func (b *Book) takeFresh(ctx context.Context, tx bot.Tx, id int64) (bool, error) {
	day := b.opt.Now().Unix() / 86400
	res, err := tx.ExecContext(ctx, `update complaints_contacts set asks = case when asked = $2 then asks + 1 else 1 end, asked = $2
		where id = $1 and (asked <> $2 or asks < $3)`, id, day, freshPerDay)
	if err != nil {
		return false, fmt.Errorf("count requests for links: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func (b *Book) touch(ctx context.Context, tx bot.Tx, query string, args ...any) error {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("change contact: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, error(&bot.Error{Code: bot.NotFound, Key: "complaints.agency_contact_gone"}))
	}
	return nil
}

// Get returns one contact, or *bot.Error NotFound.
func (b *Book) Get(ctx context.Context, r Reader, id int64) (Contact, error) {
	found, err := b.query(ctx, r, `id = $1`, id)
	if err != nil {
		return Contact{}, err
	}
	if len(found) == 0 {
		return Contact{}, &bot.Error{Code: bot.NotFound, Key: "complaints.agency_contact_gone"}
	}
	return found[0].Contact, nil
}

// All lists the contacts of one body, or of all when body is "", also those
// that are no longer active: by body, then leaders first.
func (b *Book) All(ctx context.Context, body string) ([]Contact, error) {
	where, args := `id > $1`, []any{0}
	if body != "" {
		where, args = `body = $1`, []any{body}
	}
	return plain(b.query(ctx, b.opt.Read, where, args...))
}

// Of lists who is to hear of something at a body: the active contacts of these
// roles, each replaced by the stand-in while away. Read in the transaction of
// the change, so that what is told is what was committed.
func (b *Book) Of(ctx context.Context, r Reader, body string, roles ...Role) ([]Contact, error) {
	all, err := plain(b.query(ctx, r, `body = $1 and active = 1`, body))
	if err != nil {
		return nil, err
	}
	now := b.opt.Now()
	var out []Contact
	add := func(c Contact) {
		if !slices.ContainsFunc(out, func(o Contact) bool { return strings.EqualFold(o.Email, c.Email) }) {
			out = append(out, c)
		}
	}
	for _, c := range all {
		if !slices.Contains(roles, c.Role) {
			continue
		}
		if c.AwayAt(now) {
			i := slices.IndexFunc(all, func(o Contact) bool { return o.ID == c.StandIn })
			if i >= 0 && !all[i].AwayAt(now) {
				c = all[i]
			}
		}
		add(c)
	}
	return out, nil
}

func plain(found []storedContact, err error) ([]Contact, error) {
	out := make([]Contact, len(found))
	for i, c := range found {
		out[i] = c.Contact
	}
	return out, err
}

func (b *Book) query(ctx context.Context, r Reader, where string, args ...any) (out []storedContact, err error) {
	rows, err := r.QueryContext(ctx, `select id, ref, body, role, profile, active, epoch, stand_in, away, tested, verified
		from complaints_contacts where `+where+` order by body, case role when 'leader' then 0 when 'officer' then 1 else 2 end, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c storedContact
		var sealed []byte
		var away, tested, verified int64
		if err := rows.Scan(&c.ID, &c.ref, &c.Body, &c.Role, &sealed, &c.Active, &c.Epoch, &c.StandIn, &away, &tested, &verified); err != nil {
			return nil, fmt.Errorf("read contacts: %w", err)
		}
		plain, err := b.opt.Sealer.Open(sealed, profilePlace(c.ref))
		if err != nil {
			return nil, fmt.Errorf("open contact %d: %w", c.ID, err)
		}
		var p contactProfile
		if err := json.Unmarshal(plain, &p); err != nil {
			return nil, fmt.Errorf("contact %d cannot be read", c.ID)
		}
		c.Name, c.Email, c.Phone = p.Name, p.Email, p.Phone
		c.Away, c.Tested, c.Verified = bot.FromMillis(away), bot.FromMillis(tested), bot.FromMillis(verified)
		out = append(out, c)
		if len(out) > MaxContacts {
			return nil, fmt.Errorf("more than %d contacts", MaxContacts)
		}
	}
	return out, rows.Err()
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Ways counts how a body hears of complaints.
type Ways struct {
	People      int // active contacts
	Unconfirmed int // of them, those whose address nobody has confirmed
	Groups      int // linked groups on messengers
}

// Reached lists the bodies that hear of complaints, with how.
func (b *Book) Reached(ctx context.Context) (out map[string]Ways, err error) {
	people, err := plain(b.query(ctx, b.opt.Read, `active = 1`))
	if err != nil {
		return nil, err
	}
	out = map[string]Ways{}
	for _, c := range people {
		w := out[c.Body]
		w.People++
		if c.Verified.IsZero() {
			w.Unconfirmed++
		}
		out[c.Body] = w
	}
	rows, err := b.opt.Read.QueryContext(ctx, `select body, count(*) from complaints_groups where gone = 0 group by body`)
	if err != nil {
		return nil, fmt.Errorf("count groups: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var body string
		var n int
		if err := rows.Scan(&body, &n); err != nil {
			return nil, fmt.Errorf("count groups: %w", err)
		}
		w := out[body]
		w.Groups = n
		out[body] = w
	}
	return out, rows.Err()
}
