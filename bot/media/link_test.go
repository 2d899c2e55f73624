package media_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
)

// get asks the page of links as a browser does.
func (r *rig) get(address string, head ...string) *http.Response {
	r.t.Helper()
	mux := http.NewServeMux()
	for _, p := range r.Media.Feature().Pages {
		mux.Handle(p.Pattern, p.Handler)
	}
	req := httptest.NewRequest(http.MethodGet, address, http.NoBody)
	for i := 0; i+1 < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, req)
	return w.Result()
}

func body(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestLinks(t *testing.T) {
	r := newRig(t)
	photo, err := r.Media.Keep(t.Context(), lan, "hiện trường \"1\".jpg", bytes.NewReader(sample(t, "a.jpg")))
	r.must(err)
	paper, err := r.Media.Keep(t.Context(), lan, "đơn.pdf", bytes.NewReader(sample(t, "a.pdf")))
	r.must(err)
	for name, c := range map[string]struct {
		link        string
		kind, shown string
		cache       string
	}{
		"photo":     {r.Media.Link(photo.ID, media.ForStaff, false, time.Hour), "image/jpeg", "inline", "private, no-store"},
		"thumbnail": {r.Media.Link(photo.ID, media.ForPublic, true, time.Hour), "image/jpeg", "inline", "public, max-age=3600"},
		"document":  {r.Media.Link(paper.ID, media.ForAgency, false, time.Hour), "application/pdf", "attachment", "private, no-store"},
	} {
		t.Run(name, func(t *testing.T) {
			resp := r.get(c.link)
			data := body(t, resp)
			if resp.StatusCode != http.StatusOK || len(data) == 0 {
				t.Fatalf("%d with %d bytes", resp.StatusCode, len(data))
			}
			h := resp.Header
			if h.Get("Content-Type") != c.kind || !strings.HasPrefix(h.Get("Content-Disposition"), c.shown+"; filename") || h.Get("Cache-Control") != c.cache {
				t.Errorf("header %v", h)
			}
			if h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox;") ||
				h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("X-Robots-Tag"), "noindex") {
				t.Errorf("header %v", h)
			}
			if strings.ContainsAny(h.Get("Content-Disposition"), "\r\n") {
				t.Error("a name breaks the header")
			}
		})
	}
	part := r.get(r.Media.Link(paper.ID, media.ForStaff, false, time.Hour), "Range", "bytes=0-3")
	if data := body(t, part); part.StatusCode != http.StatusPartialContent || string(data) != "%PDF" {
		t.Errorf("a part: %d %q", part.StatusCode, data)
	}
}

func TestLinksThatLeadNowhere(t *testing.T) {
	r := newRig(t)
	it, err := r.Media.Keep(t.Context(), lan, "a.pdf", bytes.NewReader(sample(t, "a.pdf")))
	r.must(err)
	link := r.Media.Link(it.ID, media.ForStaff, false, time.Hour)
	thumb := r.Media.Link(it.ID, media.ForStaff, true, time.Hour)
	last := link[len(link)-1:]
	other := "A"
	if last == "A" {
		other = "B"
	}
	for name, c := range map[string]struct {
		link   string
		status int
	}{
		"another signature":         {link[:len(link)-2] + other + last, 404},
		"another purpose":           {strings.Replace(link, ".sf.", ".pf.", 1), 404},
		"the thumbnail of it":       {strings.Replace(link, ".sf.", ".st.", 1), 404},
		"a thumbnail of a document": {thumb, 404},
		"a later end":               {strings.Replace(link, ".sf.", ".sf.f", 1), 404},
		"no signature":              {link[:strings.LastIndex(link, ".")], 404},
		"an id only":                {"/m/" + it.ID, 404},
		"nothing at all":            {"/m/...", 404},
		"very long":                 {"/m/" + strings.Repeat("a", 5000), 404},
		"an item that never was":    {r.Media.Link(bot.NewID(), media.ForStaff, false, time.Hour), 404},
		"an id that is none":        {r.Media.Link(strings.ToLower(it.ID), media.ForStaff, false, time.Hour), 404},
	} {
		resp := r.get(c.link)
		if data := body(t, resp); resp.StatusCode != c.status || bytes.Contains(data, []byte("%PDF")) {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
	wanted := r.want(lan, bot.Media{Kind: bot.Photo, Ref: "f"})
	if resp := r.get(r.Media.Link(wanted.ID, media.ForStaff, false, time.Hour)); resp.StatusCode != 404 {
		t.Errorf("an item that is not here yet: %d", resp.StatusCode)
	}
	r.Clock.Add(time.Hour)
	resp := r.get(link)
	if data := body(t, resp); resp.StatusCode != http.StatusGone || !bytes.Contains(data, []byte("hết hạn")) || !bytes.Contains(data, []byte("expired")) {
		t.Errorf("an expired link: %d %q", resp.StatusCode, data)
	}
	if resp := r.get(r.Media.Link(it.ID, media.ForStaff, false, 1000*24*time.Hour)); resp.StatusCode != 200 {
		t.Errorf("a long link: %d", resp.StatusCode)
	}
	long := r.Media.Link(it.ID, media.ForStaff, false, 1000*24*time.Hour)
	r.Clock.Add(media.MaxLink)
	if resp := r.get(long); resp.StatusCode != http.StatusGone {
		t.Errorf("a link lives longer than any may: %d", resp.StatusCode)
	}
}

// A channel that uploads opens an attachment by its link, and nothing else.
func TestOpenMedia(t *testing.T) {
	r := newRig(t)
	it, err := r.Media.Keep(t.Context(), lan, "a.pdf", bytes.NewReader(sample(t, "a.pdf")))
	r.must(err)
	m := r.Media.Attachment(it, media.ForCitizen, time.Hour)
	if m.Kind != bot.Document || m.Type != "application/pdf" || m.Name != "a.pdf" || m.Size != it.Size {
		t.Errorf("%+v", m)
	}
	f, err := r.Media.OpenMedia(t.Context(), m)
	r.must(err)
	data, err := io.ReadAll(f)
	r.must(err)
	r.must(f.Close())
	if !bytes.Equal(data, sample(t, "a.pdf")) {
		t.Error("it is not what was kept")
	}
	for _, ref := range []string{"", "https://example.vn/a.pdf", "/m/", "/m/" + it.ID, it.Ref(), "/etc/passwd", "https://example.vn" + m.Ref} {
		if _, err := r.Media.OpenMedia(t.Context(), bot.Media{Ref: ref}); !bot.IsCode(err, bot.NotFound) {
			t.Errorf("%q: %v", ref, err)
		}
	}
	r.Clock.Add(time.Hour)
	if _, err := r.Media.OpenMedia(t.Context(), m); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("an expired link opens: %v", err)
	}
}
