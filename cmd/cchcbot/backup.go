package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cchcbot/bot/media"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/handlers/calendar"
	"cchcbot/handlers/complaints"
	"cchcbot/handlers/news/items"
	"cchcbot/handlers/news/sources"
	"cchcbot/handlers/procedures"
)

// BackupCmd is `cchcbot backup`.
type BackupCmd struct {
	File string `arg:"" help:"Where to write. Nothing of that name may be there yet; its folder must be."`
}

// Help is the example below --help.
func (BackupCmd) Help() string {
	return "Example:\n  cchcbot backup /mnt/backup/cchcbot-2026-11-22.zip\n\n" +
		"The bot may run meanwhile. Run it with the settings of `serve`, so that it finds the same data and the same key.\n" +
		"The key is not in the file, nor are conversations' places in state.db (they come back by themselves) and boundaries.geojson."
}

// Run writes the copy and says where the key is.
func (c *BackupCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	made, err := writeBackup(ctx, cfg, c.File, backupOptions{progress: io.err, free: sqldb.FreeSpace, now: time.Now})
	if err != nil {
		return fmt.Errorf("no backup was made: %w", err)
	}
	fmt.Fprintf(io.out, "%s: %s, read back and found whole\n", c.File, size(made.bytes))
	fmt.Fprintf(io.out, "  database of %s, schema %s\n", size(made.manifest.Database.Bytes), versionsLine(made.manifest.Schema))
	if f := made.manifest.Media; f != nil {
		fmt.Fprintf(io.out, "  %d files of %s that people sent\n", f.Files, size(f.Bytes))
		if f.Missing > 0 {
			fmt.Fprintf(io.out, "  %d more were not there: removed while the backup was made, or lost before; `cchcbot doctor` counts them\n", f.Missing)
		}
	}
	fmt.Fprintf(io.out, "The key is NOT in it. It is in %s. Keep a copy of the key in another place than the backups:\n"+
		"without it nobody can read the personal data, and whoever has both can.\n", made.key)
	if _, err := os.Stat(filepath.Join(cfg.Data, boundaryFile)); err == nil {
		fmt.Fprintf(io.out, "%s is not in it either; keep a copy of it.\n", boundaryFile)
	}
	return nil
}

// backupOptions is what a backup works with besides the settings.
type backupOptions struct {
	progress io.Writer
	free     func(dir string) int64 // bytes left on the disk of a folder, -1 when unknown
	now      func() time.Time
}

// backupMade is what was written.
type backupMade struct {
	manifest manifest
	bytes    int64  // of the file
	key      string // where the key is
}

// spareDisk is what a backup or a restore leaves free for others, in bytes.
const spareDisk = 64 << 20

// writeBackup copies the database to a file of its own beside the target, looks
// whether the copy is whole and the key opens it, packs it, reads the pack back,
// and only then gives it its name.
func writeBackup(ctx context.Context, cfg *Config, file string, o backupOptions) (made backupMade, err error) {
	source := filepath.Join(cfg.Data, databaseFile)
	if _, err := os.Stat(source); err != nil {
		return made, err
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return made, errors.Join(fmt.Errorf("%s exists already; choose another name", file), err)
	}
	secret, where, err := secretText(cfg)
	if err != nil {
		return made, err
	}
	keys, err := store.OpenKeys(secret, "")
	if err != nil {
		return made, err
	}
	made.key = where
	db, err := sqldb.Open(ctx, sqldb.Options{Path: source})
	if err != nil {
		return made, err
	}
	defer db.Close() //nolint:errcheck // it was only read
	use, err := db.Usage()
	if err != nil {
		return made, err
	}
	if err := removeLeftovers(filepath.Dir(file), o.now()); err != nil {
		return made, err
	}
	// The copy and its pack stand side by side for a moment.
	if err := roomFor(filepath.Dir(file), o.free, 2*(use.File+use.WAL)); err != nil {
		return made, err
	}
	folder, err := os.MkdirTemp(filepath.Dir(file), backupPrefix)
	if err != nil {
		return made, err
	}
	defer os.RemoveAll(folder)
	copied := filepath.Join(folder, databaseFile)
	if err := copyDatabase(ctx, db, copied, o.progress); err != nil {
		return made, err
	}
	m := manifest{Format: backupFormat, Version: backupVersion, Program: version(), Made: o.now().UTC().Format(time.RFC3339)}
	if m.Schema, err = examineCopy(ctx, copied, keys, o.progress); err != nil {
		return made, err
	}
	files := filepath.Join(cfg.Data, mediaFolder)
	names, bytes, err := mediaFiles(ctx, copied, files)
	if err != nil {
		return made, err
	}
	if err := roomFor(filepath.Dir(file), o.free, bytes+use.File); err != nil {
		return made, err
	}
	packed := filepath.Join(folder, "backup.zip")
	if made.manifest, err = pack(ctx, packed, copied, files, names, m, keys, o.progress); err != nil {
		return made, err
	}
	if made.bytes, err = readBack(ctx, packed, keys); err != nil {
		return made, err
	}
	return made, putInPlace(packed, file)
}

// backupPrefix begins the name of the folder in which a backup is made, beside the target.
const backupPrefix = ".cchcbot-backup-"

// leftAlone is how long nothing may have changed in such a folder before it counts as
// left by a backup that was killed. One under way writes all the time.
const leftAlone = 6 * time.Hour

