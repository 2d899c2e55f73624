package zalo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cchcbot/bot"
)

// consentLife is how long an address for a consent can be used. Zalo's own code
// lives ten minutes from the moment the account agrees.
const consentLife = 30 * time.Minute

const consentName = "zalo/consent" // in the vault

// request is a consent under way.
type request struct {
	State    string    `json:"state"`
	Verifier string    `json:"verifier"`
	Until    time.Time `json:"until"`
}

// verifierLetters are those that every description of the verifier allows.
const verifierLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// newVerifier returns 43 random letters and digits (RFC 7636).
func newVerifier() string {
	raw := make([]byte, 43)
	for i := range raw {
		for {
			var b [1]byte
			rand.Read(b[:]) //nolint:errcheck // never fails since Go 1.24
			if int(b[0]) < 4*len(verifierLetters) {
				raw[i] = verifierLetters[int(b[0])%len(verifierLetters)]
				break
			}
		}
	}
	return string(raw)
}

// Consent begins a consent and returns the address that the account's
// administrator opens. One begun before can no longer be finished.
func (o *OA) Consent(ctx context.Context) (string, error) {
	r := request{State: rand.Text(), Verifier: newVerifier(), Until: o.opt.Now().Add(consentLife)}
	raw, err := json.Marshal(r)
	if err != nil {
		return "", errors.New("zalo: the consent cannot be written down")
	}
	_, version, err := o.opt.Vault.Secret(ctx, consentName)
	if err != nil {
		return "", err
	}
	if _, err := o.opt.Vault.SaveSecret(ctx, consentName, raw, version); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(r.Verifier))
	q := url.Values{
		"app_id": {o.opt.AppID}, "redirect_uri": {o.opt.RedirectURL}, "state": {r.State},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	return o.api.oauth + "/v4/oa/permission?" + q.Encode(), nil
}

// Errors of a consent that came back.
var (
	errExpired = errors.New("zalo: this address was used or is too old; begin again")
	errRefused = errors.New("zalo: the account did not give its consent")
	errNoCode  = errors.New("zalo: Zalo does not take the code; check the app's id and secret")
)

// Exchange finishes a consent with the address that the browser came back to.
func (o *OA) Exchange(ctx context.Context, redirected string) error {
	u, err := url.Parse(strings.TrimSpace(redirected))
	if err != nil {
		return errors.New("zalo: that is no address")
	}
	return o.finish(ctx, u.Query())
}

func (o *OA) finish(ctx context.Context, q url.Values) error {
	if q.Get("code") == "" {
		return errRefused
	}
	r, err := o.spend(ctx, q.Get("state"))
	if err != nil {
		return err
	}
	p, err := o.api.authorize(ctx, q.Get("code"), r.Verifier)
	var no *codeError
	if errors.As(err, &no) {
		return fmt.Errorf("%w (%d)", errNoCode, no.code)
	}
	if err != nil {
		return err
	}
	if p.oa == "" && digits.MatchString(q.Get("oa_id")) {
		p.oa = q.Get("oa_id")
	}
	if err := o.adopt(ctx, p); err != nil {
		return err
	}
	o.opt.Connected()
	return nil
}

// spend takes the consent under way whose state this is; each works once.
func (o *OA) spend(ctx context.Context, state string) (request, error) {
	raw, version, err := o.opt.Vault.Secret(ctx, consentName)
	if err != nil {
		return request{}, err
	}
	var r request
	if version == 0 || json.Unmarshal(raw, &r) != nil || r.State == "" || !o.opt.Now().Before(r.Until) ||
		subtle.ConstantTimeCompare([]byte(r.State), []byte(state)) != 1 {
		return request{}, errExpired
	}
	_, err = o.opt.Vault.SaveSecret(ctx, consentName, []byte("{}"), version)
	if errors.Is(err, bot.ErrConflict) {
		return request{}, errExpired
	}
	return r, err
}

// adopt stores the pair of a consent, whatever state the account was in.
func (o *OA) adopt(ctx context.Context, p pair) error {
	for range saveTries {
		t, version, err := o.keeper.load(ctx)
		if err != nil {
			return err
		}
		_, err = o.keeper.keepPair(ctx, t, version, p)
		if !errors.Is(err, bot.ErrConflict) {
			return err
		}
	}
	return errBusy
}

// errBusy is a row that others changed at each try.
var errBusy = errors.New("zalo: others keep writing the tokens")

// Revoked notes that the account withdrew its consent at a time. One that is
// older than the tokens in use says nothing about them.
func (o *OA) Revoked(ctx context.Context, at time.Time) error { return o.keeper.revoked(ctx, at) }

var page = template.Must(template.New("consent").Parse(`<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}</title></head>
<body><h1>{{.Title}}</h1><p>{{.Text}}</p></body></html>
`))

// Callback is the page that a consent comes back to. Nothing of the address is
// repeated on it.
func (o *OA) Callback() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		key, status := "zalo.page_connected", http.StatusOK
		args := map[string]any{"name": ""}
		err := o.finish(ctx, r.URL.Query())
		var away *callError
		switch {
		case err == nil:
			if a, aerr := o.Account(ctx); aerr == nil {
				args["name"] = a.Name
			}
		case errors.Is(err, errExpired):
			key, status = "zalo.page_expired", http.StatusGone
		case errors.Is(err, errRefused):
			key, status = "zalo.page_refused", http.StatusForbidden
		case errors.As(err, &away):
			key, status = "zalo.page_away", http.StatusBadGateway
		default:
			key, status = "zalo.page_failed", http.StatusBadRequest
		}
		if err != nil {
			o.opt.Log.Warn("a consent came to nothing", "err", err)
		}
		o.show(w, status, key, args)
	})
}

func (o *OA) show(w http.ResponseWriter, status int, key string, args map[string]any) {
	title, terr := o.opt.Render("vi", "zalo.page_title", nil)
	text, err := o.opt.Render("vi", key, args)
	if err = errors.Join(terr, err); err != nil {
		o.opt.Log.Error("the consent's page has no words", "err", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	if err := page.Execute(w, map[string]string{"Title": title, "Text": text}); err != nil {
		o.opt.Log.Debug("the browser did not wait for the page", "err", err)
	}
}
