package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

// Checks of what lies in the data folder.

const restoreAdvice = "stop the bot, move the files of the database away, and put the last backup in with `cchcbot restore`"

// littleDisk is when the disk begins to need looking at, in bytes free.
const littleDisk = 1 << 30

func checkFolder(_ context.Context, p *patient) []finding {
	info, err := os.Stat(p.cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.absent = true
		return toLookAt("nothing, if this is a new installation; else set DATA", "%s does not exist yet; `serve` makes it at its first start", p.cfg.Data)
	case err != nil:
		return isBad("let this user read it, or set DATA", "%s cannot be looked at: %v", p.cfg.Data, err)
	case !info.IsDir():
		return isBad("set DATA to a folder", "%s is not a folder", p.cfg.Data)
	}
	probe, err := os.CreateTemp(p.cfg.Data, ".doctor-*")
	if err != nil {
		return isBad("give this user the right to write to it", "%s cannot be written: %v", p.cfg.Data, err)
	}
	_ = probe.Close() // it is empty
	if err := os.Remove(probe.Name()); err != nil {
		return isBad("look at the disk", "%s: %v", p.cfg.Data, err)
	}
	free := sqldb.FreeSpace(p.cfg.Data)
	switch {
	case free >= 0 && free < leastDisk:
		return isBad("free some on this disk", "only %s are free where %s is", size(free), p.cfg.Data)
	case loose(info):
		return toLookAt("chmod 700 "+p.cfg.Data, "other users of this machine can look into %s", p.cfg.Data)
	case free >= 0 && free < littleDisk:
		return toLookAt("free some on this disk soon", "%s are free where %s is", size(free), p.cfg.Data)
	}
	return isFine("%s can be written, is closed to others, %s free", p.cfg.Data, size(max(free, 0)))
}

// loose reports whether others than the owner may read; Windows keeps rights elsewhere.
func loose(info fs.FileInfo) bool { return runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 }

func checkDatabase(ctx context.Context, p *patient) []finding {
	path := filepath.Join(p.cfg.Data, databaseFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		p.absent = true
		if err := restoreUnderWay(p.cfg.Data); err != nil {
			return isBad("look whether a restore runs; if not, run it again", "%v", err)
		}
		return toLookAt("nothing, if this is a new installation", "there is none yet; `serve` makes it at its first start")
	}
	if err != nil {
		return isBad("let this user read it", "%v", err)
	}
	db, err := sqldb.Open(ctx, sqldb.Options{Path: path})
	if err != nil {
		return isBad(databaseAdvice(err), "%v", err)
	}
	p.db = db
	if err := p.integrity(ctx, db); err != nil {
		return isBad(databaseAdvice(err), "%v", err)
	}
	p.sound = true
	versions, err := db.Versions(ctx)
	if err != nil {
		return isBad(databaseAdvice(err), "%v", err)
	}
	known, err := knownVersions()
	if err != nil {
		return isBad("build the program anew", "%v", err)
	}
	newer, err := newerThanKnown(versions)
	switch {
	case err != nil:
		return isBad("build the program anew", "%v", err)
	case newer != "":
		return isBad("start the newer program, or restore an older backup", "it was written by a newer version of this program: %s", newer)
	case len(versions) == 0:
		return isBad("is DATA right? If it is: "+restoreAdvice, "%s holds no tables of cchcbot", databaseFile)
	case !maps.Equal(versions, known):
		return toLookAt("back it up, then `cchcbot migrate`, or just `cchcbot serve`",
			"whole, but its schema is older than this program: %s", versionsLine(versions))
	case loose(info):
		return toLookAt("chmod 600 "+path, "whole, but other users of this machine can read it")
	}
	use, err := db.Usage()
	if err != nil {
		return isBad(databaseAdvice(err), "%v", err)
	}
	return isFine("whole, %s, schema %s", size(use.File+use.WAL), versionsLine(versions))
}

func databaseAdvice(err error) string {
	switch {
	case errors.Is(err, sqldb.ErrNotWritable):
		return "give this user the right to write the folder and its files"
	case errors.Is(err, sqldb.ErrFull):
		return "free some on this disk"
	case errors.Is(err, sqldb.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		return "try again in a minute"
	}
	return restoreAdvice
}

// integrity reads the tables for damage; full also their indexes and references.
func (p *patient) integrity(ctx context.Context, db *sqldb.DB) error {
	if p.full {
		return db.Integrity(ctx)
	}
	var first string
	if err := db.Read().QueryRowContext(ctx, `pragma quick_check(1)`).Scan(&first); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%w: %w", sqldb.ErrCorrupt, err)
	}
	if first != "ok" {
		return fmt.Errorf("%w: %s", sqldb.ErrCorrupt, first)
	}
	return nil
}