// removeLeftovers removes the folders of backups that were killed: each holds a copy of the
// whole database, and a disk full of them would end the backups.
func removeLeftovers(dir string, now time.Time) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder %s; make it, or choose another", dir)
	}
	if err != nil {
		return nil //nolint:nilerr // a folder that may be written and not be listed takes a backup all the same
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), backupPrefix) {
			continue
		}
		left := filepath.Join(dir, e.Name())
		if changed, err := lastChange(left); err != nil || now.Sub(changed) < leftAlone {
			continue // somebody else's, or of a backup under way
		}
		_ = os.RemoveAll(left) // what cannot be removed keeps nobody from making a backup
	}
	return nil
}

// lastChange is when a folder or a file in it changed last.
func lastChange(dir string) (last time.Time, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
		return err
	})
	return last, err
}

// copyDatabase makes the consistent copy, with a bar that follows the file as it grows.
func copyDatabase(ctx context.Context, db *sqldb.DB, to string, progress io.Writer) error {
	use, err := db.Usage()
	if err != nil {
		return err
	}
	bar := newBar(progress, int(use.File>>10)+1, "copying (KiB)")
	defer bar.done()
	done := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if info, err := os.Stat(to); err == nil {
					bar.set(int(min(info.Size(), use.File) >> 10))
				}
			}
		}
	}()
	err = db.Backup(ctx, to)
	close(done)
	<-watched
	return err
}

// examineCopy finds out whether the copy is whole and whether the key opens
// what is sealed in it, and tells its schema.
func examineCopy(ctx context.Context, path string, keys *store.Keys, progress io.Writer) (versions map[string]int64, err error) {
	bar := newBar(progress, -1, "checking")
	defer bar.done()
	db, err := sqldb.Open(ctx, sqldb.Options{Path: path})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Integrity(ctx); err != nil {
		return nil, err
	}
	if err := opensCanary(ctx, db, keys); err != nil {
		return nil, err
	}
	if versions, err = db.Versions(ctx); err != nil {
		return nil, err
	}
	return versions, db.Checkpoint(ctx)
}

// readBack reads a finished backup as restore will, and tells its size.
func readBack(ctx context.Context, path string, keys *store.Keys) (int64, error) {
	b, err := openBackup(path)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	if err := b.manifest.checkSeal(keys); err != nil {
		return 0, err
	}
	if err := errors.Join(b.extract(ctx, io.Discard, bar{}), b.extractMedia(ctx, "", bar{})); err != nil {
		return 0, err
	}
	return b.size, nil
}

// kernelLine is the line of the kernel's tables, which the store looks after itself.
const kernelLine = "bot"

// schemas are the lines of migrations that this program knows, by name.
func schemas() map[string]fs.FS {
	return map[string]fs.FS{
		kernelLine: store.Schema(), "media": media.Schema(), "procedures": procedures.Schema(), calendar.Line: calendar.Schema(),
		"complaints": complaints.Schema(), "news": items.Schema(), sources.Line: sources.Schema(),
	}
}

// knownVersions is the newest version of every line that this program knows.
func knownVersions() (map[string]int64, error) {
	out := map[string]int64{}
	for line, files := range schemas() {
		names, err := fs.Glob(files, "*.sql")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			var v int64
			if _, err := fmt.Sscanf(name, "%d_", &v); err != nil {
				return nil, fmt.Errorf("migration %s of %s has no number", name, line)
			}
			out[line] = max(out[line], v)
		}
	}
	return out, nil
}

// newerThanKnown says in words which line of versions this program does not know; "" when it knows all.
func newerThanKnown(versions map[string]int64) (string, error) {
	known, err := knownVersions()
	if err != nil {
		return "", err
	}
	var newer []string
	for _, line := range slices.Sorted(maps.Keys(versions)) {
		if v, ok := known[line]; !ok || versions[line] > v {
			newer = append(newer, fmt.Sprintf("%s is at %d, this program knows %d", line, versions[line], v))
		}
	}
	return strings.Join(newer, "; "), nil
}

func versionsLine(versions map[string]int64) string {
	var parts []string
	for _, line := range slices.Sorted(maps.Keys(versions)) {
		parts = append(parts, fmt.Sprintf("%s %d", line, versions[line]))
	}
	return strings.Join(parts, ", ")
}

// roomFor fails when a folder's disk has no room for so many bytes and some to spare.
func roomFor(dir string, free func(string) int64, need int64) error {
	need += spareDisk
	if left := free(dir); left >= 0 && left < need {
		return fmt.Errorf("the disk of %s has %s left, and about %s are needed; free some, or choose another disk", dir, size(left), size(need))
	}
	return nil
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KB", (n+1023)>>10)
}

// putInPlace gives a finished file its name, never over another file, so that it
// is there whole or not at all.
func putInPlace(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil:
		err = os.Remove(from)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists already", to)
	default: // a file system without links, like that of most memory sticks
		if _, serr := os.Lstat(to); !errors.Is(serr, fs.ErrNotExist) {
			return fmt.Errorf("%s exists already", to)
		}
		err = os.Rename(from, to)
	}
	return errors.Join(err, syncDir(filepath.Dir(to)))
}

// syncDir makes a new name in a folder survive a power cut, where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}
