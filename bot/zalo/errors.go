package zalo

import (
	"context"
	"errors"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/zalo/codes"
)

const actionRefresh = codes.Refresh

// Text keys of the reasons that operators read.
const (
	reasonConsent   = "delivery.reason_zalo_consent"
	reasonMinute    = "delivery.reason_zalo_minute"
	reasonTemporary = "delivery.reason_zalo_temporary"
	reasonDoubt     = "delivery.reason_zalo_doubt"
	reasonSilent    = "delivery.reason_zalo_silent"
	reasonNight     = "delivery.reason_zalo_night"
	reasonQuota     = "delivery.reason_zalo_quota"
	reasonWelcome   = "delivery.reason_zalo_welcome"
	reasonPaid      = "delivery.reason_zalo_paid"
	reasonStale     = "delivery.reason_zalo_stale"
	reasonPerson    = "delivery.reason_zalo_person"
	reasonGone      = "delivery.reason_zalo_gone"
	reasonKind      = "delivery.reason_zalo_kind"
	reasonFeature   = "delivery.reason_zalo_feature"
	reasonStopped   = "delivery.reason_zalo_stopped"
	reasonRequest   = "delivery.reason_zalo_request"
	reasonGroup     = "delivery.reason_zalo_group"
)

// subject is what a failed call was about.
type subject struct {
	group bool
	card  bool // a request for the contact, after its text was taken
}

// sendError says what a failed call means for the message.
func (o *OA) sendError(ctx context.Context, err error, about subject) *bot.SendError {
	var se *bot.SendError
	var consent *consentError
	var no *codeError
	var c *callError
	switch {
	case errors.As(err, &se):
		return se
	case errors.As(err, &consent):
		return &bot.SendError{Kind: bot.Misconfigured, Reason: reasonConsent, Err: err}
	case errors.As(err, &no):
		return o.refusal(ctx, no.code, about)
	case errors.As(err, &c):
		switch c.reach {
		case unsent:
			return &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: err}
		case overload:
			return &bot.SendError{Kind: bot.Throttled, Reason: reasonMinute, RetryAfter: c.wait, Err: err}
		}
		return &bot.SendError{Kind: bot.Ambiguous, Reason: reasonDoubt, Err: err}
	}
	return &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: err}
}

// refusal goes by the number alone, as the table has it.
func (o *OA) refusal(ctx context.Context, code int, about subject) *bot.SendError {
	row, known := o.table[code]
	e := &bot.SendError{Err: &codeError{code}}
	now := o.opt.Now()
	switch row.Action {
	case codes.NextMinute:
		e.Kind, e.Reason, e.RetryAfter = bot.Throttled, reasonMinute, time.Minute-time.Duration(now.Second())*time.Second
	case codes.Retry, codes.Processing:
		e.Kind, e.Reason = bot.Temporary, reasonTemporary
	case codes.Refresh: // after a renewal, too
		e.Kind, e.Reason = bot.Misconfigured, reasonConsent
		o.alerts.Raise(ctx, "token", "Zalo does not take a token that was just renewed; `cchcbot zalo connect` asks for a new consent")
	case codes.HoldWrites:
		e.Kind, e.Reason = bot.Later, reasonSilent
	case codes.HoldDay:
		e.Kind, e.Reason, e.Until = bot.Later, reasonNight, morning(now)
	case codes.HoldReset:
		e.Kind, e.Reason, e.Until = bot.Later, reasonQuota, nextDay(now)
		o.alerts.Raise(ctx, "quota", "a quota is used up ("+strconv.Itoa(code)+"); messages wait for the next day")
	case codes.HoldPerson:
		e.Kind, e.Reason = bot.Later, reasonPerson
		o.alerts.Raise(ctx, "person", "Zalo refuses a message for a reason that a person has to look at ("+strconv.Itoa(code)+": "+row.Meaning+")")
	case codes.DropPerson:
		e.Kind, e.Reason = bot.Gone, reasonGone
	case codes.DropKind:
		e.Kind, e.Reason = bot.Rejected, reasonKind
	case codes.Feature:
		e.Kind, e.Reason = bot.Rejected, reasonFeature
		o.alerts.Raise(ctx, "feature", "the account may not use a feature ("+strconv.Itoa(code)+": "+row.Meaning+")")
	case codes.Grant:
		return o.notGranted(ctx, e, row, about)
	case codes.Stop:
		e.Kind, e.Reason = bot.Misconfigured, reasonStopped
		o.alerts.Raise(ctx, "stop", "Zalo refuses the account or the app ("+strconv.Itoa(code)+": "+row.Meaning+")")
	case codes.Bug, codes.Reupload:
		e.Kind, e.Reason = bot.Rejected, reasonRequest
	default:
		// A number nobody wrote down: it may or may not have been sent.
		e.Kind, e.Reason = bot.Ambiguous, reasonDoubt
		if !known {
			o.alerts.Raise(ctx, "unknown "+strconv.Itoa(code), "an answer with the unknown number "+strconv.Itoa(code)+"; look it up and add it to bot/zalo/codes")
		}
	}
	return e
}

// notGranted is an API that the app may not use. Groups and requests for the
// contact have grants of their own; without the one for plain texts nothing goes.
func (o *OA) notGranted(ctx context.Context, e *bot.SendError, row codes.Code, about subject) *bot.SendError {
	why := "(" + strconv.Itoa(row.Number) + ": " + row.Meaning + ")"
	switch {
	case about.group:
		e.Kind, e.Reason = bot.Later, reasonGroup
		o.alerts.Raise(ctx, "group", "Zalo takes no message for a group "+why+"; see whether the group is switched on and the app may write to groups. Its messages are held")
	case about.card:
		e.Kind, e.Reason = bot.Rejected, reasonFeature
		o.alerts.Raise(ctx, "card", "the app may not ask citizens for their contact "+why+"; the text before it arrived")
	default:
		e.Kind, e.Reason = bot.Misconfigured, reasonStopped
		o.alerts.Raise(ctx, "stop", "Zalo refuses the account or the app "+why)
	}
	return e
}
