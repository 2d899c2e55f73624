package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	lan   = "conversation of Lan"
	case1 = "complaint:K7M3-9QX2"
)

// rig is a keeper inside a whole bot, on a real database and a real folder.
type rig struct {
	*bottest.Bot
	t    *testing.T
	fake *bottest.Fake
	told []media.Item
	fail error // what the listener answers
}

func newRig(t *testing.T) *rig {
	t.Helper()
	d := bottest.NewFakeDriver(bottest.FakeName, bottest.FakeLimits())
	r := &rig{t: t}
	r.Bot = bottest.New(t, bottest.Options{Driver: d, Build: func(*bottest.Bot) ([]bot.Feature, error) { return nil, nil }})
	r.fake = d.Fake()
	r.listen()
	return r
}

func (r *rig) listen() {
	r.Media.Notify(func(_ context.Context, _ *bot.Work, it media.Item) error {
		if r.fail != nil {
			return r.fail
		}
		r.told = append(r.told, it)
		return nil
	})
}

// do runs f in a unit of work.
func (r *rig) do(f func(ctx context.Context, tx bot.Tx) error) error {
	return r.Works.Do(r.t.Context(), func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		return f(ctx, tx)
	})
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// want wishes for a file that the fake channel has.
func (r *rig) want(owner string, m bot.Media) media.Item {
	r.t.Helper()
	var it media.Item
	r.must(r.do(func(ctx context.Context, tx bot.Tx) (err error) {
		it, err = r.Media.Want(ctx, tx, owner, bottest.FakeName, m)
		return err
	}))
	return it
}

func (r *rig) drain() {
	r.t.Helper()
	r.must(r.Media.Drain(r.t.Context()))
}

func (r *rig) item(id string) media.Item {
	r.t.Helper()
	items, err := r.Media.Items(r.t.Context(), nil, id)
	r.must(err)
	if len(items) != 1 {
		return media.Item{}
	}
	return items[0]
}

func (r *rig) read(id string) []byte {
	r.t.Helper()
	_, f, err := r.Media.Open(r.t.Context(), id)
	r.must(err)
	defer f.Close()
	data, err := io.ReadAll(f)
	r.must(err)
	return data
}

