package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestABackupRemovesWhatAKilledOneLeft: and nothing that may belong to one under way, or
// is not its own.
func TestABackupRemovesWhatAKilledOneLeft(t *testing.T) {
	source, folder := filled(t), t.TempDir()
	long := time.Now().Add(-2 * leftAlone)
	for name, at := range map[string]map[string]time.Time{
		backupPrefix + "killed":   {".": long, databaseFile: long},
		backupPrefix + "underway": {".": long, databaseFile: time.Now()},
		"photos":                  {".": long, databaseFile: long},
	} {
		left := filepath.Join(folder, name)
		err := errors.Join(os.Mkdir(left, 0o700), os.WriteFile(filepath.Join(left, databaseFile), []byte("x"), 0o600))
		for _, file := range []string{databaseFile, "."} { // the folder last: what is written in it changes it
			err = errors.Join(err, os.Chtimes(filepath.Join(left, file), at[file], at[file]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := writeBackup(t.Context(), source, filepath.Join(folder, "x.zip"), backupOptions{progress: io.Discard, free: plenty, now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != backupPrefix+"underway photos x.zip" {
		t.Errorf("the folder holds %s", got)
	}
	_, err = writeBackup(t.Context(), source, filepath.Join(folder, "none", "x.zip"), backupOptions{progress: io.Discard, free: plenty, now: time.Now})
	if err == nil || !strings.Contains(err.Error(), "make it") {
		t.Errorf("into no folder: %v", err)
	}
}
