package zalobot

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"cchcbot/bot"
)

// Text keys of reasons. Those of package delivery are used where they fit.
const (
	reasonThrottled     = "delivery.reason_throttled"
	reasonTemporary     = "delivery.reason_temporary"
	reasonUnknown       = "delivery.reason_unknown"
	reasonUnfit         = "delivery.reason_unfit"
	reasonMisconfigured = "delivery.reason_misconfigured"
	reasonNoChat        = "delivery.reason_zalobot_no_chat"
	reasonFile          = "delivery.reason_zalobot_file"
	reasonQuota         = "delivery.reason_zalobot_quota"
	reasonUnheard       = "delivery.reason_zalobot_unheard"
)

// How long a throttled channel waits. The platform names no time with its 429;
// a Retry-After header is believed up to throttleMost.
const (
	throttleWait = 30 * time.Second
	throttleMost = time.Hour
	quotaWait    = time.Hour // 426: a quota of the day; when the day begins is not documented
)

// rule is a row of the table of errors: what a code and a part of the
// description mean. An empty method or text matches any.
type rule struct {
	method string
	code   int
	text   string
	kind   bot.SendKind
	reason string
	alert  string // what an operator is told
}

// rules is the table; the first row that matches wins. Codes are those of
// bot.zaloplatforms.com/docs; of the descriptions only "chat_id" is named
// there, and none was confirmed with a real account, so little hangs on them.
//
// A bad chat is Rejected and not Gone: Gone ends news to a citizen until they
// follow again, and this platform never reports a following.
var rules = [...]rule{
	{"getUpdates", 400, "", bot.Temporary, reasonTemporary, alertConflict},
	{"getUpdates", 409, "", bot.Temporary, reasonTemporary, alertConflict},
	{"", 400, "chat", bot.Rejected, reasonNoChat, ""},
	{"", 400, "caption", bot.Rejected, reasonUnfit, alertUnfit},
	{"sendPhoto", 400, "", bot.Rejected, reasonFile, ""},
	{"sendSticker", 400, "", bot.Rejected, reasonFile, ""},
	{"", 400, "text", bot.Rejected, reasonUnfit, alertUnfit},
	{"", 400, "too long", bot.Rejected, reasonUnfit, alertUnfit},
	{"setWebhook", 400, "", bot.Temporary, reasonTemporary, alertHook},
	{"", 401, "", bot.Misconfigured, reasonMisconfigured, alertToken},
	{"", 404, "chat", bot.Rejected, reasonNoChat, ""}, // one chat is no reason to stop the others
	{"", 404, "", bot.Misconfigured, reasonMisconfigured, alertToken},
	// The platform ran out of time, perhaps while it fetched a photo: it may go out yet.
	{"", 408, "", bot.Ambiguous, reasonUnknown, ""},
	{"", 413, "", bot.Rejected, reasonUnfit, ""},
	// Documented for testWebhook, which is never called here.
	{"", 426, "", bot.Throttled, reasonQuota, alertQuota},
	{"", 429, "", bot.Throttled, reasonThrottled, ""},
	// Nobody stood behind the front: the request was not processed.
	{"", 502, "", bot.Temporary, reasonTemporary, ""},
	{"", 503, "", bot.Temporary, reasonTemporary, ""},
}

// What operators are told.
const (
	alertAddress  = "the API address leads elsewhere; is it right?"
	alertUnfit    = "a message did not fit the limits of Zalo Bot and was given up. This is a fault of the program"
	alertToken    = "the token is refused; nothing is sent or received. Was it changed, or is the API address wrong?"
	alertConflict = "updates cannot be fetched: a webhook is set, or somebody else fetches them; only one program may"
	alertHook     = "the webhook is refused; is its address https, and reachable from outside?"
	alertQuota    = "a quota of the day is used up; sending goes on by itself"
	alertUnheard  = "Zalo Bot refused a message for a reason that the program does not know"
)

// verdict is what a failure means.
type verdict struct {
	rule
	name string // for logs: what stands in for the description
}

// judge looks the failure up.
func (f *failure) judge() verdict {
	for _, r := range rules {
		if r.code == f.code && (r.method == "" || r.method == f.method) && strings.Contains(f.text, r.text) {
			name := strings.ToLower(http.StatusText(r.code))
			if r.text != "" {
				name = "something about the " + r.text
			}
			return verdict{r, name}
		}
	}
	switch {
	case f.answered && f.code >= 400 && f.code < 500:
		return verdict{rule{kind: bot.Temporary, reason: reasonUnheard, alert: alertUnheard}, plainText(f.text)}
	case f.answered && f.code != http.StatusGatewayTimeout:
		return verdict{rule{kind: bot.Temporary, reason: reasonTemporary}, "a failure of the platform's own"}
	case f.code >= 300 && f.code < 400:
		// Somebody sends us elsewhere with the token in hand: the API address is wrong.
		return verdict{rule{kind: bot.Misconfigured, reason: reasonMisconfigured, alert: alertAddress}, "redirected"}
	case f.code >= 400 && f.code < 500: // of a proxy in between
		return verdict{rule{kind: bot.Temporary, reason: reasonTemporary}, "refused on the way"}
	case f.code == 0 && !f.reached:
		return verdict{rule{kind: bot.Temporary, reason: reasonTemporary}, "not reached"}
	default:
		// An answer that is not the platform's, or none: it may have been processed.
		return verdict{rule{kind: bot.Ambiguous, reason: reasonUnknown}, "an unknown outcome"}
	}
}

// photo reports whether a refused photo may be the reason of the refusal. Then
// its message goes as text, which shows whether it was: a bad chat or token
// refuses that, too.
func (f *failure) photo(v verdict) bool {
	switch {
	case f.method != "sendPhoto" || !f.answered:
		return false
	case f.code == http.StatusNotFound, f.code == http.StatusRequestEntityTooLarge:
		return v.reason != reasonNoChat
	}
	return v.reason == reasonFile || v.reason == reasonUnfit || v.reason == reasonUnheard
}

// plainText is a description that can be shown: a short one in plain words.
// Others may quote the message, so not even a log shows them.
func plainText(s string) string {
	const hidden = "a reason that is not in the table"
	if len(s) > 100 || s == "" {
		return hidden
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && !strings.ContainsRune("_' :,.-", r) {
			return hidden
		}
	}
	return s
}

// sendError is the failure as delivery understands it.
func (b *Bot) sendError(ctx context.Context, err error) *bot.SendError {
	var f *failure
	if !errors.As(err, &f) {
		return &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: b.api.redact(err)}
	}
	v := f.judge()
	if v.alert != "" {
		b.alerts.Raise(ctx, v.name, v.alert)
	}
	out := &bot.SendError{Kind: v.kind, Reason: v.reason, Err: f}
	if v.kind == bot.Throttled {
		out.RetryAfter = f.throttled()
	}
	return out
}

// throttled is how long to wait after a 429 or 426.
func (f *failure) throttled() time.Duration {
	switch {
	case f.retryAfter > 0:
		return f.retryAfter
	case f.code == http.StatusUpgradeRequired:
		return quotaWait
	}
	return throttleWait
}
