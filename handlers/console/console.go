// Package console is where officers sign in and where those who run the system
// look after it: accounts and rights, the audit trail, what could not be sent or answered,
// and a start page with the figures of every feature. Other features bring their own pages;
// the kit they all stand on is bot/web.
package console

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/knowledge/directory"
)

//go:embed page/*.html
var pageFiles embed.FS

//go:embed text/*.toml
var textFiles embed.FS

// Accounts keeps officers, their rights, passwords and sign-ins. bot/store implements it.
type Accounts interface {
	SignIn(ctx context.Context, c bot.Credentials) (token string, stage bot.Stage, err error)
	Confirm(ctx context.Context, token, code string) (fresh string, err error)
	Signed(ctx context.Context, token string) (bot.Signed, error)
	SignOut(ctx context.Context, token string) error
	SignIns(ctx context.Context, staff int64) ([]bot.SignIn, error)
	EndSignIn(ctx context.Context, staff, session int64, actor string) error
	EndSignIns(ctx context.Context, staff, spare int64, actor string) error

	SetPassword(ctx context.Context, staff, session int64, old, password string) error
	SetVoice(ctx context.Context, staff int64, lang, form string) error
	BeginSecond(ctx context.Context, staff int64, password string) error
	PendingSecond(ctx context.Context, staff int64) (uri, secret string, err error)
	EndSecond(ctx context.Context, staff, session int64, code string) ([]string, error)
	DropSecond(ctx context.Context, staff int64, password string) error
	NewRecovery(ctx context.Context, staff int64, password string) ([]string, error)
	RecoveryLeft(ctx context.Context, staff int64) (int, error)

	Invite(ctx context.Context, staff int64, reset bool, actor string) (token string, expires time.Time, err error)
	Invitation(ctx context.Context, token string) (bot.Invitation, error)
	AcceptInvitation(ctx context.Context, token string, a bot.Acceptance) (session string, stage bot.Stage, err error)

	Accounts(ctx context.Context) ([]bot.Account, error)
	Account(ctx context.Context, staff int64) (bot.Account, error)
	SaveOfficer(ctx context.Context, o bot.Officer, actor string) (int64, error)
	Rename(ctx context.Context, staff int64, name, email, actor string) error
	Grant(ctx context.Context, staff int64, g bot.Grant, actor string) error
	Revoke(ctx context.Context, staff int64, g bot.Grant, actor string) error
	SetActive(ctx context.Context, staff int64, active bool, actor string) error
}

// Trail is the audit trail. bot/store implements it.
type Trail interface {
	ListAudit(ctx context.Context, f bot.AuditFilter) ([]bot.AuditEntry, error)
	VerifyAudit(ctx context.Context) (whole, broken int64, err error)
	AuditHead(ctx context.Context) (bot.AuditHead, error)
}

// Letters are the updates and messages that did not get through. bot/store implements it.
type Letters interface {
	ListInbox(ctx context.Context, failed bool, after int64, limit int) ([]bot.InboxRow, error)
	ListOutbox(ctx context.Context, f bot.OutboxFilter) ([]bot.OutboxRow, error)
	RetryInbox(ctx context.Context, turn int64, actor, reason string) error
	DropInbox(ctx context.Context, turn int64, actor, reason string) error
	RetryRow(ctx context.Context, row int64, actor, reason string) error
	DropRow(ctx context.Context, row int64, actor, reason string) error
}

// Options configure the feature. Everything but Features, Wake and Now is required.
type Options struct {
	Console   *web.Console
	Accounts  Accounts
	Trail     Trail
	Letters   Letters
	Directory func() *directory.Directory
	// Features are those whose figures the start page shows.
	Features []bot.Feature
	// Counts are the letters by kind, for the start page.
	Counts    func(ctx context.Context) (Counts, error)
	PublicURL string
	Wake      func() // told when messages wait again; may be nil
	Now       func() time.Time
}

// Counts are how many updates and messages did not get through.
type Counts struct{ Failed, Dead, Held int }

// service is the feature.
type service struct {
	opt   Options
	kit   *web.Console
	views map[string]*web.View
	reach reach
}