func checkKey(ctx context.Context, p *patient) []finding {
	secret, where, err := secretText(p.cfg)
	const back = "put the key back that was kept apart, as SECRET_KEY or as secret.key in DATA"
	switch {
	case errors.Is(err, errNoKey) && p.absent:
		return toLookAt("nothing; keep a copy of it apart from the backups then", "there is none yet; `serve` makes %s at its first start", where)
	case err != nil:
		return isBad(back, "%v", err)
	}
	if p.keys, err = store.OpenKeys(secret, ""); err != nil {
		return isBad(back, "%v", err)
	}
	if p.db == nil {
		return isFine("%s can be used; there is no database to try it on", where)
	}
	err = opensCanary(ctx, p.db, p.keys)
	switch {
	case errors.Is(err, store.ErrWrongKey):
		return isBad(back, "%s is not the key that the database was sealed with", where)
	case err != nil:
		return isBad(restoreAdvice, "%v", err)
	}
	p.openStore(ctx)
	if info, err := os.Stat(where); err == nil && loose(info) {
		return toLookAt("chmod 600 "+where, "it opens the database, but other users of this machine can read %s", where)
	}
	return isFine("%s opens the database; keep a copy of it apart from the backups", where)
}

// openStore opens the store when that changes nothing: the file is whole, schema and key fit.
func (p *patient) openStore(ctx context.Context) {
	if !p.sound {
		return
	}
	versions, err := p.db.Versions(ctx)
	known, kerr := knownVersions()
	if err != nil || kerr != nil || !maps.Equal(versions, known) {
		return
	}
	s, err := store.New(ctx, store.Options{
		DB: p.db, Sealer: p.keys, Clean: vietnamese.Clean, Now: p.now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return // what is wrong stands on the lines of the database and the key
	}
	if p.stats, err = s.Stats(ctx); err == nil {
		p.store = s
	}
}

// checkState looks at the file of the conversations under way.
func checkState(ctx context.Context, p *patient) []finding {
	path := filepath.Join(p.cfg.Data, stateFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return isFine("no %s; conversations go on from the database", stateFile)
	}
	const away = "stop the bot and move state.db away; conversations go on from the database"
	db, err := sqldb.Open(ctx, sqldb.Options{Path: path, Synchronous: sqldb.Normal})
	if err == nil {
		err = errors.Join(p.integrity(ctx, db), db.Close())
	}
	if err != nil {
		return isBad(away, "%s: %v", stateFile, err)
	}
	return isFine("%s is whole", stateFile)
}

// notLooked is the line of a check whose ground is missing.
func (p *patient) notLooked() []finding {
	if p.absent {
		return isFine("none yet")
	}
	return toLookAt("see the lines above", "not looked at, for the database cannot be used as it is")
}

func checkUpdates(_ context.Context, p *patient) []finding {
	if p.store == nil {
		return p.notLooked()
	}
	var out []finding
	s := p.stats
	if n := s.InboxFailed; n > 0 {
		out = append(out, toLookAt("`cchcbot outbox list --failed` shows why, `cchcbot outbox retry --failed TURN` tries again", "%s failed for good", count(n, "update"))...)
	}
	switch age := s.OldestUpdate.Round(time.Second); {
	case s.InboxPending > 0 && !p.alive:
		out = append(out, toLookAt("`cchcbot serve`", "%s for an answer and no bot was found running; the oldest for %s", thatWait(s.InboxPending, "update"), age)...)
	case s.InboxPending > 0 && age > lateTurn:
		out = append(out, isBad("see the log of the bot; a restart does no harm", "%s for an answer; the oldest for %s", thatWait(s.InboxPending, "update"), age)...)
	case len(out) == 0:
		out = isFine("%s, none failed", thatWait(s.InboxPending, "update"))
	}
	return out
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func thatWait(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + " waits"
	case 1:
		return "1 " + what + " waits"
	}
	return fmt.Sprintf("%d %ss wait", n, what)
}

func checkMessages(_ context.Context, p *patient) []finding {
	if p.store == nil {
		return p.notLooked()
	}
	n := map[bot.OutboxState]int{}
	dead := map[string]int{}
	for _, o := range p.stats.Outbox {
		n[o.State] += o.Count
		if o.State == bot.OutboxDead {
			dead[o.Channel] += o.Count
		}
	}
	text := fmt.Sprintf("%s to be sent, %d until their citizen writes", thatWait(n[bot.OutboxQueued]+n[bot.OutboxSending], "message"), n[bot.OutboxHeld])
	if w := n[bot.OutboxWaiting]; w > 0 {
		text += fmt.Sprintf(", %d of news to follow at the pace of their channels", w)
	}
	if len(dead) == 0 {
		return isFine("%s, none given up", text)
	}
	var where []string
	for _, channel := range slices.Sorted(maps.Keys(dead)) {
		where = append(where, fmt.Sprintf("%s %d", channel, dead[channel]))
	}
	return toLookAt("`cchcbot outbox list --state dead` shows why, `cchcbot outbox retry ROW` tries again",
		"%s; given up: %s", text, strings.Join(where, ", "))
}

func checkHolds(ctx context.Context, p *patient) []finding {
	if p.store == nil {
		return p.notLooked()
	}
	holds, err := p.store.ListHolds(ctx)
	switch {
	case err != nil:
		return isBad(databaseAdvice(err), "%v", err)
	case len(holds) == 0:
		return isFine("nothing is kept from being sent")
	}
	var paused []string
	others := slices.DeleteFunc(holds, func(h store.Hold) bool {
		id, item := strings.CutPrefix(h.Thing, "news:")
		item = item && h.Channel == "" && h.Lane == bot.LaneBroadcast
		if item {
			paused = append(paused, id)
		}
		return item
	})
	var out []finding
	if len(paused) > 0 {
		out = toLookAt("whoever paused it lets it go on at /console/news/"+paused[0]+"/progress", "%s paused: %s", isPaused(len(paused)), strings.Join(paused[:min(len(paused), 10)], ", "))
	}
	if len(others) > 0 {
		out = append(out, toLookAt("`cchcbot outbox list` shows them, `cchcbot outbox release` ends one",
			"%s in place, the oldest since %s; its messages are not sent", count(len(others), "hold"), stamp(others[0].Since))...)
	}
	return out
}

func isPaused(n int) string {
	if n == 1 {
		return "1 item of news is"
	}
	return fmt.Sprintf("%d items of news are", n)
}

// checkFiles looks whether the files that people sent are where the database says.
func checkFiles(ctx context.Context, p *patient) []finding {
	if p.store == nil {
		return p.notLooked()
	}
	missing, all, err := media.Missing(ctx, p.db.Read(), filepath.Join(p.cfg.Data, mediaFolder))
	switch {
	case err != nil:
		return isBad("let this user read the folder media in DATA", "%v", err)
	case len(missing) > 0:
		return isBad("put the folder media of the last backup beside the database; pages that show them say that they are gone",
			"%d of %s are not in %s, the first is %s", len(missing), count(all, "file"), filepath.Join(p.cfg.Data, mediaFolder), missing[0])
	}
	return isFine("%s that people sent", count(all, "file"))
}

// oldFacts is when an entry's facts should be compared with their source again.
const oldFacts = 365 * 24 * time.Hour

func checkKnowledge(ctx context.Context, p *patient) []finding {
	if p.store == nil {
		if p.absent {
			return isFine("the entries that come with the program are taken in at the first start")
		}
		return p.notLooked()
	}
	const bring = "`cchcbot knowledge import FILE`"
	var all []*knowledge.Entry
	curated := map[string]bool{}
	oldest, old := "", 0
	limit := p.now().Add(-oldFacts).Format(time.DateOnly)
	err := entries.Each(ctx, p.db.Read(), func(r entries.Record) error {
		all = append(all, r.Entry)
		curated[r.Entry.Code] = r.Origin == entries.OriginEmbedded || content.IsWritten(r.Entry)
		if day := max(r.Entry.Updated, r.Entry.VerifiedAt); day != "" {
			if oldest == "" || day < oldest {
				oldest = day
			}
			if day < limit {
				old++
			}
		}
		return nil
	})
	if err != nil {
		return isBad(databaseAdvice(err), "%v", err)
	}
	if len(all) == 0 {
		return isBad(bring, "no procedure is published, so nothing can be answered")
	}
	national, err := content.National()
	if err != nil {
		return isBad("install the program again", "%v", err)
	}
	findings := content.Check(all, content.CheckOptions{
		Curated: func(e *knowledge.Entry) bool { return curated[e.Code] }, NFC: norm.NFC.IsNormalString, National: national,
		Fold: vietnamese.Fold, Splits: splitsOf(all, p.now),
	})
	text := fmt.Sprintf("%d procedures, the oldest data of %s, %s", len(all), oldest, count(len(findings), "finding"))
	due, err := entries.Due(ctx, p.db.Read(), p.now())
	if err != nil {
		return isBad(databaseAdvice(err), "%v", err)
	}
	switch {
	case len(due) > 0:
		return toLookAt("start the bot: it publishes them within a minute; when it runs, its log says why it does not",
			"%s; %s entered ahead still waits although its day has come", text, count(len(due), "change"))
	case content.HasErrors(findings):
		return toLookAt("`cchcbot knowledge check` lists them", "%s, some of them errors", text)
	case old > 0:
		return toLookAt("compare them with the national database and import them again", "%s; the data of %d is older than a year", text, old)
	}
	return isFine("%s", text)
}

func checkDirectory(_ context.Context, p *patient) []finding {
	day, err := p.cfg.Day()
	if err != nil {
		return isBad("set AS_OF to a day like 2021-06-01, or leave it out", "%v", err)
	}
	path := (&data{folder: p.cfg.Data}).boundaries()
	dir, err := directory.Load(directory.Options{AsOf: day, BoundaryFile: path})
	if err != nil {
		return isBad("replace "+boundaryFile+" in DATA, or take it away", "%v", err)
	}
	places := "no " + boundaryFile + ": a shared location is answered with the three nearest communes"
	if path != "" {
		places = boundaryFile + " is read"
	}
	if !day.IsZero() {
		return toLookAt("leave AS_OF out, unless this is a rehearsal", "agencies and places of %s, not of today; %s", dir.AsOf(), places)
	}
	return isFine("agencies and places of today; %s", places)
}
