package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// RestoreCmd is `cchcbot restore`.
type RestoreCmd struct {
	File string `arg:"" help:"A file that 'cchcbot backup' wrote."`
}

// Help is the example below --help.
func (RestoreCmd) Help() string {
	return "Example:\n  CCHCBOT_DATA=/srv/cchcbot CCHCBOT_SECRET_KEY_FILE=/root/cchcbot.key cchcbot restore cchcbot-2026-11-22.zip\n\n" +
		"DATA must hold no database. The key comes from SECRET_KEY, else from secret.key in DATA, else it is asked for.\n" +
		"Everything is checked before anything is put in place."
}

// Run restores and says what to do next.
func (c *RestoreCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	done, err := restore(ctx, cfg, c.File, io, sqldb.FreeSpace)
	if err != nil {
		return fmt.Errorf("nothing was restored: %w", err)
	}
	fmt.Fprintf(io.out, "%s is as it was on %s (written by cchcbot %s)\n",
		filepath.Join(cfg.Data, databaseFile), done.manifest.made().In(vietnam).Format("02/01/2006 15:04:05"), done.manifest.Program)
	if m := done.manifest.Media; m != nil && m.Missing > 0 {
		fmt.Fprintf(io.out, "%d of %d files were not in the backup; pages that show them say so.\n", m.Missing, m.Missing+m.Files)
	}
	if done.keyWritten != "" {
		fmt.Fprintf(io.out, "The key was written to %s, where `serve` looks for it.\n", done.keyWritten)
	}
	if done.queued > 0 || done.pending > 0 {
		fmt.Fprintf(io.out, "%d updates wait for their answer and %d messages wait to be sent. `serve` sends them all, also those that went out\n"+
			"after the backup was made. To look first: `cchcbot outbox list --state queued`; `cchcbot outbox hold` keeps them.\n", done.pending, done.queued)
	}
	fmt.Fprintln(io.out, "If the bot used a Redis, empty that first: it knows conversations of a later time.")
	fmt.Fprintln(io.out, "Next: `cchcbot doctor`, then `cchcbot serve`.")
	return nil
}

// restored is what a restore did.
type restored struct {
	manifest        manifest
	keyWritten      string // path of a key file that was written, else ""
	pending, queued int
}

// restore checks a backup as far as it can be checked, in a folder beside the
// final place, and then puts it there in one step.
func restore(ctx context.Context, cfg *Config, file string, io streams, free func(string) int64) (done restored, err error) {
	b, err := openBackup(file)
	if err != nil {
		return done, fmt.Errorf("%s: %w", file, err)
	}
	defer b.Close()
	done.manifest = b.manifest
	newer, err := newerThanKnown(b.manifest.Schema)
	if err != nil {
		return done, err
	}
	if newer != "" {
		return done, fmt.Errorf("%w: %s; use cchcbot %s or newer", sqldb.ErrNewer, newer, b.manifest.Program)
	}
	if err := noDatabase(cfg.Data, len(brokenOff(cfg.Data)) > 0); err != nil {
		return done, err
	}
	secret, typed, err := restoreKey(ctx, cfg, io)
	if err != nil {
		return done, err
	}
	keys, err := store.OpenKeys(secret, "")
	if err != nil {
		return done, err
	}
	if err := wrongKey(b.manifest.checkSeal(keys)); err != nil {
		return done, err
	}
	need := b.manifest.Database.Bytes
	if b.manifest.Media != nil {
		need += b.manifest.Media.Bytes
	}
	if err := roomFor(existing(cfg.Data), free, need); err != nil {
		return done, err
	}
	unlock, err := sqldb.LockFolder(cfg.Data)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := takeBackBroken(cfg.Data); err != nil {
		return done, err
	}
	if err := noDatabase(cfg.Data, false); err != nil { // again, now that nobody can start
		return done, err
	}
	staged, err := stagingFolder(cfg.Data)
	if err != nil {
		return done, err
	}
	defer removeStaged(staged) //nolint:errcheck // the next restore tries again
	if err := unpack(ctx, b, filepath.Join(staged, databaseFile), io.err); err != nil {
		return done, err
	}
	if _, err := examineCopy(ctx, filepath.Join(staged, databaseFile), keys, io.err); err != nil {
		return done, wrongKey(err)
	}
	if err := errors.Join(mediaNamed(ctx, b, filepath.Join(staged, databaseFile)), unpackMedia(ctx, b, staged, io.err)); err != nil {
		return done, err
	}
	if err := rehearse(ctx, cfg, staged, secret, &done); err != nil {
		return done, err
	}
	// The database comes last: with it the folder is restored.
	undo, err := putMediaInPlace(staged, cfg.Data)
	defer func() {
		if err != nil {
			err = errors.Join(err, undo())
		}
	}()
	if err != nil {
		return done, err
	}
	if typed {
		if done.keyWritten, err = writeKey(cfg.Data, staged, secret); err != nil {
			return done, err
		}
	}
	if err := putInPlace(filepath.Join(staged, databaseFile), filepath.Join(cfg.Data, databaseFile)); err != nil {
		if done.keyWritten != "" {
			err = errors.Join(err, os.Remove(done.keyWritten))
		}
		return done, err
	}
	return done, nil
}

