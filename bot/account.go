package bot

import (
	"errors"
	"time"
)

// Address forms: how the console speaks to an officer.
const (
	FormPlain   = "plain"   // "anh/chị"
	FormComrade = "comrade" // "đồng chí"
)

// Stage is how far somebody who signs in has come.
type Stage string

// The stages of a sign-in.
const (
	StageCode  Stage = "code"  // the password was right; the code of the second factor is missing
	StageSetUp Stage = "setup" // signed in, but the officer's roles ask for a second factor that is not set up yet
	StageOpen  Stage = "open"  // signed in
)

// Signed is a sign-in to the console.
type Signed struct {
	Session int64 // its number
	Officer Officer
	Lang    string // "vi" or "en", as the officer chose
	Form    string // FormPlain or FormComrade
	Stage   Stage
	Since   time.Time
	Ends    time.Time // when it ends whatever happens
	// Second says that a second factor is set up.
	Second bool
}

// NeedsSecond reports whether the officer's roles ask for a second factor: those
// that publish or send in the name of a body do.
func (o Officer) NeedsSecond() bool {
	return o.HasAny(RoleHead, RoleEditor, RoleController, RoleOwner)
}

// Account is an officer as those see him who run the system.
type Account struct {
	Officer  Officer
	Password bool      // has one, so he can sign in
	Second   bool      // has a second factor
	Invited  time.Time // until when his open invitation is good; zero for none
	Seen     time.Time // when he was last signed in; zero for never or long ago
}

// SignIn is one sign-in as its owner sees it.
type SignIn struct {
	ID      int64
	Browser string // coarse: "Firefox · Windows"
	Since   time.Time
	Seen    time.Time
	Ends    time.Time
}

// Credentials are what somebody signs in with, and from where.
type Credentials struct {
	Email    string
	Password string
	Client   string // address of the client, for counting tries; kept as a digest
	Browser  string
}

// Invitation is a one-time link that sets a password.
type Invitation struct {
	First   bool // the link of the first start: it makes the first account
	Officer Officer
	Expires time.Time
	Reset   bool // it also removes the second factor
}

// Acceptance is what somebody answers an invitation with. Name and Email count
// for the first account only.
type Acceptance struct {
	Name, Email, Password string
	Lang, Form            string
	Browser               string
}

// ErrSignIn says that a sign-in or a code is wrong, and not what of it.
var ErrSignIn = errors.New("bot: the sign-in is wrong")

// ErrBusy says that too many others sign in right now: try again in a moment.
var ErrBusy = errors.New("bot: too many sign-ins at once")

// LockedError says that there were too many wrong tries, and until when to wait.
// Whether there is such an account makes no difference to it.
type LockedError struct{ Until time.Time }

func (e *LockedError) Error() string {
	return "bot: too many wrong sign-ins; wait until " + e.Until.UTC().Format(time.RFC3339)
}

// Limits of accounts.
const (
	MinPassword  = 10 // letters
	MaxPassword  = 200
	MaxName      = 100 // letters of an officer's name
	MaxEmail     = 200
	SignInIdle   = 30 * time.Minute // without a request
	SignInLength = 12 * time.Hour   // in any case
	InviteLength = 72 * time.Hour
)