// files lists what is on the disk.
func (r *rig) files() (out []string) {
	r.t.Helper()
	dir := filepath.Join(filepath.Dir(r.DB.Path()), "media")
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	r.must(err)
	return out
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := bottest.SampleFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func keyOf(err error) string {
	var e *bot.Error
	if errors.As(err, &e) && e.Code == bot.Invalid {
		return e.Key
	}
	return ""
}

func TestAPhotoIsFetchedAndWrittenAnew(t *testing.T) {
	r := newRig(t)
	sent := bottest.SamplePhoto(600, 400)
	r.fake.Put("f1", func() ([]byte, error) { return sent, nil })
	it := r.want(lan, bot.Media{Kind: bot.Photo, Ref: "f1", Name: "../../hiện trường 030123456789.JPEG", Size: int64(len(sent))})
	if it.State != media.Wanted {
		t.Errorf("state %s right after it was wanted", it.State)
	}
	r.drain()
	got := r.item(it.ID)
	if got.State != media.Ready || got.Kind != bot.Photo || got.Type != "image/jpeg" || got.Name != "hiện trường ••••••••••••.jpg" {
		t.Errorf("item %+v", got)
	}
	if got.Width != 400 || got.Height != 600 {
		t.Errorf("%d×%d: the camera was held upright, want 400×600", got.Width, got.Height)
	}
	if len(r.told) != 1 || r.told[0].ID != it.ID || r.told[0].State != media.Ready {
		t.Errorf("told of %+v", r.told)
	}
	kept := r.read(it.ID)
	for _, trace := range []string{bottest.SecretPlace, "Exif", "MM\x00*"} {
		if !bytes.Contains(sent, []byte(trace)) || bytes.Contains(kept, []byte(trace)) {
			t.Errorf("%q: sent with the photo %v, kept %v", trace, bytes.Contains(sent, []byte(trace)), bytes.Contains(kept, []byte(trace)))
		}
	}
	img, err := jpeg.Decode(bytes.NewReader(kept))
	r.must(err)
	// What was on the left (no red) is on top now, what was below (green) on the left.
	red, _, _, _ := img.At(200, 5).RGBA()
	if red>>8 > 40 {
		t.Errorf("red %d at the top: it was turned the wrong way", red>>8)
	}
	_, green, _, _ := img.At(5, 300).RGBA()
	if green>>8 < 200 {
		t.Errorf("green %d at the left: it was turned the wrong way", green>>8)
	}
	_, f, err := r.Media.Thumb(t.Context(), it.ID)
	r.must(err)
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	if err != nil || c.Height != media.ThumbSide || c.Width != 213 {
		t.Errorf("thumbnail of %d×%d, %v", c.Width, c.Height, err)
	}
}

// Nothing that was sent can be read from the disk without the key.
func TestFilesAreSealed(t *testing.T) {
	r := newRig(t)
	_, err := r.Media.Keep(t.Context(), lan, "don.pdf", bytes.NewReader(sample(t, "a.pdf")))
	r.must(err)
	files := r.files()
	if len(files) != 1 {
		t.Fatalf("files %q", files)
	}
	raw, err := os.ReadFile(files[0])
	r.must(err)
	if bytes.Contains(raw, []byte("PDF")) || bytes.Contains(raw, []byte("Catalog")) {
		t.Error("the file on the disk can be read")
	}
	if strings.Contains(files[0], "don") {
		t.Errorf("the file is called %s", files[0])
	}
}

func TestEveryTypeThatIsTaken(t *testing.T) {
	r := newRig(t)
	for name, want := range map[string]string{
		"a.jpg": "image/jpeg", "a.png": "image/png", "a.webp": "image/jpeg", "a.pdf": "application/pdf",
		"a.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"a.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	} {
		it, err := r.Media.Keep(t.Context(), lan, "nothing.exe", bytes.NewReader(sample(t, name)))
		if err != nil || it.Type != want || it.State != media.Ready {
			t.Errorf("%s: %+v, %v", name, it, err)
			continue
		}
		data := r.read(it.ID)
		if int64(len(data)) != it.Size || len(data) == 0 {
			t.Errorf("%s: %d bytes kept, the item says %d", name, len(data), it.Size)
		}
		if it.Kind == bot.Document && !bytes.Equal(data, sample(t, name)) {
			t.Errorf("%s is not what was sent", name)
		}
		if strings.HasSuffix(it.Name, ".exe") {
			t.Errorf("%s is called %s", name, it.Name)
		}
	}
}

// pngHead says that a picture has these dimensions, and holds nothing of it.
func pngHead(w, h uint32) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))) // a buffer takes everything
	data := b.Bytes()
	for i, v := range []uint32{w, h} {
		data[16+4*i], data[17+4*i], data[18+4*i], data[19+4*i] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
	}
	return data
}

