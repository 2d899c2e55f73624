package zalo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"cchcbot/bot"
)

// Life of the tokens (OAuth v4 of the Official Account).
const (
	accessLife  = 25 * time.Hour          // when Zalo does not say
	refreshLife = 90 * 24 * time.Hour     // of a refresh token: three months
	refreshSoon = 14 * 24 * time.Hour     // before its end people are told
	renewAt     = 80                      // percent of the access token's life
	lookEvery   = 5 * time.Minute         // how often the keeper looks
	renewTime   = 2 * callTimeout         // of a renewal's two calls
	leaseTime   = renewTime + time.Minute // longer than a renewal and its bookkeeping can take
	leaseWait   = 200 * time.Millisecond  // between two looks for somebody else's renewal
	saveTries   = 5                       // of a pair that must not be lost
	againAfter  = time.Minute             // after a renewal without an answer
	earlyAgain  = 5 * time.Minute         // after an early renewal that came to nothing: the old token is still good
	lateAgain   = 10 * time.Second        // the same when the old token is over
	secretName  = "zalo/token"            // in the vault
	leaseName   = "zalo/refresh"
	maxSeeds    = 20 // digests of the operator's tokens that are remembered
)

// States of the account's consent.
const (
	stateFresh   = ""             // the keeper may renew
	stateConsent = "needs_reauth" // only a new consent helps
)

// tokens is the row in the vault.
type tokens struct {
	OA            string    `json:"oa,omitempty"`
	Access        string    `json:"access,omitempty"`
	Refresh       string    `json:"refresh,omitempty"`
	AccessUntil   time.Time `json:"access_until,omitzero"`
	RefreshIssued time.Time `json:"refresh_issued,omitzero"`
	AccessIssued  time.Time `json:"access_issued,omitzero"`
	Generation    int64     `json:"generation"` // grows with every new pair

	// The pair before, for whoever has to find out what happened.
	PreviousAccess  string `json:"previous_access,omitempty"`
	PreviousRefresh string `json:"previous_refresh,omitempty"`

	State  string `json:"state,omitempty"`
	Reason string `json:"reason,omitempty"` // short code
	// Pending is when a renewal began whose outcome is not known: the pair may be spent.
	Pending time.Time `json:"pending,omitzero"`
	Seeds   []string  `json:"seeds,omitempty"` // digests of the operator's refresh tokens that were used
}

// consentError says that nothing can be done without the account's consent.
type consentError struct{ reason string }

func (e *consentError) Error() string {
	return "the Official Account has to give its consent again (" + e.reason + "): run `cchcbot zalo connect`"
}

// keeper keeps the pair of tokens: one row in the vault, one renewer at a time.
type keeper struct {
	opt    *Options
	api    *api
	alerts *bot.Alerts

	mu sync.Mutex // one renewal at a time in this process
	// The last renewal that came to nothing, so that not every sender tries
	// again while Zalo is away. Guarded by mu.
	failedAt time.Time
	failed   error

	saved sync.Mutex // guards unsaved
	// unsaved is a pair that Zalo gave and the vault did not take yet. It is not
	// used before it is kept.
	unsaved *tokens
}

// load reads the row; version 0 means that there is none.
func (k *keeper) load(ctx context.Context) (tokens, int64, error) {
	raw, version, err := k.opt.Vault.Secret(ctx, secretName)
	if err != nil || version == 0 {
		return tokens{}, 0, err
	}
	var t tokens
	if err := json.Unmarshal(raw, &t); err != nil {
		return tokens{}, 0, errors.New("zalo: the kept tokens cannot be read")
	}
	return t, version, nil
}

func (k *keeper) save(ctx context.Context, t tokens, version int64) (int64, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return 0, errors.New("zalo: the tokens cannot be written down")
	}
	return k.opt.Vault.SaveSecret(ctx, secretName, raw, version)
}

