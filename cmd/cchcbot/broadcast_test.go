package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// shell runs commands on the data of a program, beside it.
type shell struct {
	t  *testing.T
	r  *running
	in string // standard input of the next command

	sessions map[string]string // files of sign-ins by address
}

func newShell(t *testing.T, r *running) *shell {
	t.Setenv("CCHCBOT_DATA", r.cfg.Data)
	t.Setenv("CCHCBOT_LOG_LEVEL", "warn")
	t.Setenv("CCHCBOT_PUBLIC_URL", "https://hoidap.example.vn")
	return &shell{t: t, r: r, sessions: map[string]string{}}
}

// run returns the exit code and what was printed.
func (s *shell) run(args ...string) (code int, out, errs string) {
	s.t.Helper()
	var o, e bytes.Buffer
	code = run(s.t.Context(), append([]string{"broadcast"}, args...), streams{strings.NewReader(s.in), &o, &e}, os.LookupEnv)
	return code, o.String(), e.String()
}

// proves runs a command as an officer, who proves himself on standard input.
func (s *shell) proves(a *staffAccount, args ...string) (code int, out, errs string) {
	s.t.Helper()
	s.in = consolePhrase + "\n"
	if len(a.recovery) > 0 {
		s.in += a.recovery[0] + "\n"
		a.recovery = a.recovery[1:]
	}
	defer func() { s.in = "" }()
	return s.run(append(args, "--as", a.email)...)
}

// as runs a command as an officer, by a sign-in that is made once.
func (s *shell) as(a *staffAccount, args ...string) (code int, out, errs string) {
	s.t.Helper()
	file, ok := s.sessions[a.email]
	if !ok {
		file = filepath.Join(s.t.TempDir(), "session")
		if code, out, errs := s.proves(a, "sign-in", "--session", file); code != 0 {
			s.t.Fatalf("sign-in: %d %s %s", code, out, errs)
		}
		s.sessions[a.email] = file
	}
	return s.run(append(args, "--session", file)...)
}

// wants fails unless a command ended so, and printed that.
func (s *shell) wants(name string, code int, got func() (int, string, string), texts ...string) string {
	s.t.Helper()
	c, out, errs := got()
	if c != code {
		s.t.Errorf("%s: exit %d, want %d: %s%s", name, c, code, out, errs)
	}
	for _, text := range texts {
		if !strings.Contains(out+errs, text) {
			s.t.Errorf("%s: %q is not in %q", name, text, out+errs)
		}
	}
	return out
}

func (r *running) item(id int64) items.Item {
	r.t.Helper()
	it, err := r.house.news.Get(r.t.Context(), id, items.Actor{System: true})
	if err != nil {
		r.t.Fatal(err)
	}
	return it
}

