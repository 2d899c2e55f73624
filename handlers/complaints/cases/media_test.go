package cases_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/handlers/complaints/cases"
)

// keeper is a real keeper of files on the house's database.
func withMedia(t *testing.T) (*house, *media.Keeper) {
	t.Helper()
	late := &lateMedia{}
	h := open(t, func(o *cases.Options) { o.Media = late })
	must(t, h.db.Migrate(t.Context(), "media", media.Schema()))
	k, err := media.New(media.Options{Folder: filepath.Join(t.TempDir(), "media"), Read: h.db.Read(), Works: h.works, Sealer: h.sealer, Secret: make([]byte, 32), Now: h.Now})
	must(t, err)
	t.Cleanup(func() { must(t, k.Close()) })
	late.Keeper = k
	return h, k
}

// lateMedia is a keeper that is built after the desk.
type lateMedia struct{ *media.Keeper }

func photo(t *testing.T, k *media.Keeper, owner string) string {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 30)), nil))
	it, err := k.Keep(t.Context(), owner, "anh.jpg", &b)
	must(t, err)
	return it.ID
}

// TestFilesBelongToTheCase: they move with the draft, somebody else's are refused,
// and they go when nothing of the case may stay.
func TestFilesBelongToTheCase(t *testing.T) {
	h, k := withMedia(t)
	d := scene()
	d.MediaOwner, d.Media = "chat", []string{photo(t, k, "chat")}
	c := h.open(d)
	if c.Photos != 1 {
		t.Errorf("%d photos", c.Photos)
	}
	theft := scene()
	theft.MediaOwner, theft.Media = "thief", []string{photo(t, k, "chat")}
	if _, err := h.tryOpen(theft); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("filed with somebody else's photo: %v", err)
	}
	add := full(cases.Add)
	add.MediaOwner, add.Media = "thief", []string{d.Media[0], photo(t, k, "chat")}
	before, err := h.desk.Get(t.Context(), c.ID, citizen)
	must(t, err)
	if _, err := h.try(c.ID, citizen, add); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("added with somebody else's photo: %v", err)
	}
	add.MediaOwner = "chat"
	if got := h.do(c.ID, citizen, add); got.Version != before.Version+1 {
		t.Errorf("version %d after %d", got.Version, before.Version)
	}
	list := func() int {
		items, err := k.Of(t.Context(), nil, cases.Thing(c.Code))
		must(t, err)
		return len(items)
	}
	if n := list(); n != 2 {
		t.Errorf("the case has %d files", n)
	}
	h.do(c.ID, clerk, full(cases.Seal))
	if n := list(); n != 2 {
		t.Errorf("the liaison finds %d files", n)
	}
	h.do(c.ID, liaison, full(cases.HandOver))
	h.do(c.ID, liaison, full(cases.Purge))
	if n := list(); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

// TestPhotosGoAfterAYear, the evidence of the answer stays.
func TestPhotosGoAfterAYear(t *testing.T) {
	h, k := withMedia(t)
	d := scene()
	d.MediaOwner, d.Media = "chat", []string{photo(t, k, "chat")}
	c := h.open(d)
	h.do(c.ID, clerk, full(cases.Accept))
	answer := full(cases.Submit)
	answer.MediaOwner, answer.Media = "office", []string{photo(t, k, "office")}
	h.do(c.ID, clerk, answer)
	h.do(c.ID, head, full(cases.Approve))
	for range 5 {
		h.move(200 * 24 * time.Hour)
		must(t, h.desk.RunSettle(t.Context(), h.works))
	}
	items, err := k.Of(t.Context(), nil, cases.Thing(c.Code))
	must(t, err)
	if len(items) != 1 || items[0].ID != answer.Media[0] {
		t.Errorf("files left: %+v", items)
	}
	if got, err := h.desk.Get(t.Context(), c.ID, citizen); err != nil || got.State != cases.Closed || got.Photos != 0 {
		t.Errorf("%s with %d photos (%v)", got.State, got.Photos, err)
	}
}

// TestAFailingListenerUndoesTheChange: a notice that cannot be written is no change at all.
func TestAFailingListenerUndoesTheChange(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	fails := true
	h.desk.Listen(func(context.Context, *bot.Work, cases.Event) error {
		if fails {
			return context.DeadlineExceeded
		}
		return nil
	})
	if _, err := h.try(c.ID, clerk, full(cases.Accept)); err == nil {
		t.Fatal("it succeeded")
	}
	if got, err := h.desk.Get(t.Context(), c.ID, clerk); err != nil || got.Version != c.Version {
		t.Errorf("version %d (%v)", got.Version, err)
	}
	fails = false
	h.do(c.ID, clerk, full(cases.Accept))
}

// TestASealedCaseShutsItsFiles: whoever still holds a link to a photo of what turned out
// to be a denunciation opens nothing with it; the liaison does. When it was none, links work again.
func TestASealedCaseShutsItsFiles(t *testing.T) {
	h, k := withMedia(t)
	mux := http.NewServeMux()
	for _, p := range k.Feature().Pages {
		mux.Handle(p.Pattern, p.Handler)
	}
	status := func(link string) int {
		t.Helper()
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, link, nil))
		return rec.Code
	}
	d := scene()
	d.MediaOwner, d.Media = "chat", []string{photo(t, k, "chat")}
	c := h.open(d)
	held := []string{k.Link(d.Media[0], media.ForAgency, false, time.Hour), k.Link(d.Media[0], media.ForStaff, true, time.Hour)}
	attached := k.Attachment(media.Item{ID: d.Media[0], Kind: bot.Photo}, media.ForCitizen, time.Hour)
	opens := func(want int) {
		t.Helper()
		for _, l := range held {
			if got := status(l); got != want {
				t.Errorf("%s: %d, want %d", l, got, want)
			}
		}
		f, err := k.OpenMedia(t.Context(), attached)
		if (err == nil) != (want == http.StatusOK) {
			t.Errorf("a channel opens it: %v", err)
		}
		if err == nil {
			must(t, f.Close())
		}
	}
	opens(http.StatusOK)
	h.do(c.ID, clerk, full(cases.Seal))
	opens(http.StatusNotFound)
	if got := status(k.Link(d.Media[0], media.ForLiaison, false, time.Minute)); got != http.StatusOK {
		t.Errorf("the liaison: %d", got)
	}
	h.do(c.ID, liaison, full(cases.Unseal))
	opens(http.StatusOK)
}
