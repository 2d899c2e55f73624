package telegram

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"cchcbot/bot"
)

// remedy is what is tried at once, one time, before a send fails.
type remedy int

const (
	remedyNone     remedy = iota
	remedySuccess         // there was nothing to do: not a failure at all
	remedyPlain           // again without markup
	remedyNoReply         // again without naming the message it answers
	remedyNoThread        // again into the group's General topic
	remedyUpload          // again with the file's bytes
	remedyNoLinks         // again with the links in the text instead of on buttons
)

// Text keys of reasons. Those of package delivery are used where they fit.
const (
	reasonThrottled     = "delivery.reason_throttled"
	reasonTemporary     = "delivery.reason_temporary"
	reasonUnknown       = "delivery.reason_unknown"
	reasonMoved         = "delivery.reason_moved"
	reasonRejected      = "delivery.reason_rejected"
	reasonBlocked       = "delivery.reason_blocked"
	reasonUnfit         = "delivery.reason_unfit"
	reasonMisconfigured = "delivery.reason_misconfigured"
	reasonNoChat        = "delivery.reason_telegram_no_chat"
	reasonGroupLost     = "delivery.reason_telegram_group_lost"
	reasonMuted         = "delivery.reason_telegram_muted"
	reasonTopic         = "delivery.reason_telegram_topic"
	reasonStale         = "delivery.reason_telegram_stale"
	reasonFile          = "delivery.reason_telegram_file"
	reasonUnheard       = "delivery.reason_telegram_unheard"
)

// rule is a row of the table of errors: what a code and a part of the
// description mean. An empty text matches any.
type rule struct {
	code   int
	text   string
	kind   bot.SendKind // when no remedy is left
	reason string
	remedy remedy
	alert  string // what an operator is told
}

// rules is the table; the first row that matches wins. The descriptions for
// 403, 409, 429 and most for 400 are those of the open-source Bot API server
// (tdlib/telegram-bot-api); they are compared in lower case.
var rules = [...]rule{
	{400, "group chat was upgraded", bot.Moved, reasonMoved, remedyNone, ""},
	{400, "message is not modified", "", "", remedySuccess, ""},
	{400, "query is too old", "", "", remedySuccess, ""},
	{400, "query id is invalid", "", "", remedySuccess, ""},
	{400, "message to edit not found", bot.Rejected, reasonStale, remedyNone, ""},
	{400, "message can't be edited", bot.Rejected, reasonStale, remedyNone, ""},
	{400, "message to delete not found", bot.Rejected, reasonStale, remedyNone, ""},
	{400, "message to be replied not found", bot.Rejected, reasonStale, remedyNoReply, ""},
	{400, "replied message not found", bot.Rejected, reasonStale, remedyNoReply, ""},
	{400, "can't parse entities", bot.Rejected, reasonUnfit, remedyPlain, "the markup of a message was refused; it was sent without. This is a fault of the program"},
	{400, "message is too long", bot.Rejected, reasonUnfit, remedyNone, alertUnfit},
	{400, "caption is too long", bot.Rejected, reasonUnfit, remedyNone, alertUnfit},
	{400, "text is empty", bot.Rejected, reasonUnfit, remedyNone, alertUnfit},
	{400, "text must be non-empty", bot.Rejected, reasonUnfit, remedyNone, alertUnfit},
	{400, "reply markup is too long", bot.Rejected, reasonUnfit, remedyNone, alertUnfit},
	{400, "button_data_invalid", bot.Rejected, reasonUnfit, remedyNone, alertUnfit},
	{400, "button_url_invalid", bot.Rejected, reasonUnfit, remedyNoLinks, alertLink},
	{400, "keyboard button url", bot.Rejected, reasonUnfit, remedyNoLinks, alertLink},
	{400, "message thread not found", bot.Rejected, reasonTopic, remedyNoThread, alertTopic},
	{400, "topic_closed", bot.Rejected, reasonTopic, remedyNoThread, alertTopic},
	{400, "topic_deleted", bot.Rejected, reasonTopic, remedyNoThread, alertTopic},
	{400, "wrong file identifier", bot.Rejected, reasonFile, remedyUpload, ""},
	{400, "wrong remote file identifier", bot.Rejected, reasonFile, remedyUpload, ""},
	{400, "failed to get http url content", bot.Rejected, reasonFile, remedyUpload, ""},
	{400, "wrong type of the web page content", bot.Rejected, reasonFile, remedyUpload, ""},
	{400, "photo_invalid_dimensions", bot.Rejected, reasonUnfit, remedyNone, ""},
	{400, "not enough rights", bot.Temporary, reasonMuted, remedyNone, alertMuted},
	{400, "no rights to send", bot.Temporary, reasonMuted, remedyNone, alertMuted},
	{400, "chat_write_forbidden", bot.Temporary, reasonMuted, remedyNone, alertMuted},
	{400, "chat not found", bot.Gone, reasonNoChat, remedyNone, ""},
	{400, "peer_id_invalid", bot.Gone, reasonNoChat, remedyNone, ""},
	{401, "", bot.Misconfigured, reasonMisconfigured, remedyNone, alertToken},
	{403, "bot was blocked by the user", bot.Gone, reasonBlocked, remedyNone, ""},
	{403, "user is deactivated", bot.Gone, reasonBlocked, remedyNone, ""},
	{403, "can't initiate conversation", bot.Gone, reasonBlocked, remedyNone, ""},
	{403, "bot was kicked", bot.Gone, reasonGroupLost, remedyNone, alertGroup},
	{403, "is not a member", bot.Gone, reasonGroupLost, remedyNone, alertGroup},
	{403, "group chat was deleted", bot.Gone, reasonGroupLost, remedyNone, alertGroup},
	{403, "not enough rights", bot.Temporary, reasonMuted, remedyNone, alertMuted},
	{403, "no rights to send", bot.Temporary, reasonMuted, remedyNone, alertMuted},
	{404, "", bot.Misconfigured, reasonMisconfigured, remedyNone, alertToken},
	{409, "", bot.Temporary, reasonTemporary, remedyNone, alertConflict},
	{413, "", bot.Rejected, reasonUnfit, remedyNone, ""},
	{429, "", bot.Throttled, reasonThrottled, remedyNone, ""},
	// Nobody stood behind the front: the request was not processed.
	{502, "", bot.Temporary, reasonTemporary, remedyNone, ""},
	{503, "", bot.Temporary, reasonTemporary, remedyNone, ""},
}

