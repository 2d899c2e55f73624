package media_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/media"
)

// Tests of what becomes of files that were taken: attached, discarded, swept, damaged.

func TestAttachAndDiscard(t *testing.T) {
	r := newRig(t)
	keep := func(owner string) string {
		it, err := r.Media.Keep(t.Context(), owner, "a.jpg", bytes.NewReader(sample(t, "a.jpg")))
		r.must(err)
		return it.ID
	}
	mine, kept, other := keep(lan), keep(lan), keep("somebody else")
	attach := func(ids ...string) error {
		return r.do(func(ctx context.Context, tx bot.Tx) error { return r.Media.Attach(ctx, tx, lan, case1, ids...) })
	}
	if err := attach(kept, other); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("somebody else's file was attached: %v", err)
	}
	if err := attach("../../../etc/passwd"); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("a path was attached: %v", err)
	}
	if r.item(kept).Attached {
		t.Error("a part of a refused call was done")
	}
	r.must(attach(kept))
	r.must(attach(kept)) // a repeated submit
	// The conversation is dropped: what was handed over stays.
	r.must(r.do(func(ctx context.Context, tx bot.Tx) error { return r.Media.Discard(ctx, tx, lan) }))
	r.drain()
	if _, _, err := r.Media.Open(t.Context(), mine); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("a discarded file opens: %v", err)
	}
	r.read(kept)
	r.read(other)
	of, err := r.Media.Of(t.Context(), nil, case1)
	if err != nil || len(of) != 1 || of[0].ID != kept {
		t.Errorf("the case has %+v, %v", of, err)
	}
	r.must(r.do(func(ctx context.Context, tx bot.Tx) error { return r.Media.Discard(ctx, tx, case1, kept, other) }))
	r.drain()
	if n := len(r.files()); n != 2 {
		t.Errorf("%d files are left, want the photo of somebody else and its thumbnail", n)
	}
}

func TestADroppedTurnLosesItsFiles(t *testing.T) {
	d := bottest.NewFakeDriver(bottest.FakeName, bottest.FakeLimits())
	var keeper *media.Keeper
	b := bottest.New(t, bottest.Options{Driver: d, Build: func(b *bottest.Bot) ([]bot.Feature, error) {
		keeper = b.Media
		return []bot.Feature{{Name: "sample", Routes: []bot.Route{
			{Name: "sample.drop", Command: "drop", Handle: func(_ context.Context, t *bot.Turn) error { t.Drop(); return nil }},
			{Name: "sample.photo", Intents: []string{bot.IntentMedia}, Handle: func(ctx context.Context, t *bot.Turn) error {
				tx, err := t.Tx(ctx)
				if err != nil {
					return err
				}
				_, err = keeper.Want(ctx, tx, media.Conversation(t.Update.Key()), t.Update.Channel, t.Update.Media[0])
				return err
			}},
		}}}, nil
	}})
	r := &rig{Bot: b, t: t, fake: d.Fake()}
	for _, who := range []string{"Lan", "Minh"} {
		r.must(d.Do(t.Context(), bottest.Citizen{Name: who}, bottest.Input{Media: bot.Photo}))
	}
	if n := len(r.files()); n != 4 {
		t.Fatalf("%d files", n)
	}
	r.must(d.Do(t.Context(), bottest.Citizen{Name: "Lan"}, bottest.Input{Text: "/drop"}))
	left, err := r.Media.Of(t.Context(), nil, media.Conversation(bot.SessionKey{Channel: bottest.FakeName, Chat: "Lan", User: "Lan"}))
	if n := len(r.files()); n != 2 || err != nil || len(left) != 0 {
		t.Errorf("%d files and %d rows are left: %v", n, len(left), err)
	}
}

// What nobody attached is removed after its time, and not before.
func TestLooseItemsAreSwept(t *testing.T) {
	r := newRig(t)
	it, err := r.Media.Keep(t.Context(), lan, "a.jpg", bytes.NewReader(sample(t, "a.jpg")))
	r.must(err)
	kept, err := r.Media.Keep(t.Context(), lan, "a.jpg", bytes.NewReader(sample(t, "a.jpg")))
	r.must(err)
	r.must(r.do(func(ctx context.Context, tx bot.Tx) error { return r.Media.Attach(ctx, tx, lan, case1, kept.ID) }))
	r.Clock.Add(media.KeepLoose)
	r.must(r.Media.Sweep(t.Context()))
	r.read(it.ID)
	r.Clock.Add(time.Second)
	r.must(r.Media.Sweep(t.Context()))
	if got := r.item(it.ID); got.ID != "" {
		t.Error("a loose item is still there")
	}
	r.read(kept.ID)
	if n := len(r.files()); n != 2 {
		t.Errorf("%d files", n)
	}
}

