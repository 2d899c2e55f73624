package store_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
)

const phrase = "con mèo ngủ trưa"

// code is what an authenticator app shows for a secret at a time, computed here anew.
func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(at.Unix()/30))
	m := hmac.New(sha1.New, key)
	m.Write(b[:])
	s := m.Sum(nil)
	o := s[19] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(s[o:o+4])&(1<<31-1))%1000000)
}

// user makes an officer with a password.
func (w *world) user(email string, roles ...bot.Role) int64 {
	w.t.Helper()
	o := bot.Officer{Name: "Phạm Thị Hoa", Email: email, Active: true}
	for _, r := range roles {
		o.Grants = append(o.Grants, bot.Grant{Role: r})
	}
	id, err := w.SaveOfficer(w.t.Context(), o, "cli")
	w.must(err)
	token, _, err := w.Invite(w.t.Context(), id, false, "cli")
	w.must(err)
	session, _, err := w.AcceptInvitation(w.t.Context(), token, bot.Acceptance{Password: phrase})
	w.must(err)
	w.must(w.SignOut(w.t.Context(), session))
	return id
}

func (w *world) signIn(email, password, client string) (string, bot.Stage, error) {
	return w.SignIn(w.t.Context(), bot.Credentials{Email: email, Password: password, Client: client, Browser: "Firefox · Linux"})
}

func TestSignIn(t *testing.T) {
	w := open(t)
	id := w.user("hoa@haiduong.gov.vn", bot.RoleOfficer)
	token, stage, err := w.signIn(" HOA@haiduong.gov.vn", phrase, "198.18.0.1:0")
	w.must(err)
	signed, err := w.Signed(t.Context(), token)
	w.must(err)
	if stage != bot.StageOpen || signed.Officer.ID != id || signed.Stage != bot.StageOpen || signed.Lang != "vi" || signed.Form != bot.FormPlain {
		t.Errorf("signed in as %+v, %s", signed, stage)
	}
	// The same letters in another encoding are the same password.
	decomposed := strings.Replace(phrase, "è", "e\u0300", 1)
	if _, _, err := w.signIn("hoa@haiduong.gov.vn", decomposed, "198.18.0.1:0"); err != nil {
		t.Errorf("a password typed on another keyboard: %v", err)
	}
	for name, c := range map[string][2]string{
		"a wrong password":  {"hoa@haiduong.gov.vn", "con mèo ngủ tối"},
		"a wrong address":   {"hoi@haiduong.gov.vn", phrase},
		"no password":       {"hoa@haiduong.gov.vn", ""},
		"a long password":   {"hoa@haiduong.gov.vn", strings.Repeat("x", 100_000)},
		"an address of one": {"", ""},
	} {
		if _, _, err := w.signIn(c[0], c[1], "198.18.0.2:0"); !errors.Is(err, bot.ErrSignIn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.must(w.SignOut(t.Context(), token))
	if _, err := w.Signed(t.Context(), token); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("after signing out: %v", err)
	}
}

func TestASignInEndsByItself(t *testing.T) {
	w := open(t)
	w.user("hoa@haiduong.gov.vn", bot.RoleOfficer)
	token, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, "")
	w.must(err)
	for range 28 { // used every 25 minutes
		w.clock.Advance(25 * time.Minute)
		if _, err := w.Signed(t.Context(), token); err != nil {
			t.Fatalf("in use: %v", err)
		}
	}
	w.clock.Advance(25 * time.Minute) // 12 h 5 min
	if _, err := w.Signed(t.Context(), token); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("after twelve hours: %v", err)
	}
	token, _, err = w.signIn("hoa@haiduong.gov.vn", phrase, "")
	w.must(err)
	w.clock.Advance(31 * time.Minute)
	if _, err := w.Signed(t.Context(), token); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("after half an hour of nothing: %v", err)
	}
}