// current reads the row and puts the operator's refresh token in when there is
// none, or when the account waits for a new one and this one was never used.
func (k *keeper) current(ctx context.Context) (tokens, int64, error) {
	if err := k.rescue(ctx); err != nil {
		return tokens{}, 0, err
	}
	t, version, err := k.load(ctx)
	if err != nil {
		return t, version, err
	}
	seed := k.opt.RefreshToken
	if seed == "" || version > 0 && t.State != stateConsent || slices.Contains(t.Seeds, digestOf(seed)) || seed == t.Refresh || seed == t.PreviousRefresh {
		return t, version, nil
	}
	t.Refresh, t.Access, t.State, t.Reason, t.Pending = seed, "", stateFresh, "", time.Time{}
	t.RefreshIssued = k.opt.Now()
	t.Generation++
	t.Seeds = append(t.Seeds, digestOf(seed))
	t.Seeds = t.Seeds[max(0, len(t.Seeds)-maxSeeds):]
	version, err = k.save(ctx, t, version)
	if errors.Is(err, bot.ErrConflict) {
		return k.load(ctx) // another process was first
	}
	return t, version, err
}

func digestOf(secret string) string {
	sum := sha256.Sum256([]byte("zalo seed\x1f" + secret))
	return hex.EncodeToString(sum[:8])
}

// usable reports whether the access token may be shown at now, and whether it
// is time to renew it.
func (t tokens) usable(now time.Time) (ok, due bool) {
	if t.Access == "" || !now.Before(t.AccessUntil) {
		return false, true
	}
	life := t.AccessUntil.Sub(t.AccessIssued)
	return true, !now.Before(t.AccessIssued.Add(life * renewAt / 100))
}

// token returns a pair whose access token can be used, renewed when it is time.
func (k *keeper) token(ctx context.Context) (tokens, error) {
	t, version, err := k.current(ctx)
	if err != nil {
		return t, err
	}
	if version == 0 {
		return t, &consentError{"no_consent_yet"}
	}
	if t.State == stateConsent {
		return t, &consentError{t.Reason}
	}
	ok, due := t.usable(k.opt.Now())
	switch {
	case !due:
		return t, nil
	case ok:
		return k.early(ctx, t)
	}
	return k.renew(ctx, t.Generation)
}

// early renews a pair whose access token is still good. Nobody waits for it:
// while somebody renews, and for a while after a renewal that came to nothing,
// the old token serves. One that dies meanwhile is read anew (after).
func (k *keeper) early(ctx context.Context, t tokens) (tokens, error) {
	if !k.mu.TryLock() {
		return t, nil
	}
	defer k.mu.Unlock()
	if k.justFailed(earlyAgain) != nil {
		return t, nil
	}
	fresh, err := k.renewal(ctx, t.Generation, false)
	var gone *consentError
	if err != nil && !errors.As(err, &gone) {
		return t, nil
	}
	return fresh, err
}

// justFailed is what the last renewal came to nothing for, when that was within
// d. k.mu is held.
func (k *keeper) justFailed(d time.Duration) error {
	if ago := k.opt.Now().Sub(k.failedAt); k.failed != nil && ago >= 0 && ago < d {
		return k.failed
	}
	return nil
}

// after is called when Zalo no longer takes the token of a generation: somebody
// may have renewed it meanwhile, else it is renewed now.
func (k *keeper) after(ctx context.Context, generation int64) (tokens, error) {
	t, _, err := k.load(ctx)
	if err != nil {
		return t, err
	}
	if t.State == stateConsent {
		return t, &consentError{t.Reason}
	}
	if t.Generation != generation && t.Access != "" {
		return t, nil
	}
	return k.renew(ctx, generation)
}

// renew exchanges the refresh token of a generation for a new pair, or waits
// for whoever does. Refresh tokens are good for one use: the lease and the
// compared version see to it that each is spent once.
func (k *keeper) renew(ctx context.Context, generation int64) (tokens, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.renewal(ctx, generation, true)
}

