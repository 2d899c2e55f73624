package zalo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"cchcbot/bot"
)

// signatureHeader is where Zalo shows that it sent a delivery.
const signatureHeader = "X-ZEvent-Signature"

// Counts is how many deliveries came, for metrics and doctor.
type Counts struct {
	Verified int64 // signed by Zalo
	Unsigned int64 // the console's trials
	Forged   int64 // a signature that is not right, or of another app
	Unknown  int64 // verified, of a kind or a form nobody here knows
}

type counts struct{ verified, unsigned, forged, unknown atomic.Int64 }

// Counts returns how many deliveries came since the start.
func (o *OA) Counts() Counts {
	c := o.counts
	return Counts{c.verified.Load(), c.unsigned.Load(), c.forged.Load(), c.unknown.Load()}
}

// manyForged is when people hear of deliveries that Zalo did not sign.
const manyForged = 20

// Webhook is what Zalo calls. 200 is answered when the update is durable or can
// never be taken, 503 when it is to be sent again. What is not signed by Zalo is
// answered 200 and read no further: the console's trials of the address are not
// signed and insist on 200. No network is used before the answer, which has two
// seconds.
func (o *OA) Webhook(in bot.Intake) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			o.deliver(w, r, in)
		case http.MethodGet, http.MethodHead: // somebody looks whether the address is right
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, "ok\n") // who left needs no answer
		default:
			w.Header().Set("Allow", "GET, POST")
			http.Error(w, "POST only", http.StatusMethodNotAllowed)
		}
	})
}

func (o *OA) deliver(w http.ResponseWriter, r *http.Request, in bot.Intake) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		o.opt.Log.Error("zalo sent more than a body may have; it is passed over", "limit", MaxBody)
		w.WriteHeader(http.StatusOK)
		return
	case err != nil:
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	ev, ok := o.verify(r, raw)
	if !ok {
		w.WriteHeader(http.StatusOK)
		return
	}
	if err := o.takeIn(r.Context(), in, ev); err != nil {
		o.opt.Log.Error("an update of zalo cannot be kept; Zalo sends it again", "err", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// verify checks that Zalo made a delivery for our app, by its frame, and reads it.
func (o *OA) verify(r *http.Request, raw []byte) (event, bool) {
	var frame struct {
		App       ident           `json:"app_id"`
		Timestamp json.RawMessage `json:"timestamp"`
	}
	shown := r.Header.Get(signatureHeader)
	if err := json.Unmarshal(raw, &frame); err != nil || shown == "" {
		o.counts.unsigned.Add(1)
		return event{}, false
	}
	if string(frame.App) != o.opt.AppID || !o.signed(shown, raw, unquoted(frame.Timestamp)) {
		if n := o.counts.forged.Add(1); n%manyForged == 0 {
			o.alerts.Raise(r.Context(), "forged", "many deliveries are not signed with ZALO_OA_SECRET; compare it with the OA Secret Key of the webhook page")
		}
		return event{}, false
	}
	o.counts.verified.Add(1)
	var ev event
	if err := json.Unmarshal(raw, &ev); err != nil {
		o.counts.unknown.Add(1)
		o.opt.Log.Error("a delivery of zalo cannot be read and is passed over", "event", safeName(ev.Name), "bytes", len(raw))
		return ev, false
	}
	return ev, true
}

// signed checks mac=hex(sha256(app id + body as it came + timestamp + OA secret)).
func (o *OA) signed(shown string, raw []byte, stamp string) bool {
	if o.opt.OASecret == "" || stamp == "" {
		return false
	}
	if name, value, ok := strings.Cut(shown, "="); ok && strings.EqualFold(strings.TrimSpace(name), "mac") {
		shown = value
	}
	got, err := hex.DecodeString(strings.ToLower(strings.TrimSpace(shown)))
	if err != nil || len(got) != sha256.Size {
		return false
	}
	h := sha256.New()
	h.Write([]byte(o.opt.AppID))
	h.Write(raw)
	h.Write([]byte(stamp))
	h.Write([]byte(o.opt.OASecret))
	return subtle.ConstantTimeCompare(got, h.Sum(nil)) == 1
}

// takeIn accepts what an event means, or notes it, or leaves it.
func (o *OA) takeIn(ctx context.Context, in bot.Intake, ev event) error {
	m := o.read(ev)
	switch {
	case m.unknown:
		o.counts.unknown.Add(1)
		o.opt.Log.Debug("zalo sent an event of an unknown kind", "event", safeName(ev.Name))
	case m.revoked:
		return o.Revoked(ctx, o.at(ev))
	case m.echo != nil:
		o.echoes.add(*m.echo)
	case m.update != nil:
		err := in.Accept(ctx, *m.update)
		if bot.IsCode(err, bot.Invalid) {
			o.opt.Log.Warn("an update of zalo can never be taken and is passed over", "event", safeName(ev.Name))
			return nil
		}
		return err
	}
	return nil
}

// safeName keeps what a log line shows of an event's name to a name.
func safeName(name string) string {
	if len(name) > 60 || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		return "?"
	}
	return name
}

// stamp is the timestamp as it stands in the body: the digits of a number, or
// what is between the quotes.
func (e event) stamp() string { return unquoted(e.Timestamp) }

func unquoted(timestamp json.RawMessage) string { return string(bytes.Trim(timestamp, `"`)) }
