package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoKeyIsMadeForADatabaseThatHasOne: a key that is not there is told. A new one would open nothing, and
// whoever looks for the right one, or restores, would find it in its place.
func TestNoKeyIsMadeForADatabaseThatHasOne(t *testing.T) {
	cfg := filled(t)
	key := filepath.Join(cfg.Data, keyFile)
	kept, err := os.ReadFile(key)
	if err := errors.Join(err, os.Remove(key)); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"outbox list", "user list", "migrate", "knowledge check", "calendar show 2026"} {
		code, errs := wrote(t, append(strings.Fields(command), "--data", cfg.Data)...)
		if code != exitFailed || !strings.Contains(errs, "there is no key") || !strings.Contains(errs, keyFile) {
			t.Errorf("%s: %d, %q", command, code, errs)
		}
		if there(key) {
			t.Fatalf("%s made a key", command)
		}
	}
	if err := os.WriteFile(key, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, errs := wrote(t, "outbox", "list", "--data", cfg.Data); code != exitFailed || !strings.Contains(errs, "is empty; put the key back") {
		t.Errorf("an empty key file: %d, %q", code, errs)
	}
	if err := os.WriteFile(key, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, errs := wrote(t, "outbox", "list", "--data", cfg.Data); code != exitDone {
		t.Errorf("with its key again: %d, %q", code, errs)
	}
}

// TestAFirstStartThatWasKilledGoesOn: a database without anything sealed in it takes a new key.
func TestAFirstStartThatWasKilledGoesOn(t *testing.T) {
	cfg := filled(t)
	change(t, cfg, `delete from meta`)
	if err := os.Remove(filepath.Join(cfg.Data, keyFile)); err != nil {
		t.Fatal(err)
	}
	if code, errs := wrote(t, "outbox", "list", "--data", cfg.Data); code != exitDone || !there(filepath.Join(cfg.Data, keyFile)) {
		t.Errorf("%d, %q", code, errs)
	}
}

// TestNoFolderIsNoData: an empty DATA is not the folder that one happens to be in.
func TestNoFolderIsNoData(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, value := range []string{"", " "} {
		if code, errs := wrote(t, "migrate", "--data="+value); code != exitUsage || !strings.Contains(errs, "DATA: it is empty") {
			t.Errorf("%q: %d, %q", value, code, errs)
		}
	}
	if made, err := os.ReadDir("."); err != nil || len(made) > 0 {
		t.Errorf("made %v (%v)", made, err)
	}
}

// TestRefusalsAreInPlainWords: what the store refuses is told without the names that the program has for it.
func TestRefusalsAreInPlainWords(t *testing.T) {
	cfg := filled(t)
	if code, errs := wrote(t, "user", "invite", "lan@example.vn", "Lan", "officer", "--data", cfg.Data); code != exitDone {
		t.Fatalf("invite: %d, %q", code, errs)
	}
	for command, want := range map[string]string{
		"outbox retry 5":                   "cchcbot: 5: message 5 is ",
		"outbox drop 5":                    "cchcbot: 5: message 5 is ",
		"outbox retry --failed 5":          "cchcbot: 5: ",
		"user revoke lan@example.vn press": "cchcbot: the officer does not hold this role",
	} {
		code, errs := wrote(t, append(strings.Fields(command), "--data", cfg.Data)...)
		if code != exitFailed || !strings.HasPrefix(errs, want) || strings.Contains(errs, "conflict:") || strings.Contains(errs, "not_found:") {
			t.Errorf("%s: %d, %q", command, code, errs)
		}
	}
}