// wrongKey says of the key what helps while restoring.
func wrongKey(err error) error {
	if errors.Is(err, store.ErrWrongKey) {
		return errors.New("the key given is not the one that this backup was sealed with; give the key that was kept for it")
	}
	return err
}

// noDatabase fails when a folder holds a database, or leftovers that a restored
// database must not meet. Files are no hindrance when a restore was broken off: they are its own.
func noDatabase(folder string, broken bool) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var found []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), databaseFile) || strings.HasPrefix(e.Name(), stateFile) || e.Name() == mediaFolder && !broken && holdsFiles(folder) {
			found = append(found, e.Name())
		}
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("%s holds %s already; a restore never overwrites. Stop the bot, then move these files away, "+
		"or set DATA to another folder (the key belongs into the new one too)", folder, strings.Join(found, ", "))
}

// holdsFiles reports whether there are files in a folder's media.
func holdsFiles(folder string) bool {
	entries, err := os.ReadDir(filepath.Join(folder, mediaFolder))
	return err != nil || len(entries) > 0
}

// existing is the folder, or the nearest one above it that there is.
func existing(folder string) string {
	path, err := filepath.Abs(folder)
	if err != nil {
		return folder
	}
	for {
		if _, err := os.Stat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

// stagingFolder makes the folder in which a restore is prepared. The caller holds the folder's lock.
func stagingFolder(folder string) (string, error) { return os.MkdirTemp(folder, stagingPrefix) }

func unpack(ctx context.Context, b *backupFile, to string, progress io.Writer) error {
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	bar := newBar(progress, int(b.manifest.Database.Bytes>>10)+1, "unpacking (KiB)")
	defer bar.done()
	err = b.extract(ctx, out, bar)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// rehearse opens the prepared folder as `serve` will, which brings an older
// schema to this version, and counts what waits in it.
func rehearse(ctx context.Context, cfg *Config, staged, secret string, done *restored) (err error) {
	own := *cfg
	own.Data, own.SecretKey = staged, secret
	d, err := openRuntime(ctx, &own, cfg.Logger(io.Discard))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	stats, err := d.store.Stats(ctx)
	if err != nil {
		return err
	}
	done.pending = stats.InboxPending
	for _, o := range stats.Outbox {
		if o.State == bot.OutboxQueued || o.State == bot.OutboxSending {
			done.queued += o.Count
		}
	}
	return d.db.Checkpoint(ctx) // so that the one file is all
}

// maxTyped bounds a key that somebody types, in bytes.
const maxTyped = 4 << 10

// restoreKey finds the key, or asks for it where somebody sits at a terminal.
func restoreKey(ctx context.Context, cfg *Config, io streams) (secret string, typed bool, err error) {
	secret, where, err := secretText(cfg)
	if !errors.Is(err, errNoKey) {
		return secret, false, err
	}
	in, ok := io.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", false, fmt.Errorf("the key is needed: set SECRET_KEY (or SECRET_KEY_FILE), or put it into %s", where)
	}
	fmt.Fprint(io.err, "Key of this backup (it is not shown): ")
	raw, err := readHidden(ctx, in)
	fmt.Fprintln(io.err)
	if err != nil {
		return "", false, fmt.Errorf("read the key: %w", err)
	}
	secret = strings.TrimSpace(string(raw))
	if secret == "" || len(secret) > maxTyped {
		return "", false, fmt.Errorf("no key was typed; set SECRET_KEY, or put it into %s", where)
	}
	return secret, true, nil
}

// readHidden reads a line without echo. When ctx ends first the terminal gets its echo back.
func readHidden(ctx context.Context, in *os.File) ([]byte, error) {
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return nil, err
	}
	type line struct {
		raw []byte
		err error
	}
	read := make(chan line, 1)
	go func() { // ends with the line, or with the process
		raw, err := term.ReadPassword(int(in.Fd()))
		read <- line{raw, err}
	}()
	select {
	case l := <-read:
		return l.raw, l.err
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), term.Restore(int(in.Fd()), before))
	}
}

// writeKey puts a typed key where serve looks for it.
func writeKey(folder, staged, secret string) (string, error) {
	tmp, to := filepath.Join(staged, keyFile), filepath.Join(folder, keyFile)
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(secret + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	if _, err := os.Lstat(to); err == nil { // empty: secretText said there is no key in it
		if err := os.Remove(to); err != nil {
			return "", err
		}
	}
	return to, putInPlace(tmp, to)
}
