package telegram

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"cchcbot/bot"
)

// secretHeader is where Telegram repeats the secret of setWebhook.
const secretHeader = "X-Telegram-Bot-Api-Secret-Token"

// Webhook is what Telegram calls. It answers 200 when the update is durable or
// can never be taken, and 503 when it is to be sent again. In polling mode
// there is nothing to call.
func (b *Bot) Webhook(in bot.Intake) http.Handler {
	want := sha256.Sum256([]byte(b.opt.WebhookSecret))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.opt.Mode != ModeWebhook {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "POST only", http.StatusMethodNotAllowed)
			return
		}
		got := sha256.Sum256([]byte(r.Header.Get(secretHeader)))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			http.Error(w, "this is not for you", http.StatusForbidden)
			return
		}
		b.deliver(w, r, in)
	})
}

// deliver takes one update in. From here on the caller is Telegram.
func (b *Bot) deliver(w http.ResponseWriter, r *http.Request, in bot.Intake) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		b.opt.Log.Error("telegram sent more than a body may have; it is passed over", "limit", MaxBody)
		w.WriteHeader(http.StatusOK) // it would come again and again, and hold up its chat
		return
	case err != nil:
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	ctx := r.Context()
	ev, err := b.read(ctx, raw)
	if errors.Is(err, errUnfit) {
		b.opt.Log.Error("an update of telegram cannot be read and is passed over", "update", ev.id)
		w.WriteHeader(http.StatusOK)
		return
	}
	if err == nil && !b.takeIn(ctx, in, ev) || err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	b.reply(w, ev)
}

// reply says that the update arrived. The answer may carry one call, and so
// ends the spinning of a pressed button without a request of its own.
func (b *Bot) reply(w http.ResponseWriter, ev event) {
	if ev.query == "" {
		w.WriteHeader(http.StatusOK)
		return
	}
	body, err := json.Marshal(map[string]string{"method": "answerCallbackQuery", "callback_query_id": ev.query})
	if err != nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(body); err != nil {
		b.opt.Log.Debug("telegram did not wait for the answer", "err", err)
	}
}
