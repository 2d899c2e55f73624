package sources

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// A feed becomes drafts, each once, however often and under whatever address it comes again.
func TestAFeedBecomesDrafts(t *testing.T) {
	w := newWorld(t)
	src := w.add(w.at("/rss"))
	w.serve(200, "text/xml", []byte(rss(
		article("a3", "Thi tìm hiểu cải cách", "https://bao.example.vn/3.html?utm_source=rss&id=3", "09"),
		article("a2", "Một cửa huyện Gia Lộc", "https://bao.example.vn/2.html", "08"),
		article("a1", "Chuyện năm ngoái", "https://bao.example.vn/1.html", "01"),
		strings.Replace(article("old", "Tin cũ", "https://bao.example.vn/0.html", "01"), "Nov", "Jan", 1),
	)))
	want := []string{"Chuyện năm ngoái", "Một cửa huyện Gia Lộc", "Thi tìm hiểu cải cách"}
	if got := w.poll(0); !slices.Equal(got, want) {
		t.Fatalf("drafts %q, want %q", got, want)
	}
	d := w.drafts()[2]
	if c := d.Content; c.Link != "https://bao.example.vn/3.html?id=3" || c.Summary != "Tóm tắt của Thi tìm hiểu cải cách" || c.SourceName != "Báo thử" ||
		c.SourceKind != items.SourceNewspaper || c.Topics[0] != items.TopicReform || !strings.HasPrefix(d.SourceKey, "feed:guid:") {
		t.Errorf("the draft is %+v, key %s", c, d.SourceKey)
	}
	if x := w.get(src.ID); x.Drafts != 3 || x.Skipped != 1 || x.Error != "" || !x.Good.Equal(w.now) || x.Due.Sub(w.now) < 27*time.Minute || x.Due.Sub(w.now) > 33*time.Minute {
		t.Errorf("the source is %+v", x)
	}
	// The same again; under other ids and addresses; from another source; as somebody wrote it himself.
	w.serve(200, "text/xml", []byte(rss(
		article("b3", "THI TÌM HIỂU CẢI CÁCH", "https://bao.example.vn/khac.html", "10"),
		article("b2", "Tên khác", "http://www.bao.example.vn/2.html/?fbclid=x#top", "10"),
		article("a1", "Lại tên khác", "https://bao.example.vn/9.html", "10"),
		article("c1", "Tin mới thật", "https://bao.example.vn/10.html", "10"),
		article("c1", "Tin mới thật hai lần", "https://bao.example.vn/11.html", "10"),
	)))
	want = append(want, "Tin mới thật")
	if got := w.poll(time.Hour); !slices.Equal(got, want) {
		t.Errorf("drafts %q, want %q", got, want)
	}
	w.add(w.at("/other"))
	if got := w.poll(time.Hour); !slices.Equal(got, want) {
		t.Errorf("from another source: drafts %q, want %q", got, want)
	}
	// A title may come again after a month.
	w.serve(200, "text/xml", []byte(rss(strings.Replace(article("d1", "Tin mới thật", "https://bao.example.vn/12.html", "20"), "Nov", "Dec", 1))))
	if got := w.poll(40 * 24 * time.Hour); len(got) != 5 {
		t.Errorf("after a month, from two sources at once: %q", got)
	}
	must(t, w.s.forgetOld(t.Context()))
}

// What a person wrote is not proposed again.
func TestADraftDoesNotRepeatWhatPeopleWrote(t *testing.T) {
	w := newWorld(t)
	w.add(w.at("/rss"))
	must(t, w.s.draft(t.Context(), w.get(1), found{items.Content{Title: "Hội thi cải cách", Summary: "x", Link: "https://bao.example.vn/7.html", SourceKind: items.SourceStation, Topics: []string{items.TopicContests}}, keys{guid: "guid:other", title: "title:other"}}, "2026-11-10"))
	w.serve(200, "text/xml", []byte(rss(article("1", "hội thi  CẢI CÁCH", "https://bao.example.vn/1.html", "10"), article("2", "Khác", "https://bao.example.vn/7.html?utm_medium=a", "10"))))
	if got := w.poll(0); len(got) != 1 {
		t.Errorf("drafts %q", got)
	}
}

