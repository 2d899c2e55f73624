package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// pair is what the token endpoint gives.
type pair struct {
	access, refresh, oa string
	life                time.Duration
}

// refresh spends a refresh token.
func (a *api) refresh(ctx context.Context, token string) (pair, error) {
	return a.tokens(ctx, url.Values{"refresh_token": {token}, "app_id": {a.app}, "grant_type": {"refresh_token"}})
}

// authorize exchanges the code of a consent.
func (a *api) authorize(ctx context.Context, code, verifier string) (pair, error) {
	return a.tokens(ctx, url.Values{"code": {code}, "app_id": {a.app}, "grant_type": {"authorization_code"}, "code_verifier": {verifier}})
}

// tokens asks the token endpoint. Success is an answer with both tokens and
// nothing else, for a refusal may come with status 200.
func (a *api) tokens(ctx context.Context, form url.Values) (pair, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.oauth+"/v4/oa/access_token", strings.NewReader(form.Encode()))
	if err != nil {
		return pair{}, &callError{reach: unsent, err: errors.New("the request cannot be made")}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header["secret_key"] = []string{a.secret}
	resp, err := a.ask(req)
	if err != nil {
		return pair{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return pair{}, &callError{reach: sent, status: resp.StatusCode, err: bare(err)}
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return pair{}, &callError{reach: overload, status: resp.StatusCode, wait: retryAfter(resp), err: errors.New("too many calls")}
	}
	return readPair(resp.StatusCode, raw)
}

func readPair(status int, raw []byte) (pair, error) {
	var got struct {
		Access  string  `json:"access_token"`
		Refresh string  `json:"refresh_token"`
		Expires number  `json:"expires_in"`
		OA      ident   `json:"oa_id"`
		Error   *number `json:"error"`
		Name    string  `json:"error_name"`
		Text    string  `json:"error_description"`
	}
	if json.Unmarshal(raw, &got) != nil {
		at := refused
		if status == http.StatusServiceUnavailable {
			at = unsent
		}
		return pair{}, &callError{reach: at, status: status, err: errors.New("the answer is none of the token endpoint's")}
	}
	switch {
	case got.Access != "" && got.Refresh != "":
		life := time.Duration(got.Expires) * time.Second
		if life <= time.Minute || life > 365*24*time.Hour {
			life = accessLife
		}
		return pair{access: got.Access, refresh: got.Refresh, oa: string(got.OA), life: life}, nil
	case got.Error != nil && *got.Error != 0:
		return pair{}, &codeError{int(*got.Error)}
	case got.Name != "" || got.Text != "":
		return pair{}, &codeError{-1} // a definite no without a number
	}
	return pair{}, &callError{reach: refused, status: status, err: errors.New("the answer holds neither tokens nor an error")}
}