func TestFilesThatAreNotTaken(t *testing.T) {
	photo := sample(t, "a.jpg")
	noise := bytes.Repeat([]byte("noise "), 1000)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":                      {nil, "media.refused_empty"},
		"HEIC":                         {sample(t, "a.heic"), "media.refused_heic"},
		"video":                        {sample(t, "a.mp4"), "media.refused_video"},
		"voice":                        {sample(t, "a.ogg"), "media.refused_voice"},
		"archive":                      {sample(t, "a.zip"), "media.refused_archive"},
		"program":                      {sample(t, "a.exe"), "media.refused_program"},
		"script":                       {[]byte("#!/bin/sh\nrm -rf /"), "media.refused_program"},
		"SVG":                          {sample(t, "a.svg"), "media.refused_page"},
		"HTML":                         {sample(t, "a.html"), "media.refused_page"},
		"HTML after noise":             {append([]byte("  \n<!-- -->\n"), sample(t, "a.html")...), "media.refused_page"},
		"text":                         {[]byte("xin chào"), "media.refused_type"},
		"GIF":                          {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "media.refused_heic"},
		"old Word":                     {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), noise...), "media.refused_old"},
		"macros":                       {sample(t, "a.docm"), "media.refused_active"},
		"macros by type":               {bottest.ZipFile("[Content_Types].xml", "application/vnd.ms-word.document.macroEnabled.main+xml", "word/document.xml", "x"), "media.refused_active"},
		"a program in a document":      {bottest.ZipFile("[Content_Types].xml", "x", "word/document.xml", "x", "word/embeddings/oleObject1.bin", "x"), "media.refused_active"},
		"a path out of the archive":    {bottest.ZipFile("[Content_Types].xml", "x", "word/document.xml", "x", "../../x", "x"), "media.refused_broken"},
		"the same part twice":          {bottest.ZipFile("[Content_Types].xml", "x", "word/document.xml", "x", "WORD/document.xml", "y"), "media.refused_broken"},
		"zip bomb":                     {bottest.ZipFile("[Content_Types].xml", "x", "word/document.xml", strings.Repeat("0", 101<<20)), "media.refused_huge"},
		"many parts":                   {manyParts(), "media.refused_archive"},
		"half a docx":                  {sample(t, "a.docx")[:150], "media.refused_archive"},
		"half a photo":                 {bottest.SamplePhoto(300, 300)[:2000], "media.refused_broken"},
		"a photo's first bytes":        {[]byte("\xff\xd8\xff"), "media.refused_broken"},
		"noise that begins as a photo": {append([]byte("\xff\xd8\xff\xe0"), noise...), "media.refused_broken"},
		"noise that begins as WebP":    {append([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), noise...), "media.refused_broken"},
		"a huge picture":               {fixCRC(pngHead(50_000, 50_000)), "media.refused_huge"},
		"an endless picture":           {fixCRC(pngHead(0x7fffffff, 0x7fffffff)), "media.refused_broken"},
		"a flat picture":               {fixCRC(pngHead(0, 10)), "media.refused_broken"},
		"a huge progressive photo":     {progressive(6000, 6000, 1), "media.refused_huge"},
		"a photo of endless scans":     {progressive(100, 100, 100), "media.refused_broken"},
		"a large photo":                {append(photo, make([]byte, media.MaxPhoto)...), "media.refused_photo"},
		"a large file":                 {append([]byte("%PDF-1.4"), make([]byte, media.MaxDocument)...), "media.refused_size"},
		"half a PDF":                   {sample(t, "a.pdf")[:100], "media.refused_broken"},
		"a PDF that runs":              {[]byte("%PDF-1.4\n1 0 obj<</OpenAction<</S/Launch/F(cmd.exe)>>>>endobj\n%%EOF"), "media.refused_active"},
		"a PDF that hides a script":    {[]byte("%PDF-1.4\n1 0 obj<</OpenAction<</S/J#61vaScript>>>>endobj\n%%EOF"), "media.refused_active"},
		"a template from elsewhere":    {withRels("word/document.xml", "word/_rels/settings.xml.rels", external("attachedTemplate")), "media.refused_fetches"},
		"a picture from elsewhere":     {withRels("word/document.xml", "word/_rels/header1.xml.RELS", external("hyperlink")+external("image")), "media.refused_fetches"},
		"a sheet from elsewhere":       {withRels("xl/workbook.xml", "xl/externalLinks/_rels/externalLink1.xml.rels", external("externalLinkPath")), "media.refused_fetches"},
		"a link of an unknown kind":    {withRels("word/document.xml", "_rels/.rels", `<Relationship Id="a" Type="hyperlink" Target="//x/y" TargetMode=" external "/>`), "media.refused_fetches"},
		"broken relations":             {withRels("word/document.xml", "word/_rels/document.xml.rels", "<Relationship"), "media.refused_broken"},
		"endless relations":            {withRels("word/document.xml", "word/_rels/document.xml.rels", strings.Repeat(" ", 17<<20)), "media.refused_huge"},
		"a PDF that opens another":     {[]byte("%PDF-1.4\n1 0 obj<</A<</S/GoToR/F(\\\\x\\y.pdf)>>>>endobj\n%%EOF"), "media.refused_active"},
		"a PDF that opens a part":      {[]byte("%PDF-1.4\n1 0 obj<</A<</S/GoTo#45/T<<>>>>>>endobj\n%%EOF"), "media.refused_active"},
		"a PDF behind a page":          {append([]byte("<html>"), sample(t, "a.pdf")...), "media.refused_page"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			_, err := r.Media.Keep(t.Context(), lan, "anh.jpg", bytes.NewReader(c.data))
			if keyOf(err) != c.want {
				t.Errorf("Keep = %v, want %s", err, c.want)
			}
			if text, err := r.Words.Render("vi", c.want, nil); err != nil || !strings.Contains(text, "Anh/chị") {
				t.Errorf("%s says %q: not what to do instead", c.want, text)
			}
			if files := r.files(); len(files) != 0 {
				t.Errorf("left on the disk: %q", files)
			}
		})
	}
}