// A poll brings at most so many, a day too; what one poll leaves, the next brings.
func TestAFloodIsHeldBack(t *testing.T) {
	w := newWorld(t)
	src := w.add(w.at("/rss"))
	var list []string
	for i := range 2 * maxEntries {
		list = append(list, article(fmt.Sprint("g", i), fmt.Sprint("Tin số ", i), fmt.Sprintf("https://bao.example.vn/%d.html", i), "10"))
	}
	w.serve(200, "text/xml", []byte(rss(list...)))
	if got := w.poll(0); len(got) != maxPollNews || got[0] != "Tin số 9" || got[9] != "Tin số 0" {
		t.Errorf("the first poll brings %q", got)
	}
	if x := w.get(src.ID); x.ETag != "" || x.Skipped != maxEntries-maxDayNews {
		t.Errorf("after the first poll %+v", x)
	}
	w.serve(200, "text/xml", []byte(rss(list[:maxEntries]...))) // more of it is not looked at
	for range 4 {
		w.poll(40 * time.Minute)
	}
	if got := w.titles(); len(got) != maxDayNews {
		t.Errorf("a day brings %d drafts, want %d", len(got), maxDayNews)
	}
	if got := w.poll(24 * time.Hour); len(got) != maxDayNews {
		t.Errorf("the next day brings what was left out: %d", len(got))
	}
}

// What was removed comes back only where there is room: beyond the limit nobody would see it.
func TestASourceComesBackWhereThereIsRoom(t *testing.T) {
	w := newWorld(t)
	first := w.add(w.at("/0"))
	gone := first
	gone.State, gone.Updated = removed, w.now
	turn := func(old, x source) error {
		return w.works.Do(t.Context(), func(ctx context.Context, work *bot.Work) error {
			tx, err := work.Tx(ctx)
			if err != nil {
				return err
			}
			return change(ctx, tx, old, x)
		})
	}
	must(t, turn(first, gone))
	gone.Version++
	for i := range maxSources {
		w.add(w.at(fmt.Sprint("/", i+1)))
	}
	back := gone
	back.State = on
	if err := turn(gone, back); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("source %d came back: %v", maxSources+1, err)
	}
	if x := w.get(first.ID); x.State != removed {
		t.Errorf("it is %s", x.State)
	}
}

// A source that did not change is not read again.
func TestConditionalPolls(t *testing.T) {
	w := newWorld(t)
	src := w.add(w.at("/rss"))
	w.handle(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("ETag", `"v1"`)
		rw.Header().Set("Last-Modified", "Mon, 09 Nov 2026 01:00:00 GMT")
		if r.Header.Get("If-None-Match") == `"v1"` && r.Header.Get("If-Modified-Since") == "Mon, 09 Nov 2026 01:00:00 GMT" {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(rw, rss(article("1", "Tin một", "", "10")))
	})
	w.poll(0)
	if x := w.get(src.ID); x.ETag != `"v1"` {
		t.Fatalf("kept %q", x.ETag)
	}
	w.poll(time.Hour)
	if x := w.get(src.ID); w.last().Header.Get("If-None-Match") != `"v1"` || !x.Good.Equal(w.now) || x.ETag != `"v1"` {
		t.Errorf("the second poll is not conditional, or not well: %+v", x)
	}
	n := len(w.asked)
	if w.poll(time.Minute); len(w.asked) != n {
		t.Error("it is polled before it is due")
	}
}