// renewal is renew under k.mu. Without patience it does not wait for another
// process that renews.
func (k *keeper) renewal(ctx context.Context, generation int64, patient bool) (tokens, error) {
	for {
		t, version, err := k.current(ctx)
		if err != nil {
			return t, err
		}
		switch {
		case t.State == stateConsent:
			return t, &consentError{t.Reason}
		case t.Generation != generation && t.Access != "":
			return t, nil // somebody else did
		}
		if err := k.justFailed(lateAgain); err != nil {
			return t, err
		}
		got, err := k.opt.Vault.Lease(ctx, leaseName, k.opt.Owner, leaseTime)
		if err != nil {
			return t, fmt.Errorf("lease of the renewal: %w", err)
		}
		if got {
			t, err = k.exchange(ctx, t, version)
			k.remember(err)
			_, lerr := k.opt.Vault.Lease(context.WithoutCancel(ctx), leaseName, k.opt.Owner, 0)
			return t, errors.Join(err, lerr)
		}
		if !patient || pause(ctx, leaseWait) != nil {
			return t, &callError{reach: unsent, err: errors.New("another process renews the token")}
		}
	}
}

// remember notes a renewal that Zalo did not answer. k.mu is held.
func (k *keeper) remember(err error) {
	var c *callError
	k.failed = nil
	if errors.As(err, &c) {
		k.failedAt, k.failed = k.opt.Now(), c
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// exchange is one renewal, under the lease. What is about to happen is written
// down first, so that a process that dies here leaves a trace. Once it began it
// is not broken off for a caller who leaves: that could cost the account's consent.
func (k *keeper) exchange(ctx context.Context, t tokens, version int64) (tokens, error) {
	// Another process may have renewed between the look and the lease.
	if now, v, err := k.load(ctx); err != nil {
		return t, err
	} else if v != version {
		return k.settled(now)
	}
	if now := k.opt.Now(); !t.Pending.IsZero() && now.Sub(t.Pending) < againAfter && t.Reason == reasonTwice {
		return t, &callError{reach: unsent, err: errors.New("the last renewals had no answer; tried again in a minute")}
	}
	open := t.Pending // an earlier try, of this process or of one that died, had no answer
	t.Pending = k.opt.Now()
	version, err := k.save(ctx, t, version)
	if err != nil {
		return t, fmt.Errorf("write down that a renewal begins: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTime)
	defer cancel()
	p, err := k.api.refresh(ctx, t.Refresh)
	if reached(err) && open.IsZero() {
		open = t.Pending
		p, err = k.api.refresh(ctx, t.Refresh) // the one try more
	}
	return k.outcome(ctx, t, version, open, p, err)
}

// settled is what somebody else left.
func (k *keeper) settled(t tokens) (tokens, error) {
	if t.State == stateConsent {
		return t, &consentError{t.Reason}
	}
	if t.Access == "" {
		return t, &callError{reach: unsent, err: errors.New("another process renews the token")}
	}
	return t, nil
}

// reached reports whether a call left without an answer: it may have been done.
func reached(err error) bool {
	var c *callError
	return errors.As(err, &c) && c.reach != unsent && c.reach != overload
}

// Reasons of the consent's state, as doctor shows them.
const (
	reasonSpent   = "refresh_token_refused"
	reasonRevoked = "consent_revoked"
	reasonTwice   = "renewal_without_answer"
)

// outcome writes down what a renewal came to. open is when an earlier try began
// that had no answer, zero when there was none: a later one that never left does
// not settle it.
func (k *keeper) outcome(ctx context.Context, t tokens, version int64, open time.Time, p pair, err error) (tokens, error) {
	// The request is out: what it came to is kept even when the caller left.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var no *codeError
	switch {
	case err == nil:
		return k.keepPair(ctx, t, version, p)
	case errors.As(err, &no):
		return k.lost(ctx, t, version, reasonSpent)
	case reached(err):
		k.noAnswer(ctx, &t)
	case !open.IsZero():
		t.Pending = open
		k.noAnswer(ctx, &t)
	default: // it never left
		t.Pending = time.Time{}
	}
	if _, serr := k.save(ctx, t, version); serr != nil {
		err = errors.Join(err, serr)
	}
	return t, err
}

func (k *keeper) noAnswer(ctx context.Context, t *tokens) {
	t.Reason = reasonTwice
	k.alerts.Raise(ctx, "pending", "a renewal of the token had no answer; it is tried again. If Zalo then refuses, `cchcbot zalo connect` is needed")
}

// keepPair stores a new pair before anybody may use it. When the vault does not
// take it, it is kept in memory and offered again before anything else.
func (k *keeper) keepPair(ctx context.Context, t tokens, version int64, p pair) (tokens, error) {
	now := k.opt.Now()
	fresh := tokens{
		OA: t.OA, Access: p.access, Refresh: p.refresh, AccessIssued: now, AccessUntil: now.Add(p.life), RefreshIssued: now,
		Generation: t.Generation + 1, PreviousAccess: t.Access, PreviousRefresh: t.Refresh, Seeds: t.Seeds,
	}
	if p.oa != "" {
		fresh.OA = p.oa
	}
	var err error
	for i := range saveTries {
		if i > 0 && pause(ctx, time.Duration(i)*100*time.Millisecond) != nil {
			break
		}
		if _, err = k.save(ctx, fresh, version); err == nil {
			return fresh, nil
		}
		if errors.Is(err, bot.ErrConflict) {
			break
		}
	}
	k.saved.Lock()
	k.unsaved = &fresh
	k.saved.Unlock()
	k.alerts.Raise(ctx, "unsaved", "a new pair of tokens cannot be stored; it is kept in memory: see that DATA can be written before this process ends")
	return t, fmt.Errorf("store the new tokens: %w", err)
}

// rescue stores a pair that could not be stored before.
func (k *keeper) rescue(ctx context.Context) error {
	k.saved.Lock()
	defer k.saved.Unlock()
	if k.unsaved == nil {
		return nil
	}
	t, version, err := k.load(ctx)
	if err != nil {
		return err
	}
	if t.Generation < k.unsaved.Generation {
		if _, err := k.save(ctx, *k.unsaved, version); err != nil {
			return fmt.Errorf("store the new tokens: %w", err)
		}
	}
	k.unsaved = nil
	return nil
}

// lost notes that only a new consent helps, and tells people.
func (k *keeper) lost(ctx context.Context, t tokens, version int64, reason string) (tokens, error) {
	t.State, t.Reason, t.Pending = stateConsent, reason, time.Time{}
	_, err := k.save(ctx, t, version)
	if errors.Is(err, bot.ErrConflict) { // somebody else was first, perhaps with a new consent
		now, _, err := k.load(ctx)
		if err != nil {
			return t, err
		}
		return k.settled(now)
	}
	if err != nil {
		return t, err
	}
	k.alerts.Raise(ctx, "consent", "the Official Account has to give its consent again ("+reason+"): run `cchcbot zalo connect`. Messages are taken in meanwhile, answers wait")
	return t, &consentError{reason}
}

// revoked is called when Zalo says that the account withdrew its consent at a
// time. A pair that was given later proves that there is a newer consent: the
// word came late, or once more.
func (k *keeper) revoked(ctx context.Context, at time.Time) error {
	for range saveTries {
		t, version, err := k.load(ctx)
		if err != nil || version == 0 || t.State == stateConsent || at.Before(t.RefreshIssued) {
			return err
		}
		_, err = k.lost(ctx, t, version, reasonRevoked)
		var gone *consentError
		var raced *callError
		switch {
		case errors.As(err, &gone):
			return nil
		case err != nil && !errors.As(err, &raced):
			return err
		}
	}
	return errBusy
}

// keep renews in time until ctx ends.
func (k *keeper) keep(ctx context.Context) {
	for {
		if _, err := k.token(ctx); err != nil && ctx.Err() == nil {
			k.opt.Log.Debug("no token of zalo can be used", "err", err)
		}
		if t, version, err := k.load(ctx); err == nil && version > 0 && t.State == stateFresh {
			if left := refreshLife - k.opt.Now().Sub(t.RefreshIssued); left < refreshSoon {
				k.alerts.Raise(ctx, "old", fmt.Sprintf("the refresh token ends in %d days and cannot be renewed; look at the network, else run `cchcbot zalo connect`", int(left.Hours()/24)))
			}
		}
		if pause(ctx, lookEvery) != nil {
			return
		}
	}
}