func TestWrongTriesLockForATime(t *testing.T) {
	w := open(t)
	w.user("hoa@haiduong.gov.vn", bot.RoleOfficer)
	// Whether there is such an account makes no difference to what is told.
	for _, email := range []string{"hoa@haiduong.gov.vn", "nobody@haiduong.gov.vn"} {
		client := "198.18.0.9:0"
		for i := range 5 {
			if _, _, err := w.signIn(email, "wrong words", client); !errors.Is(err, bot.ErrSignIn) {
				t.Fatalf("%s, try %d: %v", email, i, err)
			}
		}
		var locked *bot.LockedError
		if _, _, err := w.signIn(email, phrase, client); !errors.As(err, &locked) || !locked.Until.Equal(w.clock.Now().Add(time.Minute)) {
			t.Fatalf("%s, the sixth: %v", email, err)
		}
		w.clock.Advance(time.Minute)
		if _, _, err := w.signIn(email, "wrong words", client); !errors.Is(err, bot.ErrSignIn) {
			t.Fatalf("%s, after the wait: %v", email, err)
		}
		if _, _, err := w.signIn(email, phrase, client); !errors.As(err, &locked) || !locked.Until.Equal(w.clock.Now().Add(2*time.Minute)) {
			t.Errorf("%s, it waits longer: %v", email, err)
		}
	}
	// From elsewhere the officer comes in, and with that his own tries are forgotten.
	if _, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, "198.18.7.7:0"); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	w.clock.Advance(2 * time.Minute)
	if _, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, "198.18.0.9:0"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	lines, err := w.ListAudit(t.Context(), bot.AuditFilter{Action: "account.locked"})
	w.must(err)
	if len(lines) != 2 {
		t.Errorf("%d locks are noted, want those of the real account", len(lines))
	}
}