// The process dies between the file and its row: the file goes, the wish is fetched again.
func TestTheProcessDiesAroundAFile(t *testing.T) {
	for _, point := range []bottest.Point{bottest.BeforeCommit, bottest.AfterCommit} {
		t.Run(string(point), func(t *testing.T) {
			r := newRig(t)
			fetches := 0
			r.fake.Put("f", func() ([]byte, error) { fetches++; return sample(t, "a.jpg"), nil })
			it := r.want(lan, bot.Media{Kind: bot.Photo, Ref: "f"})
			r.Faults.CrashAt(point, 1)
			err := r.Media.Drain(t.Context())
			if err == nil || len(r.files()) == 0 {
				t.Fatalf("the process lives, or died before the file was written: %v", err)
			}
			_, err = r.Media.Keep(t.Context(), lan, "a.pdf", bytes.NewReader(sample(t, "a.pdf"))) // dead: a file without a row
			if err == nil {
				t.Fatal("a dead process kept a file")
			}
			r.must(r.Restart())
			r.listen()
			r.must(r.Media.Sweep(t.Context()))
			r.Clock.Add(time.Minute)
			r.drain()
			if got := r.item(it.ID); got.State != media.Ready {
				t.Errorf("%+v", got)
			}
			r.read(it.ID)
			if n := len(r.files()); n != 2 {
				t.Errorf("%d files, want the photo and its thumbnail: %q", n, r.files())
			}
			if want := map[bottest.Point]int{bottest.BeforeCommit: 2, bottest.AfterCommit: 1}[point]; fetches != want {
				t.Errorf("fetched %d times, want %d", fetches, want)
			}
		})
	}
}

// A row whose file is not there, as after a restore without the folder, is told.
func TestAMissingFile(t *testing.T) {
	r := newRig(t)
	it, err := r.Media.Keep(t.Context(), lan, "a.pdf", bytes.NewReader(sample(t, "a.pdf")))
	r.must(err)
	folder := filepath.Join(filepath.Dir(r.DB.Path()), "media")
	if missing, all, err := media.Missing(t.Context(), r.DB.Read(), folder); len(missing) != 0 || all != 1 || err != nil {
		t.Errorf("%q of %d missing, %v", missing, all, err)
	}
	r.must(os.Remove(r.files()[0]))
	if missing, _, err := media.Missing(t.Context(), r.DB.Read(), folder); len(missing) != 1 || err != nil {
		t.Errorf("%q missing, %v", missing, err)
	}
	if _, _, err := r.Media.Open(t.Context(), it.ID); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("Open = %v", err)
	}
}

// A file that was changed, cut off or swapped with another does not open.
func TestAForgedFile(t *testing.T) {
	r := newRig(t)
	big := append([]byte("%PDF-1.4\n"), bytes.Repeat([]byte("0123456789abcdef"), 20_000)...)
	big = append(big, "\n%%EOF"...)
	it, err := r.Media.Keep(t.Context(), lan, "a.pdf", bytes.NewReader(big))
	r.must(err)
	path := r.files()[0]
	good, err := os.ReadFile(path)
	r.must(err)
	const head, chunk = 5, 64<<10 + 16
	flip := bytes.Clone(good)
	flip[len(flip)/2] ^= 1
	swapped := bytes.Clone(good)
	copy(swapped[head:], good[head+chunk:head+2*chunk])
	copy(swapped[head+chunk:], good[head:head+chunk])
	for name, bad := range map[string][]byte{
		"a bit": flip, "cut at a chunk": good[:head+2*chunk], "cut anywhere": good[:100_000], "chunks swapped": swapped,
		"empty": {}, "head only": good[:head], "longer": append(bytes.Clone(good), good[head:head+chunk]...),
	} {
		r.must(os.WriteFile(path, bad, 0o600))
		_, f, err := r.Media.Open(t.Context(), it.ID)
		if err == nil {
			_, err = io.ReadAll(f)
			r.must(f.Close())
		}
		if err == nil {
			t.Errorf("%s: the file still reads", name)
		}
	}
	r.must(os.WriteFile(path, good, 0o600))
	_, f, err := r.Media.Open(t.Context(), it.ID)
	r.must(err)
	defer f.Close()
	for _, at := range []int64{0, 1, 65535, 65536, 65537, 200_000, int64(len(big)) - 3} {
		_, err := f.Seek(at, io.SeekStart)
		r.must(err)
		part := make([]byte, 3)
		_, err = io.ReadFull(f, part)
		if err != nil || !bytes.Equal(part, big[at:at+3]) {
			t.Errorf("at %d: %q, %v", at, part, err)
		}
	}
}
