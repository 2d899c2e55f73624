package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cchcbot/bot/bottest/fakezalo"
)

// account is an Official Account on a fake platform over real connections, and
// the environment that leads a command to it.
type account struct {
	fake *fakezalo.Server
	env  map[string]string
}

func newAccount(t *testing.T) *account {
	t.Helper()
	fake, err := fakezalo.New(fakezalo.Options{
		AppID: zaloHookApp, AppSecret: "app-secret-of-the-command-tests", OASecret: zaloHookSecret, OAID: zaloHookOA, Buttons: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	platform := httptest.NewServer(fake)
	t.Cleanup(func() {
		platform.Close()
		fake.Close()
	})
	a := &account{fake: fake, env: map[string]string{
		"CCHCBOT_DATA": filepath.Join(t.TempDir(), "data"), "CCHCBOT_PUBLIC_URL": "https://127.0.0.1:9", "CCHCBOT_LISTEN": "127.0.0.1:0",
		"CCHCBOT_ZALO_APP_ID": zaloHookApp, "CCHCBOT_ZALO_APP_SECRET": "app-secret-of-the-command-tests", "CCHCBOT_ZALO_OA_SECRET": zaloHookSecret,
		"CCHCBOT_ZALO_API_URL": platform.URL, "CCHCBOT_ZALO_OAUTH_URL": platform.URL,
	}}
	for name, value := range a.env {
		t.Setenv(name, value)
	}
	return a
}

// unset takes a setting away.
func unset(t *testing.T, name string) {
	t.Helper()
	if err := os.Unsetenv(name); err != nil { // newAccount's Setenv puts back what was before
		t.Fatal(err)
	}
}

// command runs a command and returns its exit code and what it wrote.
func (a *account) command(ctx context.Context, in io.Reader, args ...string) (int, string) {
	var out bytes.Buffer
	code := run(ctx, args, streams{in, &out, &out}, os.LookupEnv)
	return code, out.String()
}

// connect pastes what the browser shows after the administrator agreed.
func (a *account) connect(t *testing.T) (int, string) {
	t.Helper()
	in, paste := io.Pipe()
	said, out := io.Pipe()
	done := make(chan int, 1)
	var all strings.Builder
	go func() {
		code := run(t.Context(), []string{"zalo", "connect", "--paste"}, streams{in, out, out}, os.LookupEnv)
		_ = out.Close() // the reader below ends with it
		done <- code
	}()
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		all.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "http") {
			back, err := a.fake.Agree(lines.Text())
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.WriteString(paste, back+"\n") }() // read when the command asks
		}
	}
	return <-done, all.String()
}

func TestZaloCommands(t *testing.T) {
	a := newAccount(t)
	ctx := t.Context()
	if _, out := a.command(ctx, strings.NewReader(""), "doctor"); !strings.Contains(out, "zalo connect") {
		t.Errorf("before the first start doctor says\n%s", out)
	}
	plant(t, os.Getenv("CCHCBOT_DATA"))
	if code, out := a.connect(t); code != exitDone || !strings.Contains(out, `Connected to "CCHC Hải Dương"`) {
		t.Fatalf("connect ends with %d:\n%s", code, out)
	}
	_, out := a.command(ctx, strings.NewReader(""), "doctor")
	for _, want := range []string{
		`it answers as "CCHC Hải Dương"`, "no message of Zalo has come in yet", "/zalo/webhook does not answer from here", "choices are numbered; `cchcbot zalo probe`",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor does not say %q:\n%s", want, out)
		}
	}
	for _, secret := range append(a.fake.Secrets(), "app-secret-of-the-command-tests", zaloHookSecret) {
		if strings.Contains(out, secret) {
			t.Error("doctor shows a secret")
		}
	}
	if spent := a.fake.Spent(); len(spent) != 0 {
		t.Errorf("looking spent %d refresh tokens", len(spent))
	}

	a.fake.Type("Cán bộ", "chào")
	if code, out := a.command(ctx, nil, "zalo", "probe", "--user", a.fake.Person("Cán bộ")); code != exitDone ||
		!strings.Contains(out, "buttons: Zalo takes them") || !strings.Contains(out, "lists: Zalo refuses them (-233)") {
		t.Errorf("probe ends with %d:\n%s", code, out)
	}
	if _, out := a.command(ctx, strings.NewReader(""), "doctor"); !strings.Contains(out, "buttons are shown, since a trial") {
		t.Errorf("after the trial doctor says\n%s", out)
	}
	if code, out := a.command(ctx, nil, "zalo", "quiet"); code != exitDone || !strings.Contains(out, "no chat is left") {
		t.Errorf("quiet ends with %d:\n%s", code, out)
	}
}