// TestManyTriesAtOnce: guesses side by side count as those one after the other.
func TestManyTriesAtOnce(t *testing.T) {
	w := open(t)
	w.user("hoa@haiduong.gov.vn", bot.RoleOfficer)
	var wrong, locked int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			_, _, err := w.signIn("hoa@haiduong.gov.vn", fmt.Sprintf("wrong words %d", i), "198.18.0.1:0")
			mu.Lock()
			defer mu.Unlock()
			var l *bot.LockedError
			switch {
			case errors.Is(err, bot.ErrSignIn):
				wrong++
			case errors.As(err, &l):
				locked++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if wrong != 5 || locked != 25 {
		t.Errorf("%d were tried and %d refused, want 5 and 25", wrong, locked)
	}
}

// second sets the second factor up and returns its secret and recovery codes.
func (w *world) second(staff int64) (string, []string) {
	w.t.Helper()
	w.must(w.BeginSecond(w.t.Context(), staff, ""))
	uri, secret, err := w.PendingSecond(w.t.Context(), staff)
	w.must(err)
	if !strings.HasPrefix(uri, "otpauth://totp/") || !strings.Contains(uri, "secret="+secret) {
		w.t.Fatalf("the app is told %q", uri)
	}
	if _, err := w.EndSecond(w.t.Context(), staff, 0, "000000x"); !errors.Is(err, bot.ErrSignIn) {
		w.t.Fatalf("a wrong code: %v", err)
	}
	codes, err := w.EndSecond(w.t.Context(), staff, 0, code(w.t.(*testing.T), secret, w.clock.Now()))
	w.must(err)
	return secret, codes
}

func TestTheSecondFactor(t *testing.T) {
	w := open(t)
	id := w.user("hoa@haiduong.gov.vn", bot.RoleHead)
	token, stage, err := w.signIn("hoa@haiduong.gov.vn", phrase, "")
	w.must(err)
	if s, err := w.Signed(t.Context(), token); err != nil || stage != bot.StageOpen || s.Stage != bot.StageSetUp {
		t.Errorf("a head without a second factor is at %s, %v", s.Stage, err)
	}
	secret, recovery := w.second(id)
	if _, err := w.Signed(t.Context(), token); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("the sign-in from before goes on: %v", err)
	}
	first, stage, err := w.signIn("hoa@haiduong.gov.vn", phrase, "")
	w.must(err)
	if s, err := w.Signed(t.Context(), first); err != nil || stage != bot.StageCode || s.Stage != bot.StageCode {
		t.Errorf("before the code: %s, %v", stage, err)
	}
	// The code of the set-up was used; the next one counts once, from one sign-in.
	if _, err := w.Confirm(t.Context(), first, code(t, secret, w.clock.Now())); !errors.Is(err, bot.ErrSignIn) {
		t.Errorf("a code that was used: %v", err)
	}
	w.clock.Advance(time.Minute)
	now := code(t, secret, w.clock.Now())
	second, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, "")
	w.must(err)
	fresh, err := w.Confirm(t.Context(), first, " "+now[:3]+" "+now[3:])
	w.must(err)
	if fresh == first {
		t.Error("the token stayed the same over the second factor")
	}
	if _, err := w.Confirm(t.Context(), second, now); !errors.Is(err, bot.ErrSignIn) {
		t.Errorf("the code again: %v", err)
	}
	if _, err := w.Signed(t.Context(), first); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("the half sign-in goes on: %v", err)
	}
	if s, err := w.Signed(t.Context(), fresh); err != nil || s.Stage != bot.StageOpen || !s.Second {
		t.Errorf("after the code: %+v, %v", s, err)
	}
	// A clock that is half a minute off is near enough, a minute is not.
	w.clock.Advance(2 * time.Minute)
	if _, err := w.Confirm(t.Context(), second, code(t, secret, w.clock.Now().Add(-time.Minute))); !errors.Is(err, bot.ErrSignIn) {
		t.Errorf("a code of a minute ago: %v", err)
	}
	if _, err := w.Confirm(t.Context(), second, code(t, secret, w.clock.Now().Add(30*time.Second))); err != nil {
		t.Errorf("a code of half a minute ahead: %v", err)
	}
	// A recovery code works once.
	for i, want := range []error{nil, bot.ErrSignIn} {
		token, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, "")
		w.must(err)
		if _, err := w.Confirm(t.Context(), token, strings.ToUpper(recovery[0])); !errors.Is(err, want) {
			t.Errorf("recovery code, time %d: %v", i+1, err)
		}
	}
	if n, err := w.RecoveryLeft(t.Context(), id); err != nil || n != 9 {
		t.Errorf("%d recovery codes are left, %v", n, err)
	}
	if err := w.DropSecond(t.Context(), id, phrase); !bot.IsCode(err, bot.Denied) {
		t.Errorf("a head turns it off: %v", err)
	}
	if err := w.BeginSecond(t.Context(), id, "wrong words"); !errors.Is(err, bot.ErrSignIn) {
		t.Errorf("another phone without the password: %v", err)
	}
}

func TestWrongCodesLock(t *testing.T) {
	w := open(t)
	id := w.user("hoa@haiduong.gov.vn", bot.RoleHead)
	secret, _ := w.second(id)
	w.clock.Advance(time.Minute)
	token, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, "")
	w.must(err)
	for range 5 {
		if _, err := w.Confirm(t.Context(), token, "12345"); !errors.Is(err, bot.ErrSignIn) {
			t.Fatal(err)
		}
	}
	var locked *bot.LockedError
	if _, err := w.Confirm(t.Context(), token, code(t, secret, w.clock.Now())); !errors.As(err, &locked) {
		t.Fatalf("the sixth code: %v", err)
	}
	w.clock.Advance(time.Minute)
	if _, err := w.Confirm(t.Context(), token, code(t, secret, w.clock.Now())); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	// A half sign-in does not wait for ever.
	token, _, err = w.signIn("hoa@haiduong.gov.vn", phrase, "")
	w.must(err)
	w.clock.Advance(11 * time.Minute)
	if _, err := w.Confirm(t.Context(), token, code(t, secret, w.clock.Now())); !errors.Is(err, bot.ErrSignIn) {
		t.Errorf("after eleven minutes: %v", err)
	}
}

