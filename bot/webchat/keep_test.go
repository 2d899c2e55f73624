package webchat

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"cchcbot/bot"
)

// kept is what a keeper was given, and what it answers.
type kept struct {
	key  bot.SessionKey
	name string
	data string
	err  error
	when int // updates accepted before it was called
}

func (k *kept) options(in **memory) Options {
	return Options{
		Render: func(lang, key string) (string, error) { return lang + ": " + key, nil },
		Keep: func(_ context.Context, key bot.SessionKey, name string, r io.Reader) (bot.Media, error) {
			data, err := io.ReadAll(r)
			if err != nil {
				return bot.Media{}, err
			}
			k.key, k.name, k.data, k.when = key, name, string(data), len((*in).all())
			return bot.Media{Kind: bot.Photo, Ref: "media:1", Type: "image/png"}, k.err
		},
	}
}

// A file is kept, whole, before the update that names it is accepted.
func TestAFileIsKeptFirst(t *testing.T) {
	k := &kept{}
	var in *memory
	c, got := newChat(t, k.options(&in))
	in = got
	b := serve(t, c, in)
	body := pngBytes + strings.Repeat("x", 5000)
	kind, form := form(t, part{field: "id", body: "p1"}, part{field: "file", name: "giay\u202eto.png", body: body})
	if got := b.do(b.request(kind, form)); got.Status != 200 {
		t.Fatalf("%+v", got)
	}
	u := in.all()[0]
	if len(u.Media) != 1 || u.Media[0].Ref != "media:1" {
		t.Errorf("media %+v", u.Media)
	}
	if k.data != body || k.name != "giayto.png" || k.when != 0 || k.key != u.Key() {
		t.Errorf("%d bytes of %q kept for %v after %d updates", len(k.data), k.name, k.key, k.when)
	}
}

// What the keeper refuses is told in its words; when it fails nothing is accepted.
func TestAFileThatIsNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		err           error
		status        int
		code, message string
	}{
		"refused": {&bot.Error{Code: bot.Invalid, Key: "media.refused_heic"}, 415, "file_type", "vi: media.refused_heic"},
		"failed":  {errors.New("the disk is full"), 503, "unavailable", ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := &kept{err: c.err}
			var in *memory
			chat, got := newChat(t, k.options(&in))
			in = got
			b := serve(t, chat, in)
			kind, form := form(t, part{field: "file", name: "a.png", body: pngBytes})
			answer := b.do(b.request(kind, form))
			if answer.Status != c.status || answer.Error.Code != c.code || c.message != "" && answer.Error.Message != c.message {
				t.Errorf("%d %+v", answer.Status, answer.Error)
			}
			if n := len(in.all()); n != 0 {
				t.Errorf("%d updates accepted", n)
			}
		})
	}
}

// Sound and film are counted and not kept; half an upload is no refusal of the keeper's.
func TestWhatTheKeeperDoesNotSee(t *testing.T) {
	k := &kept{}
	var in *memory
	c, got := newChat(t, k.options(&in))
	in = got
	b := serve(t, c, in)
	kind, voice := form(t, part{field: "file", name: "a.ogg", body: "OggS\x00...."})
	if got := b.do(b.request(kind, voice)); got.Status != 200 || k.data != "" || in.all()[0].Media[0].Kind != bot.Voice {
		t.Errorf("%+v, kept %q", got, k.data)
	}
	kind, photo := form(t, part{field: "file", name: "a.png", body: pngBytes + strings.Repeat("x", 3000)})
	if got := b.do(b.request(kind, photo[:len(photo)-1500])); got.Status != 400 || got.Error.Code != "unreadable" {
		t.Errorf("half a form: %d %+v", got.Status, got.Error)
	}
	kind, large := form(t, part{field: "file", name: "a.png", body: pngBytes + strings.Repeat("x", MaxBody)})
	if got := b.do(b.request(kind, large)); got.Status != 413 {
		t.Errorf("a large form: %d %+v", got.Status, got.Error)
	}
}
