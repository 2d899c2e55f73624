package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/media"
	"cchcbot/bot/store"
)

// keeperOf opens the keeper of a data folder until close is called.
func keeperOf(t *testing.T, cfg *Config) (k *media.Keeper, closeAll func()) {
	t.Helper()
	d, err := openRuntime(t.Context(), cfg, cfg.Logger(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	k, err = media.New(media.Options{
		Folder: filepath.Join(cfg.Data, mediaFolder), Read: d.db.Read(), Works: &bot.Works{Units: d.store}, Sealer: d.keys,
		Secret: d.secret("media links"), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return k, func() {
		if err := errors.Join(k.Close(), d.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// withFiles is a data folder with a photo and a document in it.
func withFiles(t *testing.T) (cfg *Config, ids []string) {
	t.Helper()
	cfg = filled(t)
	k, done := keeperOf(t, cfg)
	defer done()
	pdf, err := bottest.SampleFile("a.pdf")
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{bottest.SamplePhoto(200, 100), pdf} {
		it, err := k.Keep(t.Context(), "a case", personal, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, it.ID)
	}
	return cfg, ids
}

func mediaNames(t *testing.T, cfg *Config) (names []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(cfg.Data, mediaFolder, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestBackupCarriesFiles: what citizens sent is there after a restore, and what the
// database does not name is not in the backup.
func TestBackupCarriesFiles(t *testing.T) {
	source, ids := withFiles(t)
	orphan := filepath.Join(source.Data, mediaFolder, "AA", strings.Repeat("A", 26))
	if err := errors.Join(os.MkdirAll(filepath.Dir(orphan), 0o700), os.WriteFile(orphan, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "copy.zip")
	made := backupTo(t, source, file)
	if m := made.manifest.Media; m == nil || m.Files != 3 || m.Missing != 0 {
		t.Fatalf("the manifest says %+v", made.manifest.Media)
	}
	raw, err := os.ReadFile(file)
	if err != nil || bytes.Contains(raw, []byte(personal)) || bytes.Contains(raw, []byte("%PDF")) {
		t.Errorf("the backup shows what was sent, or %v", err)
	}
	cfg := empty(t, source)
	if err := os.Mkdir(filepath.Join(cfg.Data, mediaFolder), 0o700); err != nil { // of an earlier start
		t.Fatal(err)
	}
	if _, err := restoreFrom(t, cfg, file); err != nil {
		t.Fatal(err)
	}
	if n := len(mediaNames(t, cfg)); n != 3 {
		t.Errorf("%d files were restored", n)
	}
	k, done := keeperOf(t, cfg)
	defer done()
	for _, id := range ids {
		_, f, err := k.Open(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil || len(data) == 0 {
			t.Errorf("%d bytes, %v", len(data), err)
		}
	}
}

// A file that is gone makes no backup fail: it is counted, and told after the restore.
func TestBackupOfAMissingFile(t *testing.T) {
	source, ids := withFiles(t)
	if err := os.Remove(filepath.Join(source.Data, mediaFolder, ids[1][:2], ids[1])); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "copy.zip")
	if m := backupTo(t, source, file).manifest.Media; m == nil || m.Files != 2 || m.Missing != 1 {
		t.Fatalf("the manifest says %+v", m)
	}
	var out bytes.Buffer
	cfg := empty(t, source)
	cmd := RestoreCmd{File: file}
	if err := cmd.Run(t.Context(), cfg, streams{strings.NewReader(""), &out, io.Discard}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "1 of 3 files were not in the backup") {
		t.Errorf("the restore says %q", out.String())
	}
	mustFind(t, see(t, cfg, doctorChecks(nil)), "files", bad, "1 of 3 files are not in", "of the last backup")
}

// TestDamagedFilesAreRefused: a file that was changed, left out, added or swapped makes
// the whole restore fail, and nothing is left of it.
func TestDamagedFilesAreRefused(t *testing.T) {
	source, _ := withFiles(t)
	good := filepath.Join(t.TempDir(), "good.zip")
	backupTo(t, source, good)
	type part struct {
		name string
		data []byte
	}
	read := func() (parts []part) {
		z, err := zip.OpenReader(good)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, part{f.Name, data})
		}
		return parts
	}
	other := "media/BB/" + "BB" + strings.Repeat("A", 24)
	for name, change := range map[string]func([]part) []part{
		"changed":   func(p []part) []part { p[1].data[9] ^= 1; return p },
		"left out":  func(p []part) []part { return append(p[:1], p[2:]...) },
		"added":     func(p []part) []part { return append(p, part{other, []byte("x")}) },
		"swapped":   func(p []part) []part { p[1].data, p[2].data = p[2].data, p[1].data; return p },
		"renamed":   func(p []part) []part { p[1].name = other; return p },
		"twice":     func(p []part) []part { return append(p, p[1]) },
		"longer":    func(p []part) []part { p[1].data = append(p[1].data, 0); return p },
		"a path":    func(p []part) []part { p[1].name = "media/../../x"; return p },
		"unchanged": func(p []part) []part { return p },
	} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, p := range change(read()) {
			w, err := z.Create(p.name)
			if err == nil {
				_, err = w.Write(p.data)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(t.TempDir(), "bad.zip")
		if err := errors.Join(z.Close(), os.WriteFile(file, b.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		cfg := empty(t, source)
		_, err := restoreFrom(t, cfg, file)
		if name == "unchanged" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if !errors.Is(err, errNotBackup) {
			t.Errorf("%s: restored with %v", name, err)
		}
		mustBeEmpty(t, name, cfg)
	}
}

// A folder that holds files already is not written over.
func TestRestoreKeepsFilesThatAreThere(t *testing.T) {
	source, _ := withFiles(t)
	file := filepath.Join(t.TempDir(), "copy.zip")
	backupTo(t, source, file)
	cfg := empty(t, source)
	own := filepath.Join(cfg.Data, mediaFolder, "AA", "own")
	if err := errors.Join(os.MkdirAll(filepath.Dir(own), 0o700), os.WriteFile(own, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := restoreFrom(t, cfg, file); err == nil || !strings.Contains(err.Error(), mediaFolder) {
		t.Errorf("restored with %v", err)
	}
	if _, err := os.Stat(own); err != nil {
		t.Error(err)
	}
}

// A backup of version 1, which knew no files, restores.
func TestRestoreOfTheFirstFormat(t *testing.T) {
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
	if _, err := restoreFrom(t, empty(t, source), forged(t, good, func(m *manifest, _ *[]byte) { m.Version = 1 }, keys)); err != nil {
		t.Error(err)
	}
}
