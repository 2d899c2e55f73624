package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
)

// Fifty senders at the moment of a renewal: every message arrives once, and
// each refresh token is spent once.
func TestRotationUnderManySenders(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	for round := range 4 {
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if _, err := w.Send(t.Context(), w.to("Lan", fmt.Sprintf("tin %d.%d.", round, i))); err != nil {
					t.Errorf("message %d.%d: %v", round, i, err)
				}
			})
		}
		wg.Wait()
		w.clock.add(21 * time.Hour) // past 80 % of the access token's life
	}
	seen := map[string]int{}
	for _, m := range w.fake.Shown("Lan") {
		seen[m.Text]++
	}
	if len(seen) != 200 {
		t.Errorf("%d of 200 messages arrived", len(seen))
	}
	for text, n := range seen {
		if n != 1 {
			t.Errorf("%q arrived %d times", text, n)
		}
	}
	if got := w.tokens(t).Generation; got != 1+4 {
		t.Errorf("generation %d after the seed and four renewals", got)
	}
	for token, n := range w.fake.Spent() {
		if n != 1 {
			t.Errorf("a refresh token (%d letters) was spent %d times", len(token), n)
		}
	}
}

// Two processes share the vault: one renews, the other reads.
func TestTwoProcessesRenewOnce(t *testing.T) {
	w := newWorld(t, nil)
	other := w.process(t)
	w.fake.Type("Lan", "chào")
	for range 3 {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				o := w.OA
				if i%2 == 1 {
					o = other
				}
				if _, err := o.Send(t.Context(), w.to("Lan", "x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.clock.add(21 * time.Hour)
	}
	if spent := w.fake.Spent(); len(spent) != 3 {
		t.Errorf("%d refresh tokens were spent, want 3", len(spent))
	}
}

// A token that died since another process renewed it is read anew, at no cost.
func TestATokenThatDiedIsReadAnew(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	if _, err := w.Send(t.Context(), w.to("Lan", "một")); err != nil {
		t.Fatal(err)
	}
	old := w.tokens(t)
	if _, err := w.keeper.renew(t.Context(), old.Generation); err != nil {
		t.Fatal(err)
	}
	got, err := w.keeper.after(t.Context(), old.Generation) // what a call in flight with the old token does
	if err != nil || got.Generation != old.Generation+1 || len(w.fake.Spent()) != 2 {
		t.Errorf("generation %d, %d spent, %v", got.Generation, len(w.fake.Spent()), err)
	}
	if got.PreviousRefresh != old.Refresh || got.PreviousAccess != old.Access {
		t.Error("the pair before is not kept")
	}
}

// The answer was lost after the platform committed: one try more, then people
// are told that a consent is needed, and nothing is lost meanwhile.
func TestARenewalWhoseAnswerIsLost(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	w.fake.Fail(fakezalo.Fault{Path: "/v4/oa/access_token", Lost: true})
	_, err := w.Send(t.Context(), w.to("Lan", "một"))
	if kindOf(err) != bot.Misconfigured {
		t.Fatalf("Send = %v", err)
	}
	got := w.tokens(t)
	if got.State != stateConsent || got.Reason != reasonSpent || !got.Pending.IsZero() {
		t.Errorf("state %q, reason %q", got.State, got.Reason)
	}
	if !strings.Contains(w.told(), "cchcbot zalo connect") {
		t.Errorf("people were told %q", w.told())
	}
	if err := w.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "cchcbot zalo connect") {
		t.Errorf("Check = %v", err)
	}
	w.consent(t)
	if _, err := w.Send(t.Context(), w.to("Lan", "hai")); err != nil {
		t.Errorf("after the new consent: %v", err)
	}
}

// Lost before the platform did anything: the try more succeeds.
func TestARenewalThatBrokeOff(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	w.fake.Fail(fakezalo.Fault{Path: "/v4/oa/access_token", Cut: true})
	if _, err := w.Send(t.Context(), w.to("Lan", "một")); err != nil {
		t.Fatal(err)
	}
	if got := w.tokens(t); got.Generation != 2 || !got.Pending.IsZero() || got.State != stateFresh {
		t.Errorf("generation %d, pending %s, state %q", got.Generation, got.Pending, got.State)
	}
}

// Without any answer it goes on trying, once a minute, and says so.
func TestARenewalThatNeverHasAnAnswer(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	w.fake.Fail(fakezalo.Fault{Path: "/v4/oa/access_token", Cut: true, Times: -1})
	for range 5 {
		if _, err := w.Send(t.Context(), w.to("Lan", "một")); kindOf(err) == bot.Misconfigured || err == nil {
			t.Fatalf("Send = %v", err)
		}
	}
	if n := len(w.fake.Calls("/v4/oa/access_token")); n != 2 {
		t.Errorf("%d tries within a minute, want 2", n)
	}
	if got := w.tokens(t); got.Pending.IsZero() || got.State != stateFresh {
		t.Errorf("pending %s, state %q", got.Pending, got.State)
	}
	w.fake.Heal()
	w.clock.add(2 * time.Minute)
	if _, err := w.Send(t.Context(), w.to("Lan", "hai")); err != nil {
		t.Errorf("when Zalo is back: %v", err)
	}
}

// kill -9 between receiving the pair and storing it. The next process finds
// that a renewal was under way, tries the spent token once, and asks for a consent.
func TestAProcessThatDiesWithThePairInHand(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	type killed struct{}
	w.vault.saving = func(name string, value []byte) error {
		var got tokens
		if name == secretName && json.Unmarshal(value, &got) == nil && got.Access != "" {
			panic(killed{})
		}
		return nil
	}
	func() {
		defer func() {
			if _, ok := recover().(killed); !ok {
				t.Error("the process lived")
			}
		}()
		_, _ = w.Send(t.Context(), w.to("Lan", "một"))
	}()
	w.vault.saving = nil
	left := w.tokens(t)
	if left.Pending.IsZero() || left.Access != "" {
		t.Fatalf("the vault holds pending %s", left.Pending)
	}
	w.clock.add(2 * time.Minute) // the dead process's lease ends
	next := w.process(t)
	standing, err := next.Standing(t.Context())
	if err != nil || standing.Pending.IsZero() {
		t.Errorf("doctor reads %+v, %v", standing, err)
	}
	before := len(w.fake.Calls("/v4/oa/access_token"))
	if _, err := next.Send(t.Context(), w.to("Lan", "hai")); kindOf(err) != bot.Misconfigured {
		t.Errorf("Send = %v", err)
	}
	if n := len(w.fake.Calls("/v4/oa/access_token")) - before; n != 1 {
		t.Errorf("%d tries with the spent token, want 1", n)
	}
	if !strings.Contains(w.told(), "cchcbot zalo connect") {
		t.Errorf("people were told %q", w.told())
	}
}

// A vault that takes nothing for a while: the pair waits in memory and is kept
// before it is used.
func TestAPairThatCannotBeStoredYet(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	full := errors.New("the disk is full")
	w.vault.saving = func(_ string, value []byte) error {
		if strings.Contains(string(value), `"access"`) {
			return full
		}
		return nil
	}
	if _, err := w.Send(t.Context(), w.to("Lan", "một")); err == nil {
		t.Fatal("a pair was used that is not stored")
	}
	if len(w.fake.Shown("Lan")) != 0 {
		t.Error("something was sent with it")
	}
	w.vault.saving = nil
	if _, err := w.Send(t.Context(), w.to("Lan", "hai")); err != nil {
		t.Fatal(err)
	}
	if spent := w.fake.Spent(); len(spent) != 1 {
		t.Errorf("%d refresh tokens were spent, want 1", len(spent))
	}
}

func TestTheConsentIsWithdrawn(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	if _, err := w.Send(t.Context(), w.to("Lan", "một")); err != nil {
		t.Fatal(err)
	}
	w.fake.Revoke()
	if err := w.Revoked(t.Context(), w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	_, err := w.Send(t.Context(), w.to("Lan", "hai"))
	if kindOf(err) != bot.Misconfigured || w.tokens(t).Reason != reasonRevoked {
		t.Errorf("Send = %v, reason %q", err, w.tokens(t).Reason)
	}
	// The operator's old token does not help; a new one, given in the settings, does.
	if _, err := w.process(t).Send(t.Context(), w.to("Lan", "ba")); kindOf(err) != bot.Misconfigured {
		t.Errorf("with the old seed Send = %v", err)
	}
	w.opt.RefreshToken = w.fake.Grant()
	if _, err := w.process(t).Send(t.Context(), w.to("Lan", "bốn")); err != nil {
		t.Errorf("with a new seed: %v", err)
	}
}

// Nobody used the account for three months: the chain is over.
func TestTheChainOfTokensEnds(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.keeper.token(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.clock.add(refreshLife + time.Hour)
	if _, err := w.keeper.token(t.Context()); err == nil || w.tokens(t).State != stateConsent {
		t.Errorf("token = %v, state %q", err, w.tokens(t).State)
	}
}

// Zalo cannot be reached while the old token is still good: it is used.
func TestARenewalInTimeMayFail(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	if _, err := w.Send(t.Context(), w.to("Lan", "một")); err != nil {
		t.Fatal(err)
	}
	w.clock.add(22 * time.Hour)
	w.fake.Fail(fakezalo.Fault{Path: "/v4/oa/access_token", Status: 503, HTML: "<html>", Times: 1})
	if _, err := w.Send(t.Context(), w.to("Lan", "hai")); err != nil {
		t.Errorf("Send = %v", err)
	}
	if got := w.tokens(t); got.Generation != 2 || !got.Pending.IsZero() {
		t.Errorf("generation %d, pending %s", got.Generation, got.Pending)
	}
}

func TestNoConsentYet(t *testing.T) {
	w := newWorld(t, nil)
	w.opt.RefreshToken = ""
	o := w.process(t)
	if err := o.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "cchcbot zalo connect") {
		t.Errorf("Check = %v", err)
	}
}

// consent goes the whole way: address, administrator's yes, callback.
func (w *world) consent(t *testing.T) {
	t.Helper()
	address, err := w.Consent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.fake.Agree(address)
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	w.Callback().ServeHTTP(rec, httptest.NewRequestWithContext(context.Background(), http.MethodGet, back, http.NoBody))
	if rec.Code != http.StatusOK {
		t.Fatalf("the page answers %d: %s", rec.Code, rec.Body)
	}
}

func TestConsent(t *testing.T) {
	w := newWorld(t, nil)
	connected := 0
	w.opt.RefreshToken = ""
	w.opt.Connected = func() { connected++ }
	w.OA = w.process(t)
	page := func(address string) (int, string) {
		rec := httptest.NewRecorder()
		w.Callback().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody))
		if csp := rec.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("the page's policy is %q", csp)
		}
		return rec.Code, rec.Body.String()
	}
	address, err := w.Consent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.fake.Agree(address)
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := page(strings.Replace(back, "state=", "state=x", 1)); code != http.StatusGone {
		t.Errorf("a made-up state answers %d", code)
	}
	if code, _ := page(w.fake.Decline(address)); code != http.StatusForbidden {
		t.Errorf("a refusal answers %d", code)
	}
	if code, body := page(back + "&x=<script>"); code != http.StatusOK || strings.Contains(body, "script") {
		t.Errorf("the consent answers %d: %s", code, body)
	}
	if code, _ := page(back); code != http.StatusGone {
		t.Errorf("the same address again answers %d", code)
	}
	if connected != 1 {
		t.Errorf("told of a connection %d times", connected)
	}
	if s, err := w.Standing(t.Context()); err != nil || !s.Connected || s.OA != testOA {
		t.Errorf("standing %+v, %v", s, err)
	}

	address, err = w.Consent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if back, err = w.fake.Agree(address); err != nil {
		t.Fatal(err)
	}
	w.clock.add(31 * time.Minute)
	if err := w.Exchange(t.Context(), back); !errors.Is(err, errExpired) {
		t.Errorf("an address of half an hour ago: %v", err)
	}
}

func TestTheVerifierIsAsTheRuleHasIt(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		v := newVerifier()
		if len(v) != 43 || strings.Trim(v, verifierLetters) != "" || seen[v] {
			t.Fatalf("verifier %q", v)
		}
		seen[v] = true
	}
}
