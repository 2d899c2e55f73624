package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/zalo/codes"
)

// progress is how far a message came: the calls that succeeded, and what Zalo
// turned out not to take of it.
type progress struct {
	done     int  // calls
	plain    bool // choices are numbered although the channel has buttons
	unquoted bool
	again    bool   // the attachment of the call under way was uploaded anew
	lost     uint64 // attachments that go as a line of text, a bit each
	blame    blame  // what the call under way goes without; sure once it succeeds
	id, note string // of the last receipt
}

// blame is what Zalo is taken to have refused.
type blame struct {
	what string // "" for nothing, attachmentKind, or the kinds of buttons
	code int
}

const attachmentKind = "attachment"

// maxTries bounds the calls of one step: as it is, without its quote, uploaded
// again, without what was refused, and one more.
const maxTries = 5

// Send sends a message: one call, or several when it holds attachments, asks for
// the contact or is too long. A retry of the same message goes on after the
// calls that succeeded.
func (o *OA) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: err}
	}
	chat, group := strings.CutPrefix(m.To.Chat, groupPrefix)
	if !digits.MatchString(chat) {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Gone, Reason: reasonGone, Err: errors.New("the chat is no id of Zalo")}
	}
	at, _ := o.halfway.Get(m.ID)
	at.plain = at.plain || o.refusesButtons(m)
	steps := o.plan(m, at)
	if len(steps) == 0 {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Rejected, Reason: reasonRequest, Err: errors.New("the message is empty")}
	}
	for try := 1; at.done < len(steps); try++ {
		s := steps[at.done]
		r, err := o.take(ctx, chat, group, s)
		switch {
		case err == nil:
			o.account(r.ID)
			o.without(ctx, at.blame)
			at.done++
			at.id, at.note, at.again, at.blame, try = r.ID, r.Note, false, blame{}, 0
		case try < maxTries && o.adapt(&at, s, err):
			steps = o.plan(m, at)
		default:
			o.keepHalfway(m.ID, at)
			return bot.Receipt{}, o.sendError(ctx, err, subject{group: group, card: s.info != ""})
		}
	}
	o.halfway.Forget(m.ID)
	return bot.Receipt{ID: at.id, Note: at.note}, nil
}

// keepHalfway remembers how far a message came, for the next try.
func (o *OA) keepHalfway(id string, at progress) {
	if id != "" && at != (progress{}) {
		o.halfway.Put(id, at)
	}
}

// adapt leaves out what Zalo turned out not to take of a step, and reports
// whether it is worth another call: a quote that is too old, an upload that is
// gone, an attachment, buttons. The text always goes.
func (o *OA) adapt(at *progress, s step, err error) bool {
	var no *codeError
	var upload *uploadRefused
	if s.media != nil && errors.Is(err, errNoForm) {
		at.lost |= 1 << s.index
		at.blame = blame{what: attachmentKind}
		if errors.As(err, &upload) {
			at.blame.code = upload.code
		}
		return true
	}
	if !errors.As(err, &no) {
		return false
	}
	code, action := no.code, o.table[no.code].Action
	extra := action == codes.Bug || action == codes.Grant
	switch {
	case action == codes.Reupload && s.media != nil && !at.again && o.stale(*s.media):
		at.again = true
	case action == codes.Bug && s.quote != "":
		at.unquoted = true
	case s.media != nil && (extra || action == codes.Reupload || action == codes.Feature):
		at.lost |= 1 << s.index
		at.blame = blame{attachmentKind, code}
	case len(s.rows) > 0 && extra:
		at.plain = true
		at.blame = blame{kindsOf(s.rows), code}
	default:
		return false
	}
	return true
}

// without notes what a message went without after all. The same call with it
// was refused, so it was that.
func (o *OA) without(ctx context.Context, b blame) {
	switch b.what {
	case "":
	case attachmentKind:
		why := "it is too large, of no kind that Zalo takes, or was deleted"
		if b.code != 0 {
			why = "Zalo answers " + strconv.Itoa(b.code) + ": " + o.table[b.code].Meaning
		}
		o.alerts.Raise(ctx, "attachment", "an attachment could not be sent ("+why+"); its message went without and says so")
	default:
		o.withoutButtons(ctx, b)
	}
}

// take makes the call of a step.
func (o *OA) take(ctx context.Context, chat string, group bool, s step) (bot.Receipt, error) {
	body, err := o.body(ctx, s)
	if err != nil {
		return bot.Receipt{}, err
	}
	return o.post(ctx, chat, group, body)
}

// sentData is what a successful send answers with.
type sentData struct {
	ID    ident `json:"message_id"`
	Quota *struct {
		Type    string          `json:"quota_type"`
		Remain  *number         `json:"remain"`
		Expires json.RawMessage `json:"expired_date"`
	} `json:"quota"`
}

func (o *OA) post(ctx context.Context, chat string, group bool, message object) (bot.Receipt, error) {
	c := call{method: http.MethodPost, path: pathMessage, body: object{"recipient": object{"user_id": chat}, "message": message}}
	if group {
		c.path, c.body = pathGroup, object{"recipient": object{"group_id": chat}, "message": message}
	}
	r, err := o.call(ctx, c)
	if err != nil {
		return bot.Receipt{}, err
	}
	var d sentData
	if len(r.Data) > 0 && json.Unmarshal(r.Data, &d) != nil {
		o.opt.Log.Warn("zalo took a message and its receipt cannot be read")
	}
	if r.left >= 0 && r.left < fewLeft {
		o.alerts.Raise(ctx, "calls", "few calls are left in this minute; another program may use the same app")
	}
	return bot.Receipt{ID: string(d.ID), Note: d.note(o.opt.Now())}, nil
}

// note is what the gate wants to know next time. No quota object means that
// the message was charged.
func (d sentData) note(now time.Time) string {
	if d.Quota == nil {
		return quota{Type: "charged", Remain: quotaUnknown}.note()
	}
	q := quota{Type: cut(d.Quota.Type, 40), Remain: quotaUnknown, Until: expiry(d.Quota.Expires, now)}
	if d.Quota.Remain != nil {
		q.Remain = int(*d.Quota.Remain)
	}
	return q.note()
}

// expiry reads the day a quota ends: milliseconds, or a date as people write it.
func expiry(raw json.RawMessage, now time.Time) int64 {
	text := strings.Trim(string(raw), `"`)
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		if ms > 1e12 {
			ms /= 1000
		}
		if ms > now.Unix() && ms < now.Add(noteMaxFuture).Unix() {
			return ms
		}
		return 0
	}
	for _, form := range []string{"02/01/2006", "2006-01-02", time.RFC3339} {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			if form != time.RFC3339 {
				t = t.AddDate(0, 0, 1) // it is good until the end of that day
			}
			return t.Unix()
		}
	}
	return 0
}