// News by command obeys the desk: an account that proves itself, two persons, exact bytes.
func TestBroadcastByCommand(t *testing.T) {
	r := prepare(t, believed())
	lan := r.officer("Lê Thị Lan", "lan@haiduong.gov.vn", bot.Grant{Role: bot.RoleEditor})
	nam := r.officer("Trần Nam", "nam@haiduong.gov.vn", bot.Grant{Role: bot.RoleEditor})
	chief := r.officer("Phạm Hoa", "hoa@haiduong.gov.vn", bot.Grant{Role: bot.RoleOwner})
	s := newShell(t, r)
	plain := func(args ...string) func() (int, string, string) {
		return func() (int, string, string) { return s.run(args...) }
	}
	acts := func(a *staffAccount, args ...string) func() (int, string, string) {
		return func() (int, string, string) { return s.as(a, args...) }
	}
	file := filepath.Join(t.TempDir(), "tin.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("title: Một cửa mở sáng thứ bảy\nsummary: Từ 05/12, một cửa xã làm việc sáng thứ bảy.\ntopics: [cchc]\nplaces: [phường Hải Tân]\n")

	s.wants("empty", 0, plain("list"), "no such items")
	s.wants("nobody acts", 2, plain("new", file), "say who acts")
	s.wants("no password", 2, plain("new", file, "--as", lan.email), "Password of lan@haiduong.gov.vn is read from standard input")
	s.in = "sai mật khẩu\n"
	s.wants("a wrong password", 1, plain("new", file, "--as", lan.email), "the sign-in is wrong")
	s.in = consolePhrase + "\n000000\n"
	s.wants("a wrong code", 1, plain("new", file, "--as", lan.email), "the sign-in is wrong")
	s.in = ""
	s.wants("a dry run", 0, func() (int, string, string) { return s.proves(lan, "new", file, "--dry-run") }, "audience: 0 people at once", "--- webchat", "Một cửa mở sáng thứ bảy", "dry run: nothing was written")
	s.wants("nothing was written", 0, plain("list"), "no such items")
	out := s.wants("new", 0, acts(lan, "new", file), "draft 1, hash ")
	hash := regexp.MustCompile(`[0-9a-f]{64}`).FindString(out)

	s.wants("show", 0, plain("show", "1"), "Một cửa mở sáng thứ bảy", hash, "state     draft", "--- webchat")
	s.wants("too early", 1, acts(nam, "approve", "1", "--hash", hash), "at another step")
	s.wants("check", 0, acts(lan, "check", "1"), "broadcast approve 1 --hash "+hash[:12])
	s.wants("her own", 1, acts(lan, "approve", "1", "--hash", hash))
	if it := r.item(1); it.State != items.Checked {
		t.Fatalf("the item is %s", it.State)
	}
	s.wants("a short hash", 2, plain("approve", "1", "--hash", "3f2a", "--as", nam.email), "at least 12")
	s.wants("other bytes", 1, acts(nam, "approve", "1", "--hash", strings.Repeat("0", 12)), "says something else now")
	s.wants("approve", 0, acts(nam, "approve", "1", "--hash", strings.ToUpper(hash[:12])), "approved by Trần Nam")
	s.wants("quiet hours", 1, acts(lan, "schedule", "1", "--at", time.Now().AddDate(0, 0, 2).In(vietnam).Format(time.DateOnly)+" 23:30"))
	s.wants("the past", 2, plain("schedule", "1", "--at", "2020-01-01 08:00", "--as", lan.email), "past")
	s.wants("no time", 2, plain("schedule", "1", "--at", "mai", "--as", lan.email), "--at is a day")
	s.wants("not hers to hurry", 1, acts(lan, "send", "1", "--urgent", "--reason", "bão"))
	s.wants("would go", 0, acts(chief, "send", "1", "--urgent", "--reason", "bão", "--dry-run"), "goes out", "dry run")
	if it := r.item(1); it.State != items.Approved {
		t.Fatalf("a dry run leaves the item %s", it.State)
	}
	s.wants("goes", 0, acts(chief, "send", "1", "--urgent", "--reason", "bão đang vào"), "goes out", "audience: 0 people")
	if err := r.house.news.RunSend(t.Context(), r.house.works); err != nil { // the running bot takes it up
		t.Fatal(err)
	}
	s.wants("status", 0, plain("status", "1"), "item 1 is done", "found 0")
	var st map[string]any
	if err := json.Unmarshal([]byte(s.wants("status --json", 0, plain("status", "1", "--watch", "--json"))), &st); err != nil || st["state"] != "done" || st["found"] != 0.0 || st["reasons"] == nil {
		t.Errorf("status %v, %v", st, err)
	}
	s.wants("too late", 1, acts(lan, "stop", "1", "--reason", "nhầm"))
	s.wants("no such item", 1, plain("show", "99"))
	s.wants("list", 0, plain("list", "--state", "done", "--json"), `"state":"done"`, `"title":"Một cửa mở sáng thứ bảy"`)

	trail, err := r.data.store.ListAudit(t.Context(), bot.AuditFilter{Action: "news.by_command", Limit: 50})
	if err != nil || len(trail) != 4 || trail[0].Actor != "staff:3" || !strings.HasPrefix(trail[0].Detail, "by command, shell") {
		t.Errorf("the audit trail has %+v, %v", trail, err)
	}
	for _, a := range []*staffAccount{lan, nam, chief} {
		if list, err := r.data.store.SignIns(t.Context(), a.id); err != nil || len(list) != 1 {
			t.Errorf("%s has sign-ins of commands that ended: %v, %v", a.email, list, err)
		}
	}
}

// A sign-in for several commands is one to the console: it ends with the account.
func TestBroadcastSession(t *testing.T) {
	r := prepare(t, believed())
	lan := r.officer("Lê Thị Lan", "lan@haiduong.gov.vn", bot.Grant{Role: bot.RoleEditor})
	s := newShell(t, r)
	session := filepath.Join(t.TempDir(), "session")
	if code, out, errs := s.proves(lan, "sign-in", "--session", session); code != 0 || !strings.Contains(out, "Lê Thị Lan") {
		t.Fatalf("sign-in: %d %s %s", code, out, errs)
	}
	if st, err := os.Stat(session); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", st, err)
	}
	if code, _, errs := s.proves(lan, "sign-in", "--session", session); code != 1 || !strings.Contains(errs, "exist") {
		t.Errorf("over a file: %d %s", code, errs)
	}
	args := []string{"new", "--title", "Tin", "--summary", "Tóm tắt", "--topic", "cchc", "--session", session}
	for range 2 {
		if code, out, errs := s.run(args...); code != 0 {
			t.Fatalf("new: %d %s %s", code, out, errs)
		}
	}
	for _, bad := range [][]string{{"new", "--session", session}, {"new", "nowhere.yaml", "--session", session}, {"new", "--title", "x", "--summary", "x", "--topic", "cchc", "--place", "nơi không có", "--session", session}} {
		if code, _, errs := s.run(bad...); code != 2 {
			t.Errorf("%v: exit %d, want 2: %s", bad, code, errs)
		}
	}
	if code, _, errs := s.run("new", "--title", "x", "--summary", "x", "--topic", "không-có", "--session", session); code != 1 || !strings.Contains(errs, "topic") {
		t.Errorf("an unknown topic: %d %s", code, errs)
	}
	if err := r.data.store.SetActive(t.Context(), lan.id, false, "test"); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := s.run(args...); code != 1 || !strings.Contains(errs, "ended") {
		t.Errorf("a disabled account: %d %s", code, errs)
	}
	other := filepath.Join(t.TempDir(), "tin.yaml")
	if err := os.WriteFile(other, []byte("title: Tin"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := s.run("sign-out", "--session", other); code != 2 {
		t.Errorf("a file of something else: exit %d, want 2", code)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("it is gone: %v", err)
	}
	if code, _, errs := s.run("sign-out", "--session", session); code != 0 {
		t.Errorf("sign-out: %d %s", code, errs)
	}
	if _, err := os.Stat(session); err == nil {
		t.Error("the file stays")
	}
}
