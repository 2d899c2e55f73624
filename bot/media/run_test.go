package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/media"
)

// Run fetches by itself, several at a time, and ends with its context.
func TestRun(t *testing.T) {
	r := newRig(t)
	var mu sync.Mutex
	done := make(chan struct{})
	heard := map[string]media.State{}
	const n = 12
	r.Media.Notify(func(_ context.Context, _ *bot.Work, it media.Item) error {
		mu.Lock()
		defer mu.Unlock()
		if heard[it.ID] = it.State; len(heard) == n {
			close(done)
		}
		return nil
	})
	for i := range n {
		ref := fmt.Sprint("f", i)
		r.fake.Put(ref, func() ([]byte, error) {
			if i%4 == 3 {
				return nil, &bot.Error{Code: bot.NotFound}
			}
			return bottest.SampleFile("a.jpg")
		})
		r.want(lan, bot.Media{Kind: bot.Photo, Ref: ref})
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Media.Run(ctx) }()
	<-done
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	ready := 0
	for _, s := range heard {
		if s == media.Ready {
			ready++
		}
	}
	if ready != n*3/4 {
		t.Errorf("%d of %d are ready", ready, n)
	}
}

// An item that is discarded while it is fetched leaves nothing.
func TestDiscardedWhileFetched(t *testing.T) {
	r := newRig(t)
	r.fake.Put("f", func() ([]byte, error) {
		err := r.do(func(ctx context.Context, tx bot.Tx) error { return r.Media.Discard(ctx, tx, lan) })
		return sample(t, "a.jpg"), err
	})
	it := r.want(lan, bot.Media{Kind: bot.Photo, Ref: "f"})
	r.drain()
	if got := r.item(it.ID); got.ID != "" || len(r.told) != 0 || len(r.files()) != 0 {
		t.Errorf("%+v, told of %d, files %q", got, len(r.told), r.files())
	}
}

// After a dropped conversation no byte on the disk tells the name of a file, its key or
// the handle by which it could be fetched again.
func TestDiscardLeavesNothing(t *testing.T) {
	const name, handle = "to cao ong Tam", "AgACAgUAAxkBAAIB-handle"
	r := newRig(t)
	r.fake.Put(handle, func() ([]byte, error) { return sample(t, "a.pdf"), nil })
	it := r.want(lan, bot.Media{Kind: bot.Document, Ref: handle, Name: name + ".pdf"})
	r.drain()
	kept := r.files()
	if len(kept) != 1 {
		t.Fatalf("files %q", kept)
	}
	before, err := os.ReadFile(kept[0])
	r.must(err)
	var sealedKey, sealedName []byte
	r.must(r.DB.Read().QueryRowContext(t.Context(), `select key, name from media_items where id = $1`, it.ID).Scan(&sealedKey, &sealedName))
	r.must(r.do(func(ctx context.Context, tx bot.Tx) error { return r.Media.Discard(ctx, tx, lan) }))
	r.drain()
	r.must(r.DB.Checkpoint(t.Context())) // what the store does after a dropped turn
	err = filepath.WalkDir(filepath.Dir(r.DB.Path()), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		for what, secret := range map[string][]byte{
			"name": []byte(name), "handle": []byte(handle), "sealed key": sealedKey, "sealed name": sealedName, "file": before[:64],
		} {
			if bytes.Contains(raw, secret) {
				t.Errorf("%s still holds the %s", filepath.Base(path), what)
			}
		}
		return err
	})
	r.must(err)
}

// A full disk refuses what comes, and says so as a fault, not as the citizen's mistake.
func TestAFullDisk(t *testing.T) {
	r := newRig(t)
	k, err := media.New(media.Options{
		Folder: t.TempDir(), Read: r.DB.Read(), Works: r.Works, Sealer: r.Sealer, Secret: bytes.Repeat([]byte("k"), 32), Now: r.Clock.Now,
		Free: func(string) int64 { return 100 << 20 },
	})
	r.must(err)
	_, err = k.Keep(t.Context(), lan, "a.jpg", bytes.NewReader(sample(t, "a.jpg")))
	var told *bot.Error
	if err == nil || errors.As(err, &told) {
		t.Errorf("Keep = %v", err)
	}
	r.must(k.Close())
}

// An upload whose sender stops leaves nothing.
func TestAnUploadThatStops(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	from := &stopping{data: sample(t, "a.pdf"), stop: cancel}
	if _, err := r.Media.Keep(ctx, lan, "a.pdf", from); !errors.Is(err, context.Canceled) {
		t.Errorf("Keep = %v", err)
	}
	if files := r.files(); len(files) != 0 {
		t.Errorf("left on the disk: %q", files)
	}
}

// stopping hands out its data and then nothing more.
type stopping struct {
	data []byte
	stop func()
}

func (s *stopping) Read(p []byte) (int, error) {
	n := copy(p, s.data)
	s.data = s.data[n:]
	if len(s.data) == 0 {
		s.stop()
	}
	return n, nil
}

// grainy is a photo as a phone takes it in the evening: grain makes it large.
func grainy(tb testing.TB, width, height int) []byte {
	tb.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = uint8(100 + i/(4*width)%100 + r.IntN(36))
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}); err != nil {
		tb.Fatal(err)
	}
	return bottest.WithExif(b.Bytes(), 6)
}

// BenchmarkPhoto takes in a photo of about 3 MB: written sealed, read back, decoded,
// scaled, written anew with its thumbnail, and its row committed.
func BenchmarkPhoto(b *testing.B) {
	d := bottest.NewFakeDriver(bottest.FakeName, bottest.FakeLimits())
	house := bottest.New(b, bottest.Options{Driver: d, Build: func(*bottest.Bot) ([]bot.Feature, error) { return nil, nil }})
	photo := grainy(b, 4000, 3000)
	if n := len(photo); n < 2<<20 || n > 4<<20 {
		b.Fatalf("the photo has %d bytes", n)
	}
	b.SetBytes(int64(len(photo)))
	for i := 0; b.Loop(); i++ {
		if _, err := house.Media.Keep(b.Context(), fmt.Sprint(i), "a.jpg", bytes.NewReader(photo)); err != nil {
			b.Fatal(err)
		}
	}
}
