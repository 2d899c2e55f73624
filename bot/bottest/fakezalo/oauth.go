package fakezalo

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// permission is the page on which the account's administrator says yes. The
// fake's administrator does so at once: the answer leads back with a code.
func (s *Server) permission(r *http.Request) (any, error) {
	q := r.URL.Query()
	back, err := s.Agree(r.URL.String())
	if err != nil || q.Get("redirect_uri") == "" {
		return rawAnswer{http.StatusOK, map[string]any{"error_code": -14003}}, nil //nolint:nilerr // the page says it
	}
	return rawAnswer{http.StatusOK, map[string]any{"redirect": back}}, nil
}

// Agree is the administrator's yes to an address of a consent. It returns the
// address that the browser is sent back to.
func (s *Server) Agree(consentURL string) (string, error) {
	u, err := url.Parse(consentURL)
	if err != nil {
		return "", no(-14003, "Invalid redirect uri")
	}
	q := u.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("app_id") != s.opt.AppID {
		return "", no(-14003, "Invalid redirect uri")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code := rand.Text()
	s.consents[code] = &consent{challenge: q.Get("code_challenge"), until: s.opt.Now().Add(codeLife)}
	v := back.Query()
	v.Set("code", code)
	v.Set("oa_id", s.opt.OAID)
	v.Set("state", q.Get("state"))
	back.RawQuery = v.Encode()
	return back.String(), nil
}

// Decline is the administrator's no.
func (s *Server) Decline(consentURL string) string {
	u, err := url.Parse(consentURL)
	if err != nil {
		return ""
	}
	return u.Query().Get("redirect_uri") + "?error_code=-14003&state=" + url.QueryEscape(u.Query().Get("state"))
}

// Grant gives a new pair without a consent and returns its refresh token: what
// an operator would copy from the console.
func (s *Server) Grant() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mint()
	return s.refresh
}

// mint makes a new pair; the old access token dies at once. s.mu is held.
func (s *Server) mint() {
	s.access, s.refresh = "access-"+rand.Text(), "refresh-"+rand.Text()
	s.accessAt, s.issued = s.opt.Now(), s.opt.Now()
}

// Revoke withdraws the account's consent, and Zalo says so.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access, s.refresh = "", ""
	s.push("permission_revoked", map[string]any{"oa_id": s.opt.OAID})
}

// Spent is how often each refresh token was shown with success.
func (s *Server) Spent() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for k, v := range s.spent {
		out[k] = v
	}
	return out
}

// Secrets are the tokens that may be shown now.
func (s *Server) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []string{s.access, s.refresh}
}

// refusal is the token endpoint's no: with status 200.
func refusal(code int, name string) (any, error) {
	return rawAnswer{http.StatusOK, map[string]any{"error": code, "error_name": name, "error_description": name, "error_reason": "…", "ref_doc": "…"}}, nil
}

// token is the token endpoint.
func (s *Server) token(r *http.Request, q *request) (any, error) {
	secret := ""
	for name, values := range r.Header {
		if strings.EqualFold(name, "secret_key") && len(values) == 1 {
			secret = values[0]
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.notify()
	if r.Method != http.MethodPost || secret != s.opt.AppSecret || text(q.body["app_id"]) != s.opt.AppID {
		return refusal(-14004, "Invalid app id or secret key")
	}
	switch text(q.body["grant_type"]) {
	case "authorization_code":
		code := text(q.body["code"])
		c := s.consents[code]
		delete(s.consents, code)
		if c == nil || !s.opt.Now().Before(c.until) {
			return refusal(-14012, "Invalid authorized code")
		}
		sum := sha256.Sum256([]byte(text(q.body["code_verifier"])))
		if c.challenge != "" && c.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
			return refusal(-14013, "Invalid code verifier")
		}
	case "refresh_token":
		shown := text(q.body["refresh_token"])
		if shown == "" || shown != s.refresh || !s.opt.Now().Before(s.issued.Add(refreshLife)) {
			return refusal(-14014, "Invalid refresh token")
		}
		s.spent[shown]++
	default:
		return refusal(-14005, "Invalid grant type")
	}
	s.mint()
	var expires any = strconv.Itoa(int(accessLife.Seconds()))
	if s.opt.NumericStamps {
		expires = int(accessLife.Seconds())
	}
	return rawAnswer{http.StatusOK, map[string]any{"access_token": s.access, "refresh_token": s.refresh, "expires_in": expires}}, nil
}
