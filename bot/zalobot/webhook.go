package zalobot

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"

	"cchcbot/bot"
)

// secretHeader is where the platform repeats the secret of setWebhook. Nothing
// signs the body.
const secretHeader = "X-Bot-Api-Secret-Token" //nolint:gosec // the header's name, not a secret

// Webhook is what the platform calls. It answers 200 when the update is durable
// or can never be taken, and 503 when it was not kept. In polling mode there is
// nothing to call.
func (b *Bot) Webhook(in bot.Intake) http.Handler {
	want := sha256.Sum256([]byte(b.opt.WebhookSecret))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.opt.Mode != ModeWebhook {
			http.NotFound(w, r)
			return
		}
		values := r.Header.Values(secretHeader)
		if len(values) == 0 && b.opt.AnswerProbes && (r.Method == http.MethodPost || r.Method == http.MethodGet || r.Method == http.MethodHead) {
			w.WriteHeader(http.StatusOK)
			return
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "POST only", http.StatusMethodNotAllowed)
			return
		}
		got := sha256.Sum256([]byte(r.Header.Get(secretHeader)))
		if len(values) != 1 || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			http.Error(w, "this is not for you", http.StatusForbidden)
			return
		}
		b.deliver(w, r, in)
	})
}

// deliver takes a delivery in. From here on the caller is the platform.
func (b *Bot) deliver(w http.ResponseWriter, r *http.Request, in bot.Intake) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		b.opt.Log.Error("zalobot sent more than a body may have; it is passed over", "limit", MaxBody)
		w.WriteHeader(http.StatusOK)
		return
	case err != nil:
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	updates, err := unwrap(raw)
	if err != nil {
		b.opt.Log.Error("a delivery of zalobot cannot be read and is passed over", "bytes", len(raw))
		w.WriteHeader(http.StatusOK)
		return
	}
	for _, one := range updates {
		u := b.understand(one)
		if u == nil {
			continue
		}
		if err := in.Accept(r.Context(), *u); err != nil && !b.never(u, err) {
			b.opt.Log.Error("an update of zalobot cannot be kept", "update", u.ID, "err", err)
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

// understand reads an update and logs one that cannot be read.
func (b *Bot) understand(raw []byte) *bot.Update {
	u, err := b.read(raw)
	if err != nil {
		b.opt.Log.Error("an update of zalobot cannot be read and is passed over", "bytes", len(raw))
		return nil
	}
	return u
}

// never reports whether an update can never be taken.
func (b *Bot) never(u *bot.Update, err error) bool {
	if !bot.IsCode(err, bot.Invalid) {
		return false
	}
	b.opt.Log.Warn("an update of zalobot is unfit and is passed over", "update", u.ID)
	return true
}