func TestInvitations(t *testing.T) {
	w := open(t)
	first, err := w.FirstInvitation(t.Context())
	w.must(err)
	again, err := w.FirstInvitation(t.Context())
	w.must(err)
	if _, err := w.Invitation(t.Context(), first); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("the link of an earlier start: %v", err)
	}
	for _, bad := range []bot.Acceptance{
		{Name: "An", Email: "an@haiduong.gov.vn", Password: "short"},
		{Name: "An", Email: "an@haiduong.gov.vn", Password: "1234567890"},
		{Name: "An", Email: "nguyenan@haiduong.gov.vn", Password: "nguyenan-2026"},
		{Name: "An", Email: "an@haiduong.gov.vn", Password: "aaaaaaaaaaaaaaa"},
		{Name: "An", Email: "an@haiduong.gov.vn", Password: "matkhau1234"},
		{Name: "", Email: "an@haiduong.gov.vn", Password: phrase},
		{Name: "An", Email: "an at haiduong", Password: phrase},
	} {
		if _, _, err := w.AcceptInvitation(t.Context(), again, bad); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	token, stage, err := w.AcceptInvitation(t.Context(), again, bot.Acceptance{Name: "Nguyễn Văn An", Email: "an@haiduong.gov.vn", Password: phrase, Lang: "en", Form: bot.FormComrade})
	w.must(err)
	s, err := w.Signed(t.Context(), token)
	w.must(err)
	if stage != bot.StageOpen || !s.Officer.May(bot.RoleOperator, bot.Scope{}) || s.Lang != "en" || s.Form != bot.FormComrade {
		t.Errorf("the first account: %+v", s)
	}
	if _, err := w.FirstInvitation(t.Context()); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("a second first: %v", err)
	}
	if _, _, err := w.AcceptInvitation(t.Context(), again, bot.Acceptance{Name: "X", Email: "x@haiduong.gov.vn", Password: phrase}); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("the link again: %v", err)
	}

	id, err := w.SaveOfficer(t.Context(), bot.Officer{Name: "Hoa", Email: "hoa@haiduong.gov.vn", Active: true}, "cli")
	w.must(err)
	old, _, err := w.Invite(t.Context(), id, false, "cli")
	w.must(err)
	late, _, err := w.Invite(t.Context(), id, false, "cli")
	w.must(err)
	if _, err := w.Invitation(t.Context(), old); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("the link before: %v", err)
	}
	w.clock.Advance(73 * time.Hour)
	if _, _, err := w.AcceptInvitation(t.Context(), late, bot.Acceptance{Password: phrase}); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("after three days: %v", err)
	}
	// Two at once: one wins.
	both, _, err := w.Invite(t.Context(), id, false, "cli")
	w.must(err)
	var won, lost int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, _, err := w.AcceptInvitation(context.Background(), both, bot.Acceptance{Password: phrase})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if bot.IsCode(err, bot.NotFound) {
				lost++
			} else {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 || lost != 3 {
		t.Errorf("%d won, %d lost", won, lost)
	}
}

// TestALinkResetsWhatItSays: a new password ends the sign-ins; the second factor
// goes only with a link that was made for that.
func TestALinkResetsWhatItSays(t *testing.T) {
	w := open(t)
	id := w.user("hoa@haiduong.gov.vn", bot.RoleOperator)
	w.second(id)
	for _, tt := range []struct {
		reset bool
		want  bot.Stage
	}{{false, bot.StageCode}, {true, bot.StageOpen}} {
		link, _, err := w.Invite(t.Context(), id, tt.reset, "cli")
		w.must(err)
		_, stage, err := w.AcceptInvitation(t.Context(), link, bot.Acceptance{Password: phrase + " hai"})
		w.must(err)
		if stage != tt.want {
			t.Errorf("reset %v leads to %s, want %s", tt.reset, stage, tt.want)
		}
	}
}