// plainText is a description that can be shown: one in plain words. Others
// may quote the message, so not even a log shows them.
func plainText(s string) string {
	if len(s) > 100 {
		return "a reason that is not in the table"
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && !strings.ContainsRune("_' :,.-", r) {
			return "a reason that is not in the table"
		}
	}
	return s
}

// What operators are told.
const (
	alertAddress  = "the API address leads elsewhere; is it right?"
	alertUnfit    = "a message did not fit Telegram's limits and was given up. This is a fault of the program"
	alertLink     = "Telegram refuses the address on a button; links are sent in the text. Is PUBLIC_URL an address that everybody can reach?"
	alertTopic    = "a topic of a group was closed or removed; its messages go to the General topic"
	alertMuted    = "the bot may not write in a group; give it the right to send messages"
	alertToken    = "the token is refused; nothing is sent or received. Was it revoked?"
	alertGroup    = "the bot was removed from a group, or the group is gone; its messages are given up"
	alertConflict = "somebody else fetches this bot's updates, or a webhook is set: only one program may"
	alertUnheard  = "Telegram refused a message for a reason that the program does not know"
)

// verdict is what a failure means.
type verdict struct {
	rule
	name string // for logs: the row's text, or what stands in for it
}

// judge looks the failure up.
func (f *failure) judge() verdict {
	for _, r := range rules {
		if r.code == f.code && strings.Contains(f.text, r.text) {
			name := r.text
			if name == "" {
				name = strings.ToLower(http.StatusText(r.code))
			}
			return verdict{r, name}
		}
	}
	switch {
	case f.answered && f.movedTo != 0:
		return verdict{rules[0], rules[0].text}
	case f.answered && f.code >= 400 && f.code < 500:
		return verdict{rule{kind: bot.Temporary, reason: reasonUnheard, alert: alertUnheard}, plainText(f.text)}
	case f.code >= 300 && f.code < 400:
		// Somebody sends us elsewhere with the token in hand: the API address is wrong.
		return verdict{rule{kind: bot.Misconfigured, reason: reasonMisconfigured, alert: alertAddress}, "redirected"}
	case f.code >= 400 && f.code < 500: // of a proxy in between
		return verdict{rule{kind: bot.Temporary, reason: reasonTemporary}, "refused on the way"}
	case f.code == 0 && !f.reached:
		return verdict{rule{kind: bot.Temporary, reason: reasonTemporary}, "not reached"}
	default:
		// A server error, an answer that is not the API's, or none: it may have been processed.
		return verdict{rule{kind: bot.Ambiguous, reason: reasonUnknown}, "an unknown outcome"}
	}
}

// sendError is the failure as delivery understands it.
func (b *Bot) sendError(ctx context.Context, err error) *bot.SendError {
	var se *bot.SendError
	if errors.As(err, &se) {
		return se
	}
	var f *failure
	if !errors.As(err, &f) {
		return &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: b.api.redact(err)}
	}
	v := f.judge()
	if v.alert != "" {
		b.alerts.Raise(ctx, v.name, v.alert)
	}
	out := &bot.SendError{Kind: v.kind, Reason: v.reason, Err: f}
	switch v.kind {
	case bot.Throttled:
		out.RetryAfter = f.retryAfter
	case bot.Moved:
		if f.movedTo == 0 { // says that it moved and not where to
			return &bot.SendError{Kind: bot.Gone, Reason: reasonGroupLost, Err: f}
		}
		out.To = chatID(f.movedTo)
	}
	return out
}
