package main

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// killedRestore is a folder as a restore leaves it that was killed at a step of its end.
func killedRestore(t *testing.T, source *Config, mediaMoved, databaseMoved bool) *Config {
	t.Helper()
	cfg := empty(t, source)
	staged := filepath.Join(cfg.Data, stagingPrefix+"1234")
	err := errors.Join(os.Mkdir(staged, 0o700), os.CopyFS(filepath.Join(staged, mediaFolder), os.DirFS(filepath.Join(source.Data, mediaFolder))))
	raw, rerr := os.ReadFile(filepath.Join(source.Data, databaseFile))
	err = errors.Join(err, rerr, os.WriteFile(filepath.Join(staged, databaseFile), raw, 0o600))
	if mediaMoved {
		_, merr := putMediaInPlace(staged, cfg.Data)
		err = errors.Join(err, merr)
	}
	if databaseMoved { // put there, and not yet taken away from here
		err = errors.Join(err, os.Link(filepath.Join(staged, databaseFile), filepath.Join(cfg.Data, databaseFile)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// checkpointed is a folder with files whose database is all in one file.
func checkpointed(t *testing.T) *Config {
	t.Helper()
	source, _ := withFiles(t)
	d, err := openRuntime(t.Context(), source, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.db.Checkpoint(t.Context()), d.Close()); err != nil {
		t.Fatal(err)
	}
	return source
}

// TestARestoreThatWasKilledIsRunAgain: wherever it was killed before the database was in place, nothing
// else begins in that folder, what is there says what to do, and the next restore does it all.
func TestARestoreThatWasKilledIsRunAgain(t *testing.T) {
	source := checkpointed(t)
	file := filepath.Join(t.TempDir(), "copy.zip")
	backupTo(t, source, file)
	for name, moved := range map[string]bool{"before the media": false, "between media and database": true} {
		t.Run(name, func(t *testing.T) {
			cfg := killedRestore(t, source, moved, false)
			p := &program{cfg: &Config{Data: cfg.Data, Listen: "127.0.0.1:0"}, log: slog.New(slog.DiscardHandler)}
			if err := p.open(t.Context()); err == nil || !strings.Contains(err.Error(), "run `cchcbot restore FILE` again") {
				t.Errorf("serve: %v", err)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			for _, command := range [][]string{{"chat"}, {"migrate"}, {"outbox", "list"}, {"ask", "khai sinh"}} {
				code, errs := wrote(t, append(command, "--data", cfg.Data)...)
				if code != exitFailed || !strings.Contains(errs, "run `cchcbot restore FILE` again") {
					t.Errorf("%v: %d, %q", command, code, errs)
				}
			}
			var report bytes.Buffer
			if code := run(t.Context(), []string{"doctor", "--data", cfg.Data}, streams{strings.NewReader(""), &report, &report}, os.LookupEnv); code != exitFailed ||
				!strings.Contains(report.String(), "run `cchcbot restore FILE` again") {
				t.Errorf("doctor: %d, %s", code, report.String())
			}
			if _, err := os.Stat(filepath.Join(cfg.Data, databaseFile)); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("a database was made: %v", err)
			}
			var out bytes.Buffer
			if code := run(t.Context(), []string{"restore", file, "--data", cfg.Data}, streams{strings.NewReader(""), &out, &out}, os.LookupEnv); code != exitDone {
				t.Fatalf("restore again: %d, %s", code, out.String())
			}
			folder := func(c *Config) string { return filepath.Join(c.Data, mediaFolder) }
			got := strings.ReplaceAll(strings.Join(mediaNames(t, cfg), " "), folder(cfg), folder(source))
			if want := strings.Join(mediaNames(t, source), " "); want == "" || got != want {
				t.Errorf("the files are %v, want %v", got, want)
			}
			if left := brokenOff(cfg.Data); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// TestLeftoversOfARestoreNeverCostFiles: only files that the broken restore itself moved are cleared away,
// not those of somebody else or of a bot that ran in the folder since.
func TestLeftoversOfARestoreNeverCostFiles(t *testing.T) {
	source := checkpointed(t)
	file := filepath.Join(t.TempDir(), "copy.zip")
	backupTo(t, source, file)

	// Files of somebody else beside a restore that had not come to move any.
	cfg := killedRestore(t, source, false, false)
	own := filepath.Join(cfg.Data, mediaFolder, "AA", "own")
	if err := errors.Join(os.MkdirAll(filepath.Dir(own), 0o700), os.WriteFile(own, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := restoreFrom(t, cfg, file); err == nil || !strings.Contains(err.Error(), mediaFolder) {
		t.Errorf("restored over files: %v", err)
	}
	if _, err := os.Stat(own); err != nil {
		t.Error(err)
	}

	// A restore that had ended, but for clearing up: the next start clears up, and what the bot keeps after
	// that is its own.
	cfg = killedRestore(t, source, true, true)
	want := mediaNames(t, cfg)
	launch(t, cfg).end()
	if left := brokenOff(cfg.Data); len(left) > 0 {
		t.Errorf("%v is left after a start", left)
	}
	if err := os.Remove(filepath.Join(cfg.Data, databaseFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := restoreFrom(t, cfg, file); err == nil {
		t.Error("restored over files of a bot")
	}
	if got := mediaNames(t, cfg); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the files are %v, want %v", got, want)
	}
}