// withRels is an office file with one list of relationships.
func withRels(main, name, list string) []byte {
	return bottest.ZipFile("[Content_Types].xml", "x", main, "x", name,
		`<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+list+`</Relationships>`)
}

func external(kind string) string {
	return `<Relationship Id="` + kind + `" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/` + kind + `" Target="https://xa.example/t.dotm" TargetMode="External"/>`
}

// A link that a reader clicks is no harm, nor are the parts of the file itself.
func TestLinksOfOfficeFilesAreTaken(t *testing.T) {
	r := newRig(t)
	for _, main := range []string{"word/document.xml", "xl/workbook.xml"} {
		list := external("hyperlink") + `<Relationship Id="i" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="media/image1.png"/>`
		_, err := r.Media.Keep(t.Context(), lan, "don", bytes.NewReader(withRels(main, "word/_rels/document.xml.rels", list)))
		r.must(err)
	}
}

func manyParts() []byte {
	parts := []string{"[Content_Types].xml", "x", "word/document.xml", "x"}
	for i := range 2100 {
		parts = append(parts, fmt.Sprint("word/", i), "x")
	}
	return bottest.ZipFile(parts...)
}

// A file that is two things at once is only what it is kept as.
func TestPolyglots(t *testing.T) {
	r := newRig(t)
	hidden := []byte("<script>alert(document.domain)</script>PK\x03\x04 a program")
	it, err := r.Media.Keep(t.Context(), lan, "a.jpg.html", bytes.NewReader(append(sample(t, "a.jpg"), hidden...)))
	r.must(err)
	if bytes.Contains(r.read(it.ID), []byte("script")) || !strings.HasSuffix(it.Name, ".jpg") || strings.Contains(it.Name, ".html") {
		t.Errorf("%s still carries what hid behind the photo", it.Name)
	}
}

func TestALargePhotoIsScaled(t *testing.T) {
	r := newRig(t)
	it, err := r.Media.Keep(t.Context(), lan, "", bytes.NewReader(bottest.SamplePhoto(4000, 1000)))
	r.must(err)
	if it.Width != 512 || it.Height != media.MaxSide || it.Name != "photo.jpg" {
		t.Errorf("%+v", it)
	}
}

// A screenshot keeps its transparency; a photo that calls itself PNG becomes small.
func TestPNG(t *testing.T) {
	r := newRig(t)
	clear := image.NewNRGBA(image.Rect(0, 0, 50, 50))
	clear.SetNRGBA(1, 1, color.NRGBA{R: 200, A: 255})
	var b bytes.Buffer
	r.must(png.Encode(&b, clear))
	it, err := r.Media.Keep(t.Context(), lan, "man-hinh.PNG", &b)
	r.must(err)
	img, err := png.Decode(bytes.NewReader(r.read(it.ID)))
	r.must(err)
	if _, _, _, a := img.At(10, 10).RGBA(); a != 0 || it.Name != "man-hinh.png" {
		t.Errorf("alpha %d, name %s", a, it.Name)
	}
}

func TestAFetchThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"too large":       {&bot.Error{Code: bot.Invalid, Detail: "larger than 20 MB"}, "media.refused_size"},
		"no longer there": {&bot.Error{Code: bot.NotFound}, "media.refused_gone"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.fake.Put("f", func() ([]byte, error) { return nil, c.err })
			it := r.want(lan, bot.Media{Kind: bot.Photo, Ref: "f"})
			r.drain()
			if got := r.item(it.ID); got.State != media.Refused || got.Reason != c.want || len(r.told) != 1 {
				t.Errorf("%+v, told of %d", got, len(r.told))
			}
		})
	}
}