// A source that fails is asked less and less, and after days somebody hears of it.
func TestASourceThatFails(t *testing.T) {
	w := newWorld(t)
	src := w.add(w.at("/rss"))
	w.serve(500, "text/html", nil)
	var waits []time.Duration
	for range 8 {
		w.poll(0)
		x := w.get(src.ID)
		waits = append(waits, x.Due.Sub(w.now).Round(time.Minute))
		w.now = x.Due
	}
	for i, want := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 12 * time.Hour} {
		if got := waits[i]; got < want*9/10-time.Minute || got > want*11/10+time.Minute {
			t.Errorf("wait %d is %s, want about %s", i, got, want)
		}
	}
	if x := w.get(src.ID); x.Failures != 8 || x.Error != badStatus || x.Detail != 500 || len(w.alerts) > 0 {
		t.Errorf("the source is %+v, alerts %q", x, w.alerts)
	}
	for range 8 { // four days
		w.poll(13 * time.Hour)
	}
	if n := len(w.alerts); n < 2 || n > 4 || !strings.Contains(w.alerts[0], feedHost) || !strings.Contains(w.alerts[0], "/console/news-sources/1") {
		t.Errorf("alerts %q", w.alerts)
	}
	w.handle(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "200000")
		rw.WriteHeader(http.StatusTooManyRequests)
	})
	w.poll(14 * time.Hour)
	if x := w.get(src.ID); x.Due.Sub(w.now) != 24*time.Hour {
		t.Errorf("asked to wait, it waits %s", x.Due.Sub(w.now))
	}
	w.serve(200, "text/xml", []byte(rss()))
	w.poll(25 * time.Hour)
	if x := w.get(src.ID); x.Failures != 0 || x.Error != "" || !x.Alarmed.IsZero() {
		t.Errorf("well again: %+v", x)
	}
}

func TestAPausedSourceIsNotPolled(t *testing.T) {
	w := newWorld(t)
	src := w.add(w.at("/rss"))
	w.handle(func(rw http.ResponseWriter, _ *http.Request) {
		// It is paused while its feed is on its way.
		_, err := w.db.Read().ExecContext(t.Context(), `select 1`)
		must(t, err)
		form := map[string][]string{"to": {"paused"}, "version": {"1"}}
		if status, page := w.visit("POST", pathOf(src.ID)+"/state", form); status != 200 {
			t.Errorf("pause: %d %s", status, page)
		}
		fmt.Fprint(rw, rss(article("1", "Tin một", "", "10")))
	})
	if got := w.poll(0); len(got) > 0 {
		t.Errorf("paused meanwhile, it brings %q", got)
	}
	n := len(w.asked)
	if w.poll(time.Hour); len(w.asked) != n {
		t.Error("a paused source is polled")
	}
}