// New builds the feature "console".
func New(o Options) (bot.Feature, error) {
	if o.Console == nil || o.Accounts == nil || o.Trail == nil || o.Letters == nil || o.Directory == nil || o.Counts == nil || o.PublicURL == "" {
		return bot.Feature{}, errors.New("console: the kit, accounts, the audit trail, letters, their counts, a directory and the public address are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	s := &service{opt: o, kit: o.Console, views: map[string]*web.View{}, reach: reachOf(o.Features)}
	names, err := fs.Glob(pageFiles, "page/*.html")
	if err != nil {
		return bot.Feature{}, err
	}
	for _, name := range names {
		if s.views[name], err = s.kit.View(pageFiles, name); err != nil {
			return bot.Feature{}, err
		}
	}
	return bot.Feature{Name: "console", Texts: textFiles, Pages: s.pages(), Nav: nav()}, nil
}

// InvitationPath is where an invitation is accepted; its token follows.
const InvitationPath = "/console/invitation/"

// Paths of the feature's own pages; those of the sign-in are the kit's.
const (
	usersPath   = "/console/users"
	auditPath   = "/console/audit"
	lettersPath = "/console/letters"
)

func nav() []bot.Nav {
	return []bot.Nav{
		{Key: "console.nav_home", Path: web.HomePath, Roles: everybody()},
		{Key: "console.nav_letters", Path: lettersPath, Roles: operators()},
		{Key: "console.nav_users", Path: usersPath, Roles: operators()},
		{Key: "console.nav_audit", Path: auditPath, Roles: auditors()},
		{Key: "console.nav_account", Path: web.AccountPath, Roles: everybody()},
	}
}

func everybody() []bot.Role { return []bot.Role{bot.AnyRole} }
func operators() []bot.Role { return []bot.Role{bot.RoleOperator} }
func auditors() []bot.Role  { return []bot.Role{bot.RoleOperator, bot.RoleOwner} }

// maxForm is the largest form of these pages, in bytes.
const maxForm = 64 << 10

func (s *service) pages() []bot.Page {
	page := func(pattern string, roles []bot.Role, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: roles, Body: maxForm, Handler: h}
	}
	return []bot.Page{
		page("GET "+web.HomePath, everybody(), s.home),
		page("GET "+web.HomePath+"/{$}", everybody(), func(w http.ResponseWriter, r *http.Request) { s.kit.Redirect(w, r, web.HomePath) }),
		page("GET "+web.SignInPath, nil, s.signInPage),
		page("POST "+web.SignInPath, nil, s.signIn),
		page("GET "+web.CodePath, nil, s.codePage),
		page("POST "+web.CodePath, nil, s.code),
		page("POST "+web.SignOutPath, nil, s.signOut),
		page("GET "+InvitationPath+"{token}", nil, s.invitationPage),
		page("POST "+InvitationPath+"{token}", nil, s.accept),

		page("GET "+web.AccountPath, everybody(), s.accountPage),
		page("POST "+web.AccountPath, everybody(), s.saveVoice),
		page("POST "+web.AccountPath+"/password", everybody(), s.savePassword),
		page("POST "+web.AccountPath+"/sign-ins", everybody(), s.endSignIns),
		page("GET "+web.SetUpPath, everybody(), s.secondPage),
		page("POST "+web.SetUpPath, everybody(), s.endSecond),
		page("POST "+web.SetUpPath+"/begin", everybody(), s.beginSecond),
		page("GET "+web.SetUpPath+"/qr.png", everybody(), s.secondCode),
		page("POST "+web.SetUpPath+"/off", everybody(), s.dropSecond),
		page("POST "+web.SetUpPath+"/recovery", everybody(), s.newRecovery),

		page("GET "+usersPath, operators(), s.usersPage),
		page("GET "+usersPath+"/new", operators(), s.newUserPage),
		page("POST "+usersPath+"/new", operators(), s.newUser),
		page("GET "+usersPath+"/{id}", operators(), s.userPage),
		page("POST "+usersPath+"/{id}/name", operators(), s.rename),
		page("POST "+usersPath+"/{id}/grant", operators(), s.grant),
		page("POST "+usersPath+"/{id}/revoke", operators(), s.revoke),
		page("POST "+usersPath+"/{id}/invite", operators(), s.invite),
		page("POST "+usersPath+"/{id}/active", operators(), s.setActive),
		page("POST "+usersPath+"/{id}/sign-out", operators(), s.endUserSignIns),

		page("GET "+auditPath, auditors(), s.auditPage),
		page("POST "+auditPath+"/verify", auditors(), s.verify),

		page("GET "+lettersPath, operators(), s.lettersPage),
		page("POST "+lettersPath, operators(), s.operate),
	}
}

// render shows a page of this feature.
func (s *service) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	s.kit.Render(w, r, status, s.views["page/"+name+".html"], data)
}
