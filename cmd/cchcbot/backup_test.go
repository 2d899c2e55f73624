package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// plenty is a disk with room for everything.
func plenty(string) int64 { return 1 << 50 }

func backupTo(t *testing.T, cfg *Config, file string) backupMade {
	t.Helper()
	made, err := writeBackup(t.Context(), cfg, file, backupOptions{progress: io.Discard, free: plenty, now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func restoreFrom(t *testing.T, cfg *Config, file string) (restored, error) {
	t.Helper()
	return restore(t.Context(), cfg, file, streams{strings.NewReader(""), io.Discard, io.Discard}, plenty)
}

// filled is a data folder with the embedded entries in it.
func filled(t *testing.T) *Config {
	t.Helper()
	cfg := &Config{Data: filepath.Join(t.TempDir(), "data"), LogLevel: "error"}
	plant(t, cfg.Data)
	return cfg
}

// empty is a data folder with nothing in it but the key of another.
func empty(t *testing.T, of *Config) *Config {
	t.Helper()
	cfg := &Config{Data: filepath.Join(t.TempDir(), "data"), LogLevel: "error"}
	key, err := os.ReadFile(filepath.Join(of.Data, keyFile))
	if err == nil {
		err = errors.Join(os.Mkdir(cfg.Data, 0o700), os.WriteFile(filepath.Join(cfg.Data, keyFile), key, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// mustBeEmpty wants a folder as empty made it, but for the lock.
func mustBeEmpty(t *testing.T, when string, cfg *Config) {
	t.Helper()
	entries, err := os.ReadDir(cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != keyFile && e.Name() != "serve.lock" {
			t.Errorf("%s: %s was left in the folder", when, e.Name())
		}
	}
}

// TestBackupUnderLoad: while citizens keep asking, a copy is made. In another
// folder it is a bot that knows everything that was answered before the copy
// began, goes on in the middle of a conversation, and answers what was open.
func TestBackupUnderLoad(t *testing.T) {
	const citizens, rounds = 12, 8
	r := launch(t, believed())
	talker := r.visitor(0)
	if got := talker.ask("sang tên sổ đỏ mất bao lâu").text(); !strings.Contains(got, "1.115619") {
		t.Fatalf("before: %q", got)
	}
	var asking sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	warm := make(chan struct{}, citizens*rounds)
	visitors := make([]*visitor, citizens)
	for i := range visitors {
		visitors[i] = r.visitor(i + 1)
		asking.Go(func() {
			for n := range rounds {
				body := fmt.Sprintf(`{"text":"đăng ký khai sinh mất bao lâu","id":"m%d-%d"}`, i, n)
				a, err := visitors[i].post("application/json", strings.NewReader(body))
				if err != nil || a.status != http.StatusOK || len(a.said) == 0 {
					t.Errorf("citizen %d: %v, %d %s", i, err, a.status, a.body)
					return
				}
				mu.Lock()
				answered++
				mu.Unlock()
				warm <- struct{}{}
			}
		})
	}
	for range 2 * citizens {
		<-warm
	}
	mu.Lock()
	before := answered
	mu.Unlock()
	file := filepath.Join(t.TempDir(), "copy.zip")
	made := backupTo(t, r.cfg, file)
	asking.Wait()
	r.end()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() != made.bytes {
		t.Errorf("the file: %v, %v", info, err)
	}
	mustHoldNoKey(t, file, r.cfg)

	cfg := empty(t, r.cfg)
	done, err := restoreFrom(t, cfg, file)
	if err != nil {
		t.Fatal(err)
	}
	cfg.TrustedProxy = believed().TrustedProxy
	next := launch(t, cfg)
	accepted := next.number(`select count(*) from inbox`)
	if finished := next.number(`select count(*) from inbox where state = 'done'`); finished < before+1 {
		t.Errorf("%d updates are done in the copy, %d citizens had their answer before it", finished, before+1)
	}
	t.Logf("%d answered before the copy, %d updates in it, %d of them open, %d messages to send", before, accepted, done.pending, done.queued)
	talker.url = next.server.PublicURL()
	if got := talker.ask("thế nộp ở đâu?").text(); !strings.Contains(got, "1.115619") || !strings.Contains(got, "Nơi giải quyết") {
		t.Errorf("the conversation does not go on where it was: %q", got)
	}
	for _, v := range visitors { // a chat's turns run in order: after this answer its open ones are done
		v.url = next.server.PublicURL()
		if got := v.ask("đăng ký khai sinh mất bao lâu").text(); !strings.Contains(got, "1.001193") {
			t.Errorf("afterwards the bot answers %q", got)
		}
	}
	if open := next.number(`select count(*) from inbox where state <> 'done'`); open != 0 {
		t.Errorf("%d updates are not done", open)
	}
	if twice := next.number(`select count(*) from (select update_key from inbox group by update_key having count(*) > 1)`); twice != 0 {
		t.Errorf("%d updates are there twice", twice)
	}
}

func (r *running) number(query string) (n int) {
	r.t.Helper()
	if err := r.data.db.Read().QueryRowContext(context.Background(), query).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// mustHoldNoKey looks for the key in everything that is in the backup.
func mustHoldNoKey(t *testing.T, file string, cfg *Config) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(cfg.Data, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, bytes.TrimSpace(key)) {
			t.Errorf("%s holds the key", f.Name)
		}
	}
}

// TestDamagedBackupsAreRefused changes one byte after the other, and cuts the
// file: either it is refused and nothing is there, or the byte did not matter
// and the database is the one that was packed.
func TestDamagedBackupsAreRefused(t *testing.T) {
	source := filled(t)
	good := filepath.Join(t.TempDir(), "good.zip")
	made := backupTo(t, source, good)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]byte{
		"nothing":          {},
		"half":             whole[:len(whole)/2],
		"without its end":  whole[:len(whole)-1],
		"without its head": whole[100:],
	}
	for i := range 12 {
		at := i * (len(whole) - 1) / 11
		b := bytes.Clone(whole)
		b[at] ^= 0x55
		cases[fmt.Sprintf("byte %d", at)] = b
	}
	refused := 0
	for name, b := range cases {
		file := filepath.Join(t.TempDir(), "bad.zip")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg := empty(t, source)
		done, err := restoreFrom(t, cfg, file)
		if err != nil {
			refused++
			mustBeEmpty(t, name, cfg)
			continue
		}
		if done.manifest.Database != made.manifest.Database {
			t.Errorf("%s: restored something else: %+v", name, done.manifest.Database)
		}
	}
	if refused < len(cases)-2 {
		t.Errorf("only %d of %d were refused: does this test damage anything?", refused, len(cases))
	}
}

// forged is a backup whose parts somebody put together anew.
func forged(t *testing.T, good string, change func(*manifest, *[]byte), keys *store.Keys, more ...string) string {
	t.Helper()
	b, err := openBackup(good)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var db bytes.Buffer
	if err := b.extract(t.Context(), &db, bar{}); err != nil {
		t.Fatal(err)
	}
	m, raw := b.manifest, db.Bytes()
	m.Schema = maps.Clone(m.Schema)
	change(&m, &raw)
	if keys != nil {
		if m.Seal, err = m.sealWith(keys); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "forged.zip")
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range append([]string{databaseFile, manifestFile}, more...) {
		w, err := z.Create(part)
		if err != nil {
			t.Fatal(err)
		}
		content := raw
		if part == manifestFile {
			content = text
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), os.WriteFile(file, out.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestBackupsThatMustNotRestore(t *testing.T) {
	source := filled(t)
	good := filepath.Join(t.TempDir(), "good.zip")
	backupTo(t, source, good)
	secret, _, err := secretText(source)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.OpenKeys(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	same := func(*manifest, *[]byte) {}
	tests := map[string]struct {
		file string
		says string // part of the error
		is   error
	}{
		"newer schema": {file: forged(t, good, func(m *manifest, _ *[]byte) { m.Schema["bot"] = 99 }, keys),
			is: sqldb.ErrNewer, says: "bot is at 99, this program knows "},
		"tables of an unknown part": {file: forged(t, good, func(m *manifest, _ *[]byte) { m.Schema["lottery"] = 1 }, keys),
			is: sqldb.ErrNewer, says: "lottery is at 1"},
		"newer format": {file: forged(t, good, func(m *manifest, _ *[]byte) { m.Version = 3 }, keys), says: "format 3, this program knows 2"},
		"changed manifest": {file: forged(t, good, func(m *manifest, _ *[]byte) { m.Made = "2030-01-01T00:00:00Z" }, nil),
			is: errNotBackup},
		"another database under the same manifest": {file: forged(t, good, func(_ *manifest, raw *[]byte) { (*raw)[len(*raw)-1] ^= 1 }, nil),
			is: errNotBackup},
		"a longer database": {file: forged(t, good, func(_ *manifest, raw *[]byte) { *raw = append(*raw, 0) }, nil), is: errNotBackup},
		"another name":      {file: forged(t, good, func(m *manifest, _ *[]byte) { m.Database.Name = "../x.db" }, keys), is: errNotBackup},
		"one part more":     {file: forged(t, good, same, keys, "../../etc/passwd"), is: errNotBackup},
		"a part twice":      {file: forged(t, good, same, keys, databaseFile), is: errNotBackup},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := empty(t, source)
			_, err := restoreFrom(t, cfg, tt.file)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("restored with %v, want %v %q", err, tt.is, tt.says)
			}
			mustBeEmpty(t, name, cfg)
		})
	}
	// The forger's tool itself is right: unchanged parts restore.
	if _, err := restoreFrom(t, empty(t, source), forged(t, good, same, keys)); err != nil {
		t.Error(err)
	}
}

// TestDamageInsideIsFound: a database that was damaged before it was copied
// makes no backup; sealed all the same it does not restore.
func TestDamageInsideIsFound(t *testing.T) {
	source := filled(t)
	d, err := openRuntime(t.Context(), source, source.Logger(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	err = d.write(t.Context(), func(tx bot.Tx) error {
		_, err := tx.ExecContext(t.Context(), `delete from meta where name = 'canary'`)
		return err
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = writeBackup(t.Context(), source, filepath.Join(t.TempDir(), "x.zip"), backupOptions{progress: io.Discard, free: plenty, now: time.Now})
	if !errors.Is(err, errNoCanary) {
		t.Errorf("without its canary: %v", err)
	}

	path := filepath.Join(source.Data, databaseFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) / 2; i < len(b)/2+20_000; i++ {
		b[i] = 0xa5
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	_, err = writeBackup(t.Context(), source, filepath.Join(folder, "x.zip"), backupOptions{progress: io.Discard, free: plenty, now: time.Now})
	if err == nil {
		t.Error("a damaged database was backed up")
	}
	mustHave(t, folder)
}

// mustHave wants exactly these files in a folder.
func mustHave(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

func TestADiskWithTooLittleRoomIsToldBeforehand(t *testing.T) {
	source := filled(t)
	folder := t.TempDir()
	little := func(string) int64 { return 5 << 20 }
	_, err := writeBackup(t.Context(), source, filepath.Join(folder, "x.zip"), backupOptions{progress: io.Discard, free: little, now: time.Now})
	if err == nil || !strings.Contains(err.Error(), folder+" has 5.0 MB left") || !strings.Contains(err.Error(), "choose another disk") {
		t.Errorf("backup: %v", err)
	}
	mustHave(t, folder)
	good := filepath.Join(folder, "good.zip")
	backupTo(t, source, good)
	mustHave(t, folder, "good.zip")
	cfg := empty(t, source)
	_, err = restore(t.Context(), cfg, good, streams{strings.NewReader(""), io.Discard, io.Discard}, little)
	if err == nil || !strings.Contains(err.Error(), "has 5.0 MB left") {
		t.Errorf("restore: %v", err)
	}
	mustBeEmpty(t, "no room", cfg)
	unknown := func(string) int64 { return -1 }
	if _, err := restore(t.Context(), cfg, good, streams{strings.NewReader(""), io.Discard, io.Discard}, unknown); err != nil {
		t.Errorf("room unknown: %v", err)
	}
}

func TestRestoreKeepsAwayFromARunningBot(t *testing.T) {
	source := filled(t)
	good := filepath.Join(t.TempDir(), "good.zip")
	backupTo(t, source, good)
	cfg := empty(t, source)
	unlock, err := sqldb.LockFolder(cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := restoreFrom(t, cfg, good); !errors.Is(err, sqldb.ErrBusy) {
		t.Errorf("while a bot serves the folder: %v", err)
	}
	mustBeEmpty(t, "busy", cfg)
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	// What a killed restore left behind is cleared away.
	if err := os.MkdirAll(filepath.Join(cfg.Data, stagingPrefix+"123", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := restoreFrom(t, cfg, good); err != nil {
		t.Fatal(err)
	}
	mustHave(t, cfg.Data, databaseFile, keyFile, "serve.lock")
	info, err := os.Stat(filepath.Join(cfg.Data, databaseFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestAStoppedBackupLeavesNothing(t *testing.T) {
	source := filled(t)
	folder := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := writeBackup(ctx, source, filepath.Join(folder, "x.zip"), backupOptions{progress: io.Discard, free: plenty, now: time.Now})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	mustHave(t, folder)
}

// TestKnownVersionsAreThoseOfAFreshDatabase: a part that brings tables must be
// in schemas, or backups of it are taken for newer ones.
func TestKnownVersionsAreThoseOfAFreshDatabase(t *testing.T) {
	cfg := filled(t)
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(cfg.Data, databaseFile)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	have, err := db.Versions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known, err := knownVersions()
	if err != nil || !maps.Equal(have, known) {
		t.Errorf("known %v, a fresh database has %v; %v", known, have, err)
	}
}

// FuzzManifest: whatever stands in a manifest, reading it ends, and what is
// taken describes a database that may be written.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":"cchcbot backup","version":1,"program":"x","made":"2026-11-22T22:36:18Z","schema":{"bot":1},` +
		`"database":{"name":"cchcbot.db","bytes":4096,"sha256":"` + strings.Repeat("ab", 32) + `"},"key":"k","seal":"s"}`))
	f.Add([]byte(`{"format":"cchcbot backup","version":2}`))
	f.Add([]byte(`{"format":"cchcbot backup","version":1,"database":{"name":"../../x","bytes":-1}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := parseManifest(raw)
		if err != nil {
			return
		}
		if m.Database.Name != databaseFile || m.Database.Bytes <= 0 || m.Database.Bytes > maxDatabase || len(m.Database.SHA256) != 64 || m.made().IsZero() {
			t.Errorf("taken: %+v", m)
		}
	})
}