// zipped is a body that unpacks to size bytes.
func zipped(t *testing.T, size int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(rss()[:80]))
	must(t, err)
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for range size >> 20 {
		_, err := z.Write(chunk)
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

// Whatever a server sends, the source has a plain error and nothing else happens.
func TestHostileSources(t *testing.T) {
	laughs := `<!DOCTYPE rss [<!ENTITY a "ha">` + func() (out string) {
		for c := 'b'; c < 'l'; c++ {
			out += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
		}
		return out
	}() + `]>`
	tests := map[string]struct {
		serve func(http.ResponseWriter, *http.Request)
		url   string // in place of the server's
		code  string
		want  []string // titles
	}{
		"redirect to the cloud's secrets": {serve: to("http://169.254.169.254/latest/meta-data/"), code: badPrivate},
		"redirect to this machine":        {serve: to("http://[::1]:80/"), code: badPrivate},
		"redirect to a private name":      {serve: to("http://intra.example.vn/"), code: badPrivate},
		"redirect to a file":              {serve: to("file:///etc/passwd"), code: badAddress},
		"redirect for ever":               {serve: func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, r.URL.Path+"x", http.StatusFound) }, code: badRedirect},
		"a name in a private network":     {url: "http://intra.example.vn/rss", code: badPrivate},
		"a name of this machine":          {url: "http://self.example.vn/rss", code: badPrivate},
		"a name nobody has":               {url: "http://nowhere.example.vn/rss", code: badName},
		"an address without a scheme":     {url: "bao.example.vn/rss", code: badAddress},
		"an endless body": {serve: func(rw http.ResponseWriter, _ *http.Request) {
			for chunk := bytes.Repeat([]byte("<item>"), 10_000); ; {
				if _, err := rw.Write(chunk); err != nil {
					return
				}
			}
		}, code: badLarge},
		"a gzip bomb": {serve: func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Encoding", "gzip")
			_, _ = rw.Write(zipped(t, 16<<20)) // the client hangs up
		}, code: badLarge},
		"no feed":       {serve: says("text/html", "<html><body>Xin chào</body></html>"), code: badFeed},
		"JSON":          {serve: says("application/json", `{"version":"https://jsonfeed.org/version/1","items":[]}`), code: badFeed},
		"nothing":       {serve: says("text/xml", ""), code: badFeed},
		"not found":     {serve: func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(404) }, code: badGone},
		"nested":        {serve: says("text/xml", `<rss version="2.0"><channel><item>`+strings.Repeat("<a:b xmlns:a='x'>", 10_000)), code: badLarge},
		"many nodes":    {serve: says("text/xml", `<rss version="2.0"><channel>`+strings.Repeat("<i/>", 300_000)), code: badLarge},
		"wrong letters": {serve: says("text/xml", "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><item><title>\xd0\xff\xfe</title></item></channel></rss>"), code: badLetters},
		"an external entity": {serve: says("text/xml", `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y SYSTEM "http://169.254.169.254/">]>`+
			`<rss version="2.0"><channel><item><title>Tin &x; &y; một</title><guid>1</guid></item></channel></rss>`), want: []string{"Tin &x; &y; một"}},
		"a billion laughs": {serve: says("text/xml", laughs+`<rss version="2.0"><channel><item><title>Cười &k; mãi</title><guid>1</guid></item></channel></rss>`), want: []string{"Cười &k; mãi"}},
		"scripts": {serve: says("text/xml", rss(`<item><guid>1</guid><title>&lt;b&gt;Tin&lt;/b&gt;&lt;script&gt;alert(1)&lt;/script&gt; một</title><link>javascript:alert(1)</link>`+
			`<description><![CDATA[<p>Chào<img src=x onerror=alert(1)></p><style>a{}</style><iframe src="http://x"></iframe><ul><li>một</li><li>hai</li></ul>]]></description></item>`)), want: []string{"Tin một"}},
		"windows-1258":                {serve: says("text/xml; charset=windows-1258", "<rss version='2.0'><channel><item><guid>1</guid><title>"+in1258(t, "Đường mới ở xã")+"</title></item></channel></rss>"), want: []string{"Đường mới ở xã"}},
		"UTF-8 that says it is Latin": {serve: says("text/xml", "<?xml version='1.0' encoding='iso-8859-1'?><rss version='2.0'><channel><item><guid>1</guid><title>Phường Hải Tân</title></item></channel></rss>"), want: []string{"Phường Hải Tân"}},
		"Atom": {serve: says("application/atom+xml", `<feed xmlns="http://www.w3.org/2005/Atom"><title>Cổng</title><entry><id>urn:1</id><title type="html">Quyết định &amp;amp; công bố</title>`+
			`<link href="/tin/1"/><updated>2026-11-09T08:00:00+07:00</updated><content type="html">&lt;p&gt;Nội dung&lt;/p&gt;</content></entry></feed>`), want: []string{"Quyết định & công bố"}},
	}
	w := newWorld(t)
	w.names = map[string]string{"intra.example.vn": "10.0.0.5", "self.example.vn": "127.0.0.1"}
	n := 0
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := len(w.drafts())
			if tt.serve != nil {
				w.handle(tt.serve)
			}
			address := tt.url
			if address == "" {
				n++
				address = w.at(fmt.Sprint("/rss/", n))
			}
			src := w.add(address)
			got := w.poll(0)[before:]
			if x := w.get(src.ID); x.Error != tt.code || !slices.Equal(got, tt.want) {
				t.Errorf("error %q, want %q; drafts %q, want %q", x.Error, tt.code, got, tt.want)
			}
			for _, it := range w.drafts()[before:] {
				c := it.Content
				if name == "scripts" && (c.Link != "" || c.Summary != "Chào\n\n- một\n\n- hai") {
					t.Errorf("the draft is %q", c.Summary)
				}
				if name == "Atom" && (!strings.HasSuffix(c.Link, "/tin/1") || c.Summary != "Nội dung") {
					t.Errorf("the draft is %+v", c)
				}
			}
		})
	}
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Error(w.log.String())
	}
}

func to(address string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, address, http.StatusMovedPermanently)
	}
}

func says(kind, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", kind)
		_, _ = rw.Write([]byte(body)) // a client that hangs up is what is wanted
	}
}

