package bot

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of mistake an Error is.
type Code string

// The codes. Any other error is internal: the citizen reads one fixed apology.
const (
	Invalid  Code = "invalid"   // the input is not acceptable
	NotFound Code = "not_found" // there is no such thing
	Conflict Code = "conflict"  // somebody else was first
	Denied   Code = "denied"    // not allowed to this person
)

// Error is a mistake that a person may read about.
type Error struct {
	Code   Code
	Key    string // text key of what the citizen reads; "" for bot.error_<code>
	Args   []any
	Detail string // for logs and operators, English; never holds what a citizen wrote
}

func (e *Error) Error() string {
	if e.Detail != "" {
		return string(e.Code) + ": " + e.Detail
	}
	return string(e.Code) + ": " + e.Key
}

// IsCode reports whether err is an *Error with that code.
func IsCode(err error, c Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == c
}

// ErrPass is returned by a handler of a free text or a word that leaves the message to the next one.
var ErrPass = errors.New("bot: left to the next route")

// SendKind says what a failed send means for the message. The list is closed.
type SendKind string

// The kinds of SendError.
const (
	Throttled     SendKind = "throttled"     // wait RetryAfter; costs no attempt
	Temporary     SendKind = "temporary"     // back off and try again
	Ambiguous     SendKind = "unknown"       // it may have arrived: a reply is sent again, news is not
	Later         SendKind = "later"         // wait until Until, or until the citizen writes when Until is zero
	Moved         SendKind = "moved"         // the chat is now To: rewrite and try once more
	Rejected      SendKind = "rejected"      // final: the platform will never take this message
	Gone          SendKind = "gone"          // the citizen blocked us or left: opt the contact out
	Misconfigured SendKind = "misconfigured" // nothing can be sent on this channel until an operator acts
)

// SendError is how Channel.Send fails. Reason is a short text key
// ("delivery.reason_blocked") that an operator reads; Err may hold detail for
// the log and never a token, a text or an address.
type SendError struct {
	Kind       SendKind
	Reason     string
	RetryAfter time.Duration // Throttled
	Until      time.Time     // Later; zero means until the citizen writes
	To         string        // Moved
	Err        error
}

func (e *SendError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("send %s (%s): %v", e.Kind, e.Reason, e.Err)
	}
	return fmt.Sprintf("send %s (%s)", e.Kind, e.Reason)
}

func (e *SendError) Unwrap() error { return e.Err }