func TestZaloConnectThatGoesWrong(t *testing.T) {
	a := newAccount(t)
	plant(t, os.Getenv("CCHCBOT_DATA"))
	if code, out := a.command(t.Context(), strings.NewReader("https://hoidap.example.vn/zalo/oauth?code=x&state=y\n"), "zalo", "connect", "--paste"); code != exitFailed || !strings.Contains(out, "begin again") {
		t.Errorf("a foreign address ends with %d:\n%s", code, out)
	}
	if code, out := a.command(t.Context(), strings.NewReader(""), "zalo", "connect", "--paste"); code != exitFailed || !strings.Contains(out, "nothing was pasted") {
		t.Errorf("nothing pasted ends with %d:\n%s", code, out)
	}
	if code, out := a.command(t.Context(), nil, "zalo", "connect", "--wait", "1ms"); code != exitFailed || !strings.Contains(out, "no consent came") {
		t.Errorf("nobody agrees ends with %d:\n%s", code, out)
	}
	unset(t, "CCHCBOT_PUBLIC_URL")
	if code, out := a.command(t.Context(), nil, "zalo", "connect"); code != exitUsage || !strings.Contains(out, "PUBLIC_URL") {
		t.Errorf("without an address it ends with %d:\n%s", code, out)
	}
	if code, out := a.command(t.Context(), nil, "zalo", "probe", "--user", "x"); code != exitFailed {
		t.Errorf("a user that is none ends with %d:\n%s", code, out)
	}
	unset(t, "CCHCBOT_ZALO_APP_ID")
	if code, _ := a.command(t.Context(), nil, "zalo", "connect"); code != exitUsage {
		t.Errorf("settings without the app end with %d", code)
	}
}

// The running bot takes the consent at its own address, and says in /readyz
// what is missing before.
func TestTheConsentComesBackToTheRunningBot(t *testing.T) {
	a := newAccount(t)
	r := prepare(t, &Config{
		ZaloAppID: zaloHookApp, ZaloAppSecret: "app-secret-of-the-command-tests", ZaloOASecret: zaloHookSecret,
		ZaloAPIURL: a.env["CCHCBOT_ZALO_API_URL"], ZaloOAuthURL: a.env["CCHCBOT_ZALO_OAUTH_URL"], PublicURL: "https://hoidap.example.vn",
	})
	if c := r.zaloCheck(t.Context()); c.OK || !strings.Contains(c.Reason, "zalo connect") {
		t.Errorf("before the consent readiness says %+v", c)
	}
	r.run()
	address, err := r.zalo.Consent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back, err := a.fake.Agree(address)
	if err != nil {
		t.Fatal(err)
	}
	got := r.get(t, strings.TrimPrefix(back, "https://hoidap.example.vn"))
	if !strings.Contains(got, "CCHC Hải Dương") {
		t.Errorf("the page says %q", got)
	}
	if c := r.zaloCheck(t.Context()); !c.OK {
		t.Errorf("after the consent readiness says %+v", c)
	}
	log := r.log.String()
	for _, secret := range append(a.fake.Secrets(), "app-secret-of-the-command-tests") {
		if strings.Contains(log, secret) {
			t.Error("the log holds a secret")
		}
	}
}

// get reads a page of the running bot.
func (r *running) get(t *testing.T, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	body, _, err := askBot(ctx, r.server.Addr(), path, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
