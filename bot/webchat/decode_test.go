package webchat

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
)

type part struct{ field, name, kind, body string }

func form(t testing.TB, parts ...part) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"`, p.field))
		if p.name != "" {
			h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`, p.field, p.name))
		}
		if p.kind != "" {
			h.Set("Content-Type", p.kind)
		}
		pw, err := w.CreatePart(h)
		if err == nil {
			_, err = pw.Write([]byte(p.body))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

const pngBytes = "\x89PNG\x0d\x0a\x1a\x0a0000"

func TestFilesAreKnownByContent(t *testing.T) {
	tests := []struct {
		name, claimed, body string
		kind                bot.MediaKind
		typ                 string
	}{
		{"photo", "application/pdf", pngBytes, bot.Photo, "image/png"},
		{"jpeg", "", "\xff\xd8\xff\xe0....", bot.Photo, "image/jpeg"},
		{"webp", "", "RIFF....WEBPVP8 ", bot.Photo, "image/webp"},
		{"gif", "", "GIF89a....", bot.Photo, "image/gif"},
		{"heic", "", "\x00\x00\x00\x18ftypheic....", bot.Photo, "image/heic"},
		{"pdf", "", "%PDF-1.7 ....", bot.Document, "application/pdf"},
		{"ogg", "", "OggS\x00....", bot.Voice, "audio/ogg"},
		{"voice in webm", "audio/webm", "\x1a\x45\xdf\xa3....", bot.Voice, "audio/webm"},
		{"film in webm", "video/webm", "\x1a\x45\xdf\xa3....", bot.Video, "video/webm"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, in := newChat(t, Options{})
			b := serve(t, c, in)
			kind, body := form(t, part{field: "id", body: "p1"}, part{field: "file", name: "giay\u202eto.png", kind: tt.claimed, body: tt.body})
			if got := b.do(b.request(kind, body)); got.Status != 200 {
				t.Fatalf("%+v", got)
			}
			want := bot.Media{Kind: tt.kind, Type: tt.typ, Size: int64(len(tt.body)), Name: "giayto.png"}
			if u := in.all()[0]; len(u.Media) != 1 || u.Media[0] != want {
				t.Errorf("media %+v, want %+v", u.Media, want)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	c, in := newChat(t, Options{PerAddress: bot.Rate{PerSecond: 1, Burst: 100}, PerCitizen: bot.Rate{PerSecond: 1, Burst: 100}})
	b := serve(t, c, in)
	photo := part{field: "file", name: "a.png", body: pngBytes}
	tests := []struct {
		name   string
		parts  []part
		status int
		code   string
	}{
		{"a page that calls itself a photo", []part{{field: "file", name: "a.png", kind: "image/png", body: "<html><script>"}}, 415, "file_type"},
		{"a program", []part{{field: "file", name: "a.png", body: "MZ\x90\x00"}}, 415, "file_type"},
		{"empty", []part{{field: "file", name: "a.png"}}, 400, "no_file"},
		{"no file", []part{{field: "text", body: "a"}}, 400, "no_file"},
		{"two files", []part{photo, photo}, 400, "bad_form"},
		{"two ids", []part{{field: "id", body: "a"}, {field: "id", body: "b"}, photo}, 400, "bad_form"},
		{"unknown field", []part{photo, {field: "admin", body: "1"}}, 400, "unknown_key"},
		{"long field", []part{photo, {field: "text", body: strings.Repeat("a", maxField+1)}}, 413, "too_large"},
		{"field not UTF-8", []part{photo, {field: "text", body: "\xff"}}, 400, "bad_utf8"},
		{"bad id", []part{photo, {field: "id", body: "a b"}}, 400, "bad_id"},
		{"too large", []part{{field: "file", name: "a.png", body: pngBytes + strings.Repeat("x", MaxFile)}}, 413, "file_too_large"},
		{"far too large", []part{{field: "file", name: "a.png", body: pngBytes + strings.Repeat("x", MaxBody)}}, 413, "file_too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind, body := form(t, tt.parts...)
			if got := b.do(b.request(kind, body)); got.Status != tt.status || got.Error.Code != tt.code {
				t.Errorf("got %d %+v, want %d %s", got.Status, got.Error, tt.status, tt.code)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"text":"xin chào"}`, `{"button":"a:b","id":"x","lang":"vi"}`, `{"place":{"lat":1e308,"lon":-0}}`, `{"event":"start"}`,
		`{"text":"\ud800"}`, "{\"text\":\"\xff\"}", `{"text":null}`, `[[[[`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := decode(b, clean)
		var p *problem
		if err != nil {
			if !errors.As(err, &p) {
				t.Fatalf("error %T", err)
			}
			return
		}
		c := &Chat{cookies: &cookies{key: secret}, opt: Options{Now: time.Now}}
		u := c.update("citizen", in)
		if err := u.Check(); err != nil {
			t.Errorf("%q is accepted here and refused by the kernel: %v", b, err)
		}
	})
}

func FuzzMultipart(f *testing.F) {
	_, body := form(f, part{field: "file", name: "a.png", body: pngBytes}, part{field: "id", body: "x"})
	boundary, _, _ := strings.Cut(strings.TrimPrefix(body, "--"), "\r\n")
	f.Add(body, boundary)
	f.Add("--x--", "x")
	f.Fuzz(func(t *testing.T, body, boundary string) {
		if boundary == "" {
			return
		}
		in, err := readParts(multipart.NewReader(strings.NewReader(body), boundary), clean, nil)
		if err == nil && (in.media == nil || in.media.Size <= 0 || in.media.Kind == "") {
			t.Errorf("accepted without a file: %+v", in)
		}
	})
}
