package zalo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
)

// wire is a way to the platform that can be cut before anything is sent.
type wire struct {
	next http.RoundTripper

	mu     sync.Mutex
	before func(path string) error // an error: nothing is sent
	tried  map[string]int
}

var errNoRoute = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.tried[r.URL.Path]++
	before := w.before
	w.mu.Unlock()
	if before != nil {
		if err := before(r.URL.Path); err != nil {
			return nil, err
		}
	}
	return w.next.RoundTrip(r)
}

func (w *wire) set(before func(path string) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = before
}

func (w *wire) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tried[path]
}

// wired puts a wire between the account and its platform.
func wired(t *testing.T, w *world) *wire {
	t.Helper()
	v := &wire{next: w.opt.HTTP.Transport, tried: map[string]int{}}
	w.opt.HTTP = &http.Client{Transport: v}
	w.OA = w.process(t)
	return v
}

const tokenPath = "/v4/oa/access_token"

// The first try had no answer and the second found no way: the pair may be
// spent all the same, and that stays written down.
func TestASecondTryThatNeverLeftSettlesNothing(t *testing.T) {
	w := newWorld(t, nil)
	v := wired(t, w)
	w.fake.Type("Lan", "chào")
	w.fake.Fail(fakezalo.Fault{Path: tokenPath, Lost: true})
	v.set(func(path string) error {
		if path == tokenPath && v.count(path) > 1 {
			return errNoRoute
		}
		return nil
	})
	began := w.clock.Now()
	if _, err := w.Send(t.Context(), w.to("Lan", "một")); kindOf(err) != bot.Temporary {
		t.Fatalf("Send = %v", err)
	}
	if got := w.tokens(t); !got.Pending.Equal(began) || got.State != stateFresh {
		t.Errorf("pending %s, state %q", got.Pending, got.State)
	}
	// So does a later try of another process that finds no way.
	w.clock.add(5 * time.Minute)
	if _, err := w.process(t).Send(t.Context(), w.to("Lan", "hai")); kindOf(err) != bot.Temporary {
		t.Fatalf("Send = %v", err)
	}
	if got := w.tokens(t); !got.Pending.Equal(began) {
		t.Errorf("pending %s, want %s", got.Pending, began)
	}
	// Zalo is back: a single try with the spent token, then people are asked.
	v.set(nil)
	w.clock.add(5 * time.Minute)
	before := len(w.fake.Calls(tokenPath))
	if _, err := w.Send(t.Context(), w.to("Lan", "ba")); kindOf(err) != bot.Misconfigured {
		t.Errorf("Send = %v", err)
	}
	if n := len(w.fake.Calls(tokenPath)) - before; n != 1 {
		t.Errorf("%d tries with a token that may be spent, want 1", n)
	}
}

// While the token endpoint is away and the old token is good, senders use it,
// and one of them tries a renewal now and then.
func TestAnEarlyRenewalIsTriedNowAndThen(t *testing.T) {
	w := newWorld(t, nil)
	v := wired(t, w)
	w.fake.Type("Lan", "chào")
	if _, err := w.Send(t.Context(), w.to("Lan", "một")); err != nil {
		t.Fatal(err)
	}
	w.clock.add(21 * time.Hour)
	v.set(func(path string) error {
		if path == tokenPath {
			return errNoRoute
		}
		return nil
	})
	before := v.count(tokenPath)
	send := func() {
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := w.Send(t.Context(), w.to("Lan", "tin")); err != nil {
					t.Errorf("with the old token: %v", err)
				}
			})
		}
		all.Wait()
	}
	send()
	if n := v.count(tokenPath) - before; n != 1 {
		t.Errorf("%d tries at once, want 1", n)
	}
	w.clock.add(earlyAgain)
	send()
	if n := v.count(tokenPath) - before; n != 2 {
		t.Errorf("%d tries in five minutes, want 2", n)
	}
	// The old token is over: it is tried more often, not by every sender.
	w.clock.add(5 * time.Hour)
	before = v.count(tokenPath)
	for range 10 {
		if _, err := w.Send(t.Context(), w.to("Lan", "tin")); kindOf(err) != bot.Temporary {
			t.Errorf("Send = %v", err)
		}
	}
	if n := v.count(tokenPath) - before; n != 1 {
		t.Errorf("%d tries at once, want 1", n)
	}
	v.set(nil)
	w.clock.add(lateAgain)
	if _, err := w.Send(t.Context(), w.to("Lan", "tin")); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}

// While somebody renews in time, nobody waits: not in this process, and not for
// another one.
func TestNobodyWaitsForAnEarlyRenewal(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	if _, err := w.Send(t.Context(), w.to("Lan", "một")); err != nil {
		t.Fatal(err)
	}
	w.clock.add(21 * time.Hour)
	if ok, err := w.vault.Lease(t.Context(), leaseName, "another process", leaseTime); !ok || err != nil {
		t.Fatal(ok, err)
	}
	old := w.tokens(t).Generation
	if got, err := w.keeper.token(t.Context()); err != nil || got.Generation != old {
		t.Errorf("while another process renews: generation %d, %v", got.Generation, err)
	}
	w.keeper.mu.Lock()
	defer w.keeper.mu.Unlock()
	if got, err := w.keeper.token(t.Context()); err != nil || got.Generation != old {
		t.Errorf("while this process renews: generation %d, %v", got.Generation, err)
	}
}