// in1258 writes Vietnamese as Windows did before Unicode: marks stand behind their letters.
func in1258(t *testing.T, s string) string {
	t.Helper()
	parts := strings.NewReplacer("ờ", "ơ\u0300", "ớ", "ơ\u0301", "ở", "ơ\u0309", "ã", "a\u0303").Replace(s)
	out, err := charmap.Windows1258.NewEncoder().String(parts)
	must(t, err)
	return out
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"ngắn", 10, "ngắn"}, {"một hai ba bốn", 10, "một hai…"}, {"một hai ba", 10, "một hai ba"}, {"một hai, ba bốn", 10, "một hai…"},
		{strings.Repeat("a", 50), 10, strings.Repeat("a", 9) + "…"}, {"", 5, ""},
	} {
		if got := cut(tt.in, tt.n); got != tt.want || utf8.RuneCountInString(got) > tt.n {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"":                                             "",
		"chữ thường":                                   "chữ thường",
		"a &lt; b &amp;&amp; c &nbsp; d":               "a < b && c d",
		"<p>một</p><p>hai</p>":                         "một\n\nhai",
		"một<br>hai<br/>ba":                            "một\nhai\nba",
		"<ul><li>một</li><li>hai</li></ul>":            "- một\n\n- hai",
		"<script>x</script>sau":                        "sau",
		"<script>x<p>y":                                "",
		"<style>p{}</style><b>đ</b>ậm":                 "đậm",
		"<svg><script>1</script></svg>ngoài":           "ngoài",
		"<table><tr><td>a</td><td>b</td></tr></table>": "a b",
		"<!-- ghi chú -->hiện":                         "hiện",
		"2 < 3 và 5 > 4":                               "2 < 3 và 5 > 4",
		"&lt;b&gt; là thẻ":                             "<b> là thẻ",
		"Mở\n<b>đầu</b>":                               "Mở đầu",
		// What is raw text to a browser is no text to read, and nobody's markup.
		"<title><script>alert(1)</script></title>sau":        "sau",
		"<xmp><b onclick=x>đậm</b></xmp>sau":                 "sau",
		"<noframes><a href='javascript:x'>x</a></noframes>.": ".",
		"<noembed><b>x</b></noembed>.":                       ".",
		"trước<plaintext></plaintext><b>x</b>":               "trước",
		"<<i></i>script>alert(1)</script>":                   "< script>alert(1)",
		"<\u200bscript>alert(1)</script>.":                   ".",
		// What nobody closes takes nothing with it.
		"Mở <iframe src='x'/> đầu <b>đậm</b>":                    "Mở đầu đậm",
		"Mở <iframe src='x'> đầu <b>đậm</b>":                     "Mở đầu đậm",
		"Trước <svg>ảnh sau còn dài, tin chính ở đây":            "Trước ảnh sau còn dài, tin chính ở đây",
		"Một <video src=x /> hai <video>ba</video> bốn":          "Một hai bốn",
		strings.Repeat("<div>", 2000) + "sâu<title>x</title><b>": "sâu",
		strings.Repeat("<b><i>", 5000) + "<xmp><b>x</b></xmp>.":  ".",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLinks(t *testing.T) {
	for in, want := range map[string]string{
		"https://bao.vn/a?utm_source=x&b=2&fbclid=y": "https://bao.vn/a?b=2", "/tin/1": "https://goc.vn/tin/1", "": "", "javascript:alert(1)": "", "mailto:a@b.vn": "",
		"http://localhost/x": "", "http://10.0.0.1/": "", "https://u:p@bao.vn/": "", "data:text/html,x": "", "https://bao.vn/?" + strings.Repeat("a", 1000): "",
	} {
		if got := webAddress(in, mustParse("https://goc.vn/rss")); got != want {
			t.Errorf("webAddress(%q) = %q, want %q", in, got, want)
		}
	}
	same := []string{"https://www.bao.vn/a/?b=2&a=1", "http://bao.vn/a?a=1&b=2&utm_x=1#top", "https://BAO.vn:443/a?a=1&b=2"}
	for _, s := range same[1:] {
		if linkKey(s) != linkKey(same[0]) {
			t.Errorf("%s and %s are two pages", s, same[0])
		}
	}
	if linkKey("https://bao.vn/a?a=1") == linkKey("https://bao.vn/a?a=2") {
		t.Error("two pages are one")
	}
}