func TestWhoIsShutOutIsOutAtOnce(t *testing.T) {
	w := open(t)
	w.user("an@haiduong.gov.vn", bot.RoleOperator)
	id := w.user("hoa@haiduong.gov.vn", bot.RoleOfficer)
	token, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, "")
	w.must(err)
	link, _, err := w.Invite(t.Context(), id, false, "cli")
	w.must(err)
	w.must(w.SetActive(t.Context(), id, false, "staff:1"))
	if _, err := w.Signed(t.Context(), token); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("he is still in: %v", err)
	}
	if _, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, ""); !errors.Is(err, bot.ErrSignIn) {
		t.Errorf("he comes in again: %v", err)
	}
	w.must(w.SetActive(t.Context(), id, true, "staff:1"))
	for what, err := range map[string]error{
		"the old sign-in":    func() error { _, err := w.Signed(t.Context(), token); return err }(),
		"the old invitation": func() error { _, err := w.Invitation(t.Context(), link); return err }(),
	} {
		if !bot.IsCode(err, bot.NotFound) {
			t.Errorf("%s works again: %v", what, err)
		}
	}
	// A role that is taken back is gone with the next request.
	token, _, err = w.signIn("hoa@haiduong.gov.vn", phrase, "")
	w.must(err)
	w.must(w.Revoke(t.Context(), id, bot.Grant{Role: bot.RoleOfficer}, "staff:1"))
	if s, err := w.Signed(t.Context(), token); err != nil || s.Officer.HasAny(bot.RoleOfficer) {
		t.Errorf("he keeps the role: %+v, %v", s, err)
	}
}

func TestTheLastOperatorStays(t *testing.T) {
	w := open(t)
	id := w.user("an@haiduong.gov.vn", bot.RoleOperator)
	for what, err := range map[string]error{
		"disable": w.SetActive(t.Context(), id, false, "staff:1"),
		"revoke":  w.Revoke(t.Context(), id, bot.Grant{Role: bot.RoleOperator}, "staff:1"),
		"rewrite": func() error {
			_, err := w.SaveOfficer(t.Context(), bot.Officer{ID: id, Name: "An", Email: "an@haiduong.gov.vn", Active: true}, "staff:1")
			return err
		}(),
	} {
		if !bot.IsCode(err, bot.Conflict) {
			t.Errorf("%s: %v", what, err)
		}
	}
	other := w.user("binh@haiduong.gov.vn", bot.RoleOperator)
	w.must(w.SetActive(t.Context(), id, false, "staff:2"))
	if err := w.SetActive(t.Context(), other, false, "staff:2"); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("the other one: %v", err)
	}
}

// TestNoSecretIsReadable looks for what must not stand in the files.
func TestNoSecretIsReadable(t *testing.T) {
	w := open(t)
	id := w.user("hoa@haiduong.gov.vn", bot.RoleOperator)
	secret, recovery := w.second(id)
	token, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, "198.18.0.77:0")
	w.must(err)
	link, _, err := w.Invite(t.Context(), id, false, "cli")
	w.must(err)
	for _, file := range []string{w.path, w.path + "-wal"} {
		b, err := os.ReadFile(file)
		w.must(err)
		for _, s := range []string{token, link, phrase, secret, recovery[0], "argon2id", "hoa@haiduong", "Phạm Thị Hoa", "198.18.0.77"} {
			if strings.Contains(string(b), s) {
				t.Errorf("%s holds %q", file, s)
			}
		}
	}
}

func TestOldSignInsAreForgotten(t *testing.T) {
	w := open(t)
	id := w.user("hoa@haiduong.gov.vn", bot.RoleOfficer)
	for range 25 {
		_, _, err := w.signIn("hoa@haiduong.gov.vn", phrase, "")
		w.must(err)
	}
	list, err := w.SignIns(t.Context(), id)
	w.must(err)
	if len(list) != 20 || list[0].Browser != "Firefox · Linux" {
		t.Errorf("%d sign-ins are open", len(list))
	}
	if err := w.EndSignIn(t.Context(), id+1, list[0].ID, "staff:9"); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("somebody else's sign-in: %v", err)
	}
	w.clock.Advance(60 * 24 * time.Hour)
	w.must(w.Maintain(t.Context()))
	for table, want := range map[string]int{"staff_sessions": 0, "staff_invitations": 0, "staff_tries": 0} {
		var n int
		w.must(w.db.Read().QueryRow("select count(*) from " + table).Scan(&n))
		if n != want {
			t.Errorf("%s has %d rows", table, n)
		}
	}
}
