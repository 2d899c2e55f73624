package webchat

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func (b *browser) get(path string, header ...string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequest("GET", b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(body)
}

func TestFirstLoadIsSmallAndOurs(t *testing.T) {
	c, in := newChat(t, Options{Origins: []string{"https://portal.example.vn"}})
	b := serve(t, c, in)
	resp, page := b.get("/chat")
	total := len(page)
	csp := resp.Header.Get("Content-Security-Policy")
	if !strings.HasSuffix(csp, "frame-ancestors 'self' https://portal.example.vn") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		switch path := m[1]; {
		case strings.HasPrefix(path, "/chat/static/"):
			resp, body := b.get(path)
			total += len(body)
			if !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s is not kept: %q", path, resp.Header.Get("Cache-Control"))
			}
			if again, _ := b.get(path, "If-None-Match", resp.Header.Get("ETag")); again.StatusCode != 304 {
				t.Errorf("%s unchanged: %d", path, again.StatusCode)
			}
		case strings.HasPrefix(path, "#"), strings.HasPrefix(path, "/chat?"), path == "https://dichvucong.gov.vn/":
		default:
			t.Errorf("the page refers to %s", path)
		}
	}
	if total > 60_000 {
		t.Errorf("first load is %d bytes", total)
	}
	for _, forbidden := range []string{"style=", "onclick", "<style", "http:"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page has %q", forbidden)
		}
	}
}

func TestPageLanguages(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	if _, page := b.get("/chat", "Accept-Language", "en-US"); !strings.Contains(page, `<html lang="vi">`) || !strings.Contains(page, "Trợ lý cải cách hành chính") {
		t.Error("the page is not Vietnamese by default")
	}
	if _, page := b.get("/chat?lang=en&embed=1"); !strings.Contains(page, `<html lang="en" class="embedded">`) ||
		!strings.Contains(page, "Papers, fees, how long it takes") || !strings.Contains(page, `href="/chat?lang=vi&amp;embed=1"`) {
		t.Error("the English page in a frame is not right")
	}
	if _, page := b.get("/chat?lang=%3Cscript%3E"); strings.Contains(page, "<script>") {
		t.Error("the page repeats its address")
	}
}

// A printed slip leads to the page with the code in the field; what a link brings is text, short, and not sent by itself.
func TestALinkFillsTheField(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	if _, page := b.get("/chat?text=K7M3-9QX2"); !strings.Contains(page, `enterkeyhint="send">K7M3-9QX2</textarea>`) {
		t.Error("the code is not in the field")
	}
	for _, bad := range []string{"%3C/textarea%3E%3Cscript%3Ealert(1)%3C/script%3E", strings.Repeat("x", 5000), "%ff%fe"} {
		if _, page := b.get("/chat?text=" + bad); strings.Contains(page, "<script>alert") || strings.Contains(page, strings.Repeat("x", 101)) {
			t.Errorf("%.40s stands on the page as it came", bad)
		}
	}
}

func TestEmbedScript(t *testing.T) {
	c, in := newChat(t, Options{})
	b := serve(t, c, in)
	resp, body := b.get("/chat/static/embed.js")
	if resp.StatusCode != 200 || !strings.Contains(body, `"Hỏi thủ tục"`) || strings.Contains(body, "WORDS") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if got := resp.Header.Get("Cache-Control"); strings.Contains(got, "immutable") {
		t.Errorf("a name without a hash is kept for ever: %q", got)
	}
}

// keys lists what a pattern finds in files of this folder.
func keys(t *testing.T, pattern string, names ...string) []string {
	t.Helper()
	var out []string
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(b), -1) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestEveryTextIsThereAndUsed(t *testing.T) {
	all, err := loadTexts()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	sources = slices.DeleteFunc(sources, func(s string) bool { return strings.HasSuffix(s, "_test.go") })
	used := map[string][]string{
		"page":   keys(t, `\.T\.(\w+)`, "page/chat.html"),
		"script": keys(t, `\bsay\.(\w+)`, "page/chat.js"),
		"embed":  keys(t, `\bsay\.(\w+)`, "page/embed.js"),
		"error":  keys(t, `(?:code: |bad\()"(\w+)"`, sources...),
	}
	for lang, w := range all {
		for section, words := range map[string]map[string]string{"page": w.Page, "script": w.Script, "embed": w.Embed, "error": w.Error} {
			var have []string
			for key, text := range words {
				have = append(have, key)
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s %s.%s is empty", lang, section, key)
				}
			}
			slices.Sort(have)
			if !slices.Equal(have, used[section]) {
				t.Errorf("%s, section %s\nhas  %v\nused %v", lang, section, have, used[section])
			}
		}
	}
}

func TestScriptBuildsNoMarkup(t *testing.T) {
	if found := keys(t, `(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)`, "page/chat.js", "page/embed.js"); len(found) > 0 {
		t.Errorf("the script uses %v", found)
	}
}