func TestAFetchIsTriedAgain(t *testing.T) {
	r := newRig(t)
	tries := 0
	r.fake.Put("f", func() ([]byte, error) {
		if tries++; tries < 3 {
			return nil, errors.New("away")
		}
		return sample(t, "a.jpg"), nil
	})
	it := r.want(lan, bot.Media{Kind: bot.Photo, Ref: "f"})
	r.drain()
	r.drain()
	if tries != 1 {
		t.Errorf("%d tries before it was due again", tries)
	}
	r.Clock.Add(5 * time.Second)
	r.drain()
	r.Clock.Add(15 * time.Second)
	r.drain()
	if got := r.item(it.ID); got.State != media.Ready || tries != 3 {
		t.Errorf("%+v after %d tries", got, tries)
	}
}

func TestAFetchIsGivenUp(t *testing.T) {
	r := newRig(t)
	tries := 0
	r.fake.Put("f", func() ([]byte, error) { tries++; return nil, errors.New("away") })
	it := r.want(lan, bot.Media{Kind: bot.Photo, Ref: "f"})
	for range 40 {
		r.drain()
		r.Clock.Add(time.Hour)
	}
	if got := r.item(it.ID); got.State != media.Refused || got.Reason != "media.refused_fetch" || tries != 8 || len(r.told) != 1 {
		t.Errorf("%+v after %d tries, told %d times", got, tries, len(r.told))
	}
}

// Who is told and cannot take it hears again; nothing is half done.
func TestAListenerThatFails(t *testing.T) {
	r := newRig(t)
	r.fake.Put("f", func() ([]byte, error) { return sample(t, "a.jpg"), nil })
	it := r.want(lan, bot.Media{Kind: bot.Photo, Ref: "f"})
	r.fail = errors.New("the case is locked")
	r.drain()
	if got := r.item(it.ID); got.State != media.Wanted {
		t.Errorf("%s although nobody could be told", got.State)
	}
	r.fail = nil
	r.Clock.Add(time.Minute)
	r.drain()
	if got := r.item(it.ID); got.State != media.Ready || len(r.told) != 1 {
		t.Errorf("%s, told %d times", got.State, len(r.told))
	}
	r.read(it.ID)
}

func TestWhatCannotBeTakenIsSaidAtOnce(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		m    bot.Media
		want string
	}{
		{bot.Media{Kind: bot.Video, Ref: "v"}, "media.refused_video"},
		{bot.Media{Kind: bot.Voice, Ref: "v"}, "media.refused_voice"},
		{bot.Media{Kind: bot.Sticker, Ref: "v"}, "media.refused_type"},
		{bot.Media{Kind: bot.Photo, Ref: "v", Size: 11 << 20}, "media.refused_photo"},
		{bot.Media{Kind: bot.Document, Ref: "v", Size: 21 << 20}, "media.refused_size"},
		{bot.Media{Kind: bot.Photo, Ref: "v", Type: "image/heic"}, "media.refused_heic"},
		{bot.Media{Kind: bot.Photo}, "media.refused_fetch"},
		{bot.Media{Kind: bot.Photo, Ref: strings.Repeat("x", 5000)}, "media.refused_fetch"},
	} {
		err := r.do(func(ctx context.Context, tx bot.Tx) error {
			_, err := r.Media.Want(ctx, tx, lan, bottest.FakeName, c.m)
			return err
		})
		if keyOf(err) != c.want {
			t.Errorf("%+v: %v, want %s", c.m, err, c.want)
		}
	}
}

func TestFiftyPhotos(t *testing.T) {
	r := newRig(t)
	for i := range media.MaxLoose {
		r.want(lan, bot.Media{Kind: bot.Photo, Ref: fmt.Sprint("f", i)})
	}
	err := r.do(func(ctx context.Context, tx bot.Tx) error {
		_, err := r.Media.Want(ctx, tx, lan, bottest.FakeName, bot.Media{Kind: bot.Photo, Ref: "one more"})
		return err
	})
	if keyOf(err) != "media.refused_many" {
		t.Errorf("one more: %v", err)
	}
	if _, err := r.Media.Keep(t.Context(), lan, "", bytes.NewReader(sample(t, "a.jpg"))); keyOf(err) != "media.refused_many" {
		t.Errorf("one more: %v", err)
	}
	r.want("somebody else", bot.Media{Kind: bot.Photo, Ref: "f"})
}
