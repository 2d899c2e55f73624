// Package agencies is how a body hears of a complaint and answers it without
// learning a new system: by e-mail with a signed link to a page that works on a
// phone, in a group on a messenger with buttons and answers, or in the console.
//
// Everything that happens to a case happens through [cases.Desk]; this package
// listens to it, so that what is done on one side shows on the others, and what
// it queues commits with the change. Who a body is reached through stands in the
// [Book] of contacts, which comes from a workbook. A body that nobody can reach is an
// alarm, and the front desk is told instead.
//
// A link opens one case for one contact of one body until it expires; it is
// signed, and says nothing that a reader could not know. A group acts only after a
// one-time code linked it, and in it only members of staff whose chat was linked
// the same way; what each may do is decided by the grants.
package agencies

import (
	"context"
	"embed"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

//go:embed sql/*.sql
var schema embed.FS

//go:embed page/*.html
var pageFiles embed.FS

// Schema is this part's migrations of line "complaints": numbers 0040 to 0049.
func Schema() fs.FS {
	sub, err := fs.Sub(schema, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Email is the name of the channel that mails go through.
const Email = "email"

// Staff finds members of staff. bot/store implements it.
type Staff interface {
	bot.Staff
	OfficerByEmail(ctx context.Context, email string) (bot.Officer, error)
	Officers(ctx context.Context) ([]bot.Officer, error)
}

// File is a file of a case as the pages need it.
type File struct {
	ID    string
	Name  string // cleaned
	Photo bool
	Ready bool
	// Refused is the text key of why it is not taken, "" when it is.
	Refused string
}

// Files keeps and shows files. An adapter of bot/media implements it.
type Files interface {
	// Keep takes bytes that are here; *bot.Error Invalid when they are not taken.
	Keep(ctx context.Context, owner, name string, from io.Reader) (File, error)
	// Want takes an attachment of an update inside a turn.
	Want(ctx context.Context, tx bot.Tx, owner, channel string, m bot.Media) (File, error)
	Items(ctx context.Context, ids ...string) ([]File, error)
	// Owned returns those of the ids that belong to one of the owners.
	Owned(ctx context.Context, ids []string, owners ...string) ([]string, error)
	// Link is where a file can be read for a while without an account.
	Link(id string, thumb bool) string
}

// Options is what the part works with. All but Files, Alert and Log are required.
type Options struct {
	Desk      *cases.Desk
	Book      *Book
	Works     *bot.Works
	Read      Reader
	Sealer    bot.Sealer
	Directory func() *directory.Directory
	Calendar  func() *calendar.Calendar
	Texts     bot.Texts // asked only when something is said, so it may be filled after New
	Langs     []string  // the first is that of mails and groups
	Staff     Staff
	// LinkOfficer says, in a transaction, that a person on a messenger is a member of staff.
	LinkOfficer func(ctx context.Context, tx bot.Tx, officer int64, p bot.PersonID) error
	// Sent says what a message of ours was about that a platform knows by this
	// receipt: bot/store.SentThing.
	Sent    func(ctx context.Context, to bot.Address, receipt string) (string, error)
	Files   Files // nil where no files are taken
	Console *web.Console
	Fold    func(string) string
	Clean   func(string) string
	Now     func() time.Time
	// PublicURL is put before links in mails, without a slash at the end.
	PublicURL string
	// Has reports whether a channel is configured: without mail nobody is written to.
	Has func(channel string) bool
	// Audit notes an action in the kernel's audit trail, in its transaction.
	Audit cases.Audit
	// Alert tells those who run the system that something needs a person. In
	// English, and nothing personal.
	Alert func(ctx context.Context, text string)
	Log   *slog.Logger
}

type service struct {
	opt    Options
	desk   *cases.Desk
	book   *Book
	signer signer
	view   struct{ answer, form, confirm, bad, verify, contacts, contact, imported *web.View }
}

// New checks the options, listens to the desk and returns a part of the feature
// "complaints": its texts stand with those of the feature.
func New(o Options) (bot.Feature, error) {
	s, err := build(o)
	if err != nil {
		return bot.Feature{}, err
	}
	return s.feature(), nil
}

func build(o Options) (*service, error) {
	if o.Desk == nil || o.Book == nil || o.Works == nil || o.Read == nil || o.Sealer == nil || o.Directory == nil || o.Calendar == nil ||
		o.Texts == nil || len(o.Langs) == 0 || o.Staff == nil || o.LinkOfficer == nil || o.Sent == nil || o.Console == nil ||
		o.Fold == nil || o.Clean == nil || o.Now == nil || o.Has == nil || o.Audit == nil {
		return nil, errors.New("agencies: an option is missing; only Files, Alert and Log may be")
	}
	if !strings.HasPrefix(o.PublicURL, "http") || strings.HasSuffix(o.PublicURL, "/") {
		return nil, errors.New("agencies: PublicURL must be an address without a slash at the end")
	}
	if o.Alert == nil {
		o.Alert = func(context.Context, string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &service{opt: o, desk: o.Desk, book: o.Book, signer: signer{o.Sealer}}
	if err := s.views(); err != nil {
		return nil, err
	}
	o.Desk.Listen(s.hear)
	return s, nil
}

func (s *service) feature() bot.Feature {
	return bot.Feature{
		Name:     "complaints",
		Routes:   s.routes(),
		Jobs:     s.jobs(),
		Schema:   Schema(),
		Pages:    append(s.answerPages(), s.contactPages()...),
		Nav:      []bot.Nav{{Key: "complaints.nav_agency_contacts", Path: contactsPath, Roles: contactRoles()}},
		Commands: []bot.CommandHelp{{Command: "lienket", Key: "complaints.command_agency_link"}},
	}
}

// render renders a text outside of a message; what fails is logged and the key stands in.
func (s *service) render(lang, key string, args ...any) string {
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			m[name] = args[i+1]
		}
	}
	text, err := s.opt.Texts.Render(lang, key, m)
	if err != nil {
		s.opt.Log.Error("a text cannot be rendered", "key", key, "err", err)
	}
	return strings.TrimSpace(text)
}

// lang is the language of officers' mails and groups.
func (s *service) lang() string { return s.opt.Langs[0] }

func (s *service) bodyName(id string) string {
	if a, ok := s.opt.Directory().Agency(id); ok {
		return a.Name
	}
	return id
}

func (s *service) fieldName(id string) string {
	if f, ok := s.opt.Directory().Field(id); ok {
		return f.Name
	}
	return id
}

// placeName is the place to the level that lists may show.
func (s *service) placeName(id string) string {
	if p, ok := s.opt.Directory().Place(id); ok {
		return p.Name
	}
	return s.render(s.lang(), "complaints.agency_no_place")
}

// frontDesk is the body that reads what nobody else has, "" when the directory names none.
func (s *service) frontDesk() string {
	if a, ok := s.opt.Directory().FrontDesk(); ok {
		return a.ID
	}
	return ""
}
