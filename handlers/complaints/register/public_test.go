package register_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cchcbot/handlers/complaints/cases"
)

// TestSearch finds by place, old or new, field, body and words, with or without marks.
func TestSearch(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	w.publish(c, "Đèn đường hỏng")
	w.do(w.answered(nil).ID, w.actor(front), cases.Command{Action: cases.PublishDecline, Reason: "trùng"})
	for query, found := range map[string]bool{
		"q=den+duong":                        true,
		"q=" + url.QueryEscape("ĐÈN"):        true,
		"q=bong+den+thay":                    true,
		"q=khongcotunay":                     false,
		"q=den+khongcotunay":                 false,
		"q=%F0%9F%98%80":                     false,
		"q=" + strings.Repeat("a+", 400):     false,
		"place=w10532":                       true,
		"place=w10507":                       false,
		"field=xay-dung":                     true,
		"field=moi-truong":                   false,
		"agency=" + url.QueryEscape(commune): true,
		"agency=nobody":                      false,
		"q=den&place=w10532&field=xay-dung&agency=" + url.QueryEscape(commune): true,
		"q=den&place=w10507":  false,
		"after=1":             false,
		"after=999":           true,
		"q=%ff%fe":            true,
		"q=%27%3B+drop+table": false,
	} {
		a := w.get("/cong-khai?" + query)
		w.expect(a, http.StatusOK)
		if got := strings.Contains(a.text(), "Đèn đường hỏng</a>"); got != found {
			t.Errorf("%s: found %v, want %v", query, got, found)
		}
		if !strings.Contains(a.header.Get("X-Robots-Tag"), "noindex") {
			t.Errorf("%s may be indexed", query)
		}
	}
	// A code typed into the search leads to its page.
	if a := w.get("/cong-khai?q=" + strings.ToLower(strings.ReplaceAll(c.Code, "-", ""))); a.path != "/cong-khai/"+c.Code {
		t.Errorf("the code leads to %s", a.path)
	}
	w.has(w.get("/cong-khai?place=khongconoinay"), "Chưa tìm được xã, phường này")
	w.has(w.get("/cong-khai?q=khongcotunay"), "Không có phản ánh nào khớp")
}

// TestOldAndNewNames: an entry is found by what its commune was and became.
func TestOldAndNewNames(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	w.publish(c, "Đèn đường hỏng")
	found := func(place string) bool {
		a := w.get("/cong-khai?place=" + url.QueryEscape(place))
		return strings.Contains(a.text(), "Đèn đường hỏng</a>")
	}
	dir := w.directory()
	p, _ := dir.Place("w10532")
	if !found(p.Name) || !found(p.BareName()) {
		t.Errorf("%s does not find it", p.Name)
	}
	n := 0
	for _, part := range dir.At(day("2021-06-01")).Today(p) {
		n++
		if !found(part.Place.ID) {
			t.Errorf("%s (%s) does not find it", part.Place.Name, part.Place.ID)
		}
	}
	if n == 0 {
		t.Fatal("the place has no older parts: the test tests nothing")
	}
	for _, d := range p.Districts() {
		if !found(d.ID) {
			t.Errorf("the district %s does not find it", d.Name)
		}
	}
}

// TestFeedsAndCaches: Atom and JSON hold what the pages do; a copy holds until something changes.
func TestFeedsAndCaches(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	w.publish(c, "Đèn đường hỏng & tối")
	var feed struct {
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Summary string `xml:"summary"`
		} `xml:"entry"`
	}
	a := w.get("/cong-khai/feed.atom")
	must(t, xml.Unmarshal([]byte(a.body), &feed))
	if len(feed.Entries) != 1 || feed.Entries[0].ID != "https://example.org/cong-khai/"+c.Code || feed.Entries[0].Title != "Đèn đường hỏng & tối" || !strings.Contains(feed.Entries[0].Summary, "thay bóng đèn") {
		t.Errorf("feed: %+v", feed)
	}
	var page struct {
		Total int
		Items []struct {
			Code, URL, Title, Question, Field, Place, Filed string
			Answers                                         []struct {
				Agency, Answered, Text string
				OnTime                 bool `json:"on_time"`
			}
			Rating *int
		}
	}
	must(t, json.Unmarshal([]byte(w.get("/cong-khai.json?q=den").body), &page))
	if page.Total != 1 || len(page.Items) != 1 || page.Items[0].Code != c.Code || page.Items[0].Filed != "2026-11-09" || page.Items[0].Rating != nil ||
		len(page.Items[0].Answers) != 1 || !page.Items[0].Answers[0].OnTime || page.Items[0].Answers[0].Agency != commune {
		t.Errorf("JSON: %+v", page)
	}
	for _, path := range []string{"/cong-khai", "/cong-khai/" + c.Code, "/cong-khai/feed.atom", "/cong-khai.json"} {
		first := w.get(path)
		if first.header.Get("Last-Modified") == "" || !strings.Contains(first.header.Get("Cache-Control"), "no-cache") {
			t.Errorf("%s: %v", path, first.header)
		}
		again := func() int {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			r.Header.Set("If-None-Match", `"other", `+first.header.Get("ETag"))
			return w.send(r).status
		}
		if got := again(); got != http.StatusNotModified {
			t.Errorf("%s again: %d", path, got)
		}
		w.do(c.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 4}})
		if got := again(); got != http.StatusOK {
			t.Errorf("%s after a change: %d", path, got)
		}
	}
}

// TestSimilar offers a citizen what was answered before.
func TestSimilar(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	w.publish(c, "Đèn đường hỏng")
	for _, q := range []struct {
		field, place, words string
		found               int
	}{
		{"xay-dung", "w10532", "đèn đường trước nhà hỏng", 1},
		{"xay-dung", "w10532", "", 1},
		{"xay-dung", "w10532", "rác chất đống", 0},
		{"moi-truong", "w10532", "đèn đường hỏng", 0},
		{"xay-dung", "w10507", "đèn đường hỏng", 0},
		{"xay-dung", "", "đèn đường hỏng", 0},
		{"", "w10532", "đèn đường hỏng", 0},
	} {
		got, err := w.register.Similar(t.Context(), q.field, q.place, q.words)
		must(t, err)
		if len(got) != q.found {
			t.Errorf("%+v: %+v", q, got)
		}
		if len(got) > 0 && (got[0].Code != c.Code || got[0].Path != "/cong-khai/"+c.Code || got[0].Title == "" || got[0].Agency == "") {
			t.Errorf("%+v", got[0])
		}
	}
}

// TestFigures: counts always, shares from ten answers on, both ways of counting.
func TestFigures(t *testing.T) {
	w := newWorld(t)
	w.has(w.get("/cong-khai/so-lieu"), "Năm này chưa có trả lời nào")
	w.now = w.now.Add(11 * 60 * 1e9)
	for range 9 {
		w.answered(nil)
	}
	a := w.get("/cong-khai/so-lieu?year=2026")
	w.has(a, "Theo cơ quan lúc trả lời", "quá ít để tính")
	w.lacks(a, "100%")
	w.answered(nil)
	w.lacks(w.get("/cong-khai/so-lieu?year=2026"), "100%") // counted a moment ago
	w.now = w.now.Add(11 * 60 * 1e9)
	w.has(w.get("/cong-khai/so-lieu?year=2026"), "10 (100%)", "giống bảng trên")
	w.has(w.get("/cong-khai/so-lieu?year=9999&lang=en"), "2026")
}