// A sender whose time is over does not take a renewal with it: the pair would
// be lost, and the consent with it.
func TestARenewalOutlivesItsCaller(t *testing.T) {
	w := newWorld(t, nil)
	v := wired(t, w)
	w.fake.Type("Lan", "chào")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	v.set(func(path string) error {
		if path == tokenPath {
			leave()
		}
		return nil
	})
	if _, err := w.Send(ctx, w.to("Lan", "một")); kindOf(err) != bot.Temporary {
		t.Errorf("Send = %v", err)
	}
	if got := w.tokens(t); got.Generation != 2 || !got.Pending.IsZero() || len(w.fake.Spent()) != 1 {
		t.Errorf("generation %d, pending %s, %d spent", got.Generation, got.Pending, len(w.fake.Spent()))
	}
}

// The word of a withdrawn consent comes late, or once more, after a new consent:
// nobody is asked again.
func TestAnOldWithdrawalSaysNothingOfANewConsent(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	if _, err := w.Send(t.Context(), w.to("Lan", "một")); err != nil {
		t.Fatal(err)
	}
	w.clock.add(time.Minute)
	revoked := `{"app_id":"` + testApp + `","event_name":"permission_revoked","timestamp":"` + stampAt(w.clock.Now()) + `","oa_id":"` + testOA + `"}`
	deliver := func() {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/zalo/webhook", strings.NewReader(revoked))
		r.Header.Set(signatureHeader, Signature([]byte(revoked)))
		rec := httptest.NewRecorder()
		w.Webhook(nil).ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			t.Fatalf("the webhook answers %d", rec.Code)
		}
	}
	w.fake.Revoke()
	deliver()
	if got := w.tokens(t); got.State != stateConsent || got.Reason != reasonRevoked {
		t.Fatalf("state %q, reason %q", got.State, got.Reason)
	}
	w.clock.add(10 * time.Minute)
	w.consent(t)
	deliver()
	if got := w.tokens(t); got.State != stateFresh {
		t.Errorf("state %q, reason %q after the old word came again", got.State, got.Reason)
	}
	if _, err := w.Send(t.Context(), w.to("Lan", "hai")); err != nil {
		t.Errorf("Send = %v", err)
	}
}

// A withdrawal that meets somebody else's writing is not lost, and a new consent
// that came meanwhile is not overwritten by the old one's end.
func TestTheEndOfAConsentMeetsANewOne(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.keeper.token(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("somebody writes", func(t *testing.T) {
		once := true
		w.vault.saving = func(name string, _ []byte) error {
			if name == secretName && once {
				once = false
				return bot.ErrConflict
			}
			return nil
		}
		defer func() { w.vault.saving = nil }()
		if err := w.Revoked(t.Context(), w.clock.Now()); err != nil || w.tokens(t).State != stateConsent {
			t.Errorf("%v, state %q", err, w.tokens(t).State)
		}
	})
	t.Run("a new consent", func(t *testing.T) {
		w.consent(t)
		old, version, err := w.keeper.load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.consent(t)
		told := w.told()
		if got, err := w.keeper.lost(t.Context(), old, version, reasonSpent); err != nil || got.Generation <= old.Generation {
			t.Errorf("generation %d, %v", got.Generation, err)
		}
		if w.told() != told || w.tokens(t).State != stateFresh {
			t.Errorf("state %q, told %q", w.tokens(t).State, w.told())
		}
	})
}

// Without a connection nothing was sent: the message is simply sent again. With
// one, nobody knows.
func TestWhatNeverHadAConnectionIsNotInDoubt(t *testing.T) {
	read := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	trusted, strange := httptest.NewTLSServer(http.HandlerFunc(read)), httptest.NewTLSServer(http.HandlerFunc(read))
	defer trusted.Close()
	defer strange.Close()
	plain := httptest.NewServer(http.HandlerFunc(read))
	defer plain.Close()
	gone := httptest.NewServer(http.HandlerFunc(read))
	gone.Close()
	for name, c := range map[string]struct {
		address string
		want    reach
	}{
		"a certificate that nobody vouches for": {strange.URL, unsent},
		"no TLS at all":                         {strings.Replace(plain.URL, "http:", "https:", 1), unsent},
		"nobody listens":                        {gone.URL, unsent},
		"a name that is none":                   {"https://khong-co.invalid", unsent},
		"broken off after the request":          {trusted.URL, sent},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.opt.APIURL, w.opt.OAuthURL, w.opt.HTTP = c.address, c.address, trusted.Client()
			if c.address == strange.URL {
				w.opt.HTTP = &http.Client{Transport: &http.Transport{}}
			}
			o := w.process(t)
			defer o.Close()
			for what, err := range map[string]error{
				"a call": func() error {
					_, err := o.api.do(t.Context(), call{method: http.MethodPost, path: pathMessage, body: object{}})
					return err
				}(),
				"a renewal": func() error { _, err := o.api.refresh(t.Context(), "refresh"); return err }(),
			} {
				var got *callError
				if !errors.As(err, &got) || got.reach != c.want {
					t.Errorf("%s: %v, reach %v, want %v", what, err, got, c.want)
				}
			}
		})
	}
}
