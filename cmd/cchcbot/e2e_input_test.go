package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"testing"

	"cchcbot/bot/bottest"
)

// A marker that stands in everything that is posted here and must not be logged.
const personal = "0912345678-Trần-Thị-Marker"

func mustZip(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("photo.jpg")
	if err == nil {
		_, err = f.Write(bytes.Repeat([]byte(personal), 100))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload is a multipart body with one file of that name and claimed type.
func upload(t *testing.T, name, kind string, content []byte) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="file"; filename="%s"`, name))
	h.Set("Content-Type", kind)
	part, err := w.CreatePart(h)
	if err == nil {
		_, err = part.Write(content)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// TestBadInput sends what no honest page sends. Each is refused in words or
// answered politely, the program lives on, and nothing of it is logged.
func TestBadInput(t *testing.T) {
	r := launch(t, believed())
	jpeg := bottest.SamplePhoto(40, 30)
	zipKind, zipBody := upload(t, personal+".jpg", "image/jpeg", mustZip(t))
	bigKind, bigBody := upload(t, "photo.jpg", "image/jpeg", append(jpeg, make([]byte, 12<<20)...))
	hugeKind, hugeBody := upload(t, "don.pdf", "application/pdf", append([]byte("%PDF-1.4"), make([]byte, 25<<20)...))
	noiseKind, noiseBody := upload(t, "photo.jpg", "image/jpeg", append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), bytes.Repeat([]byte{1}, 1000)...))
	photoKind, photoBody := upload(t, "../../"+personal+".jpg", "image/jpeg", jpeg)
	const js = "application/json"
	tests := []struct {
		name, kind string
		body       string
		status     int
		code       string // of the error
		says       string // part of a polite answer
	}{
		{"half a JSON", js, `{"text":"` + personal, 400, "bad_json", ""},
		{"no JSON", js, personal, 400, "bad_json", ""},
		{"nothing", js, "", 400, "bad_json", ""},
		{"a list", js, `["` + personal + `"]`, 400, "bad_json", ""},
		{"two values", js, `{"text":"a"}{"text":"b"}`, 400, "bad_json", ""},
		{"deep nesting", js, strings.Repeat("[", 50_000), 400, "bad_json", ""},
		{"an unknown key", js, `{"text":"a","admin":true}`, 400, "unknown_key", ""},
		{"two things", js, `{"text":"a","button":"menu:help"}`, 400, "one_thing", ""},
		{"a wrong type", js, `{"text":17}`, 400, "bad_json", ""},
		{"a wrong content type", "text/plain", `{"text":"a"}`, 415, "content_type", ""},
		{"no content type", "", `{"text":"a"}`, 415, "content_type", ""},
		{"a form", "application/x-www-form-urlencoded", "text=" + personal, 415, "content_type", ""},
		{"5 MB of text", js, `{"text":"` + strings.Repeat("a", 5<<20) + `"}`, 413, "too_large", ""},
		{"invalid UTF-8", js, "{\"text\":\"\xff\xfe\xc3\x28\"}", 400, "bad_utf8", ""},
		{"only marks", js, `{"text":"\u202e\u0000\u200b \n"}`, 400, "empty", ""},
		{"an unknown event", js, `{"event":"explode"}`, 400, "bad_event", ""},
		{"a place off Earth", js, `{"place":{"lat":91,"lon":0}}`, 400, "bad_place", ""},
		{"half a place", js, `{"place":{"lat":20}}`, 400, "bad_place", ""},
		{"a place of no number", js, `{"place":{"lat":1e999,"lon":0}}`, 400, "bad_json", ""},
		{"an oversized button", js, `{"button":"` + strings.Repeat("x", 65) + `"}`, 400, "bad_button", ""},
		{"an empty button", js, `{"button":""}`, 400, "bad_button", ""},
		{"a button with NUL", js, `{"button":"menu:help\u0000"}`, 400, "bad_button", ""},
		{"a bad id", js, `{"id":"../../etc","text":"a"}`, 400, "bad_id", ""},
		{"a zip named photo", zipKind, string(zipBody), 415, "file_type", ""},
		{"a photo of 12 MB", bigKind, string(bigBody), 415, "file_type", ""},
		{"a file of 25 MB", hugeKind, string(hugeBody), 413, "", ""},
		{"a photo of noise", noiseKind, string(noiseBody), 415, "file_type", ""},
		{"half a form", photoKind, string(photoBody[:len(photoBody)/2]), 400, "unreadable", ""},
		{"a form without a boundary", "multipart/form-data", string(photoBody), 415, "content_type", ""},

		{"a photo", photoKind, string(photoBody), 200, "", "chưa xem được ảnh"},
		{"a button never issued", js, `{"button":"admin:drop:tables"}`, 200, "", "Nút này đã cũ"},
		{"a button of nothing", js, `{"button":"procedures:show:../../x"}`, 200, "", "không còn trong danh mục"},
		{"SQL in a button", js, `{"button":"procedures:show:' or 1=1 --"}`, 200, "", "không còn trong danh mục"},
		{"NUL in a text", js, `{"text":"đăng ký khai\u0000 sinh mất bao lâu"}`, 200, "", "1.001193"},
		{"marks of direction", js, `{"text":"\u202eđăng ký\u202c \u2066khai sinh\u2069 mất bao lâu"}`, 200, "", "1.001193"},
		{"decomposed letters", js, `{"text":"đăng ký khai sinh mất bao lâu"}`, 200, "", "1.001193"},
		{"zalgo", js, `{"text":"đăng ký k` + strings.Repeat("̴̧̢", 30) + `hai sinh mất bao lâu"}`, 200, "", ""},
		{"HTML", js, `{"text":"<script>alert(1)</script><img src=x onerror=alert(2)> ` + personal + `"}`, 200, "", ""},
		{"Markdown", js, `{"text":"[đăng ký khai sinh](javascript:alert(1)) **mất bao lâu**"}`, 200, "", ""},
		{"a template", js, `{"text":"{{.Secret}} ${7*7} %s%s%n"}`, 200, "", ""},
		{"a command", js, `{"text":"/khongco ` + personal + `"}`, 200, "", ""},
	}
	for i, tt := range tests {
		v := r.visitor(i)
		a, err := v.post(tt.kind, strings.NewReader(tt.body))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if a.status != tt.status || tt.code != "" && !bytes.Contains(a.body, []byte(`"code":"`+tt.code+`"`)) {
			t.Errorf("%s: %d %.300s, want %d %s", tt.name, a.status, a.body, tt.status, tt.code)
		}
		if a.status != 200 && !bytes.Contains(a.body, []byte(`"message":"`)) {
			t.Errorf("%s: no words: %.300s", tt.name, a.body)
		}
		if a.status == 200 && len(a.said) == 0 || !strings.Contains(a.text(), tt.says) {
			t.Errorf("%s: answered with %q, want %q in it", tt.name, a.text(), tt.says)
		}
		for _, bad := range []string{personal, "<script", "<img", "javascript:", "{{", "root:"} {
			if strings.Contains(a.text(), bad) {
				t.Errorf("%s: %q comes back: %q", tt.name, bad, a.text())
			}
		}
	}
	r.mustAnswer(400)
	if log := r.log.String(); strings.Contains(log, "Marker") || strings.Contains(log, "0912345678") || strings.Contains(log, "198.18.") ||
		strings.Contains(log, "khai sinh") || strings.Contains(log, "panic") {
		t.Errorf("the log tells too much:\n%s", grep(log, "Marker", "0912345678", "198.18.", "khai sinh", "panic"))
	}
}

// mustAnswer checks that the program still answers somebody new.
func (r *running) mustAnswer(visitor int) {
	r.t.Helper()
	if got := r.visitor(visitor).ask("đăng ký khai sinh mất bao lâu").text(); !strings.Contains(got, "1.001193") {
		r.t.Errorf("afterwards the program answers %q", got)
	}
}

func grep(text string, words ...string) string {
	var out []string
	for line := range strings.Lines(text) {
		for _, w := range words {
			if strings.Contains(line, w) {
				out = append(out, line)
				break
			}
		}
	}
	return strings.Join(out[:min(len(out), 10)], "")
}

// TestBadRequests sends requests that are wrong before anybody reads the body.
func TestBadRequests(t *testing.T) {
	r := launch(t, believed())
	tests := []struct {
		name, method, path string
		header             map[string]string
		status             int
	}{
		{"reading where one writes", "GET", "/chat/api/messages", nil, 405},
		{"an invented method", "EXPLODE", "/chat/api/messages", nil, 405},
		{"deleting a procedure", "DELETE", "/tthc/1.001193", nil, 405},
		{"another site", "POST", "/chat/api/messages", map[string]string{"Origin": "https://evil.example", "Content-Type": "application/json"}, 403},
		{"another site by the browser's word", "POST", "/chat/api/messages", map[string]string{"Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}, 403},
		{"up from the procedures", "GET", "/tthc/..%2f..%2fetc%2fpasswd", nil, 404},
		{"up from the procedures, plainly", "GET", "/tthc/../../etc/passwd", nil, 404},
		{"up from the files", "GET", "/chat/static/..%2f..%2fapi.go", nil, 404},
		{"up from the files, twice escaped", "GET", "/chat/static/%252e%252e/chat.html", nil, 404},
		{"a folder of files", "GET", "/chat/static/", nil, 404},
		{"a template as a file", "GET", "/tthc/entry.html", nil, 404},
		{"NUL in a path", "GET", "/tthc/1.001193%00", nil, 404},
		{"a long path", "GET", "/tthc/" + strings.Repeat("1", 8000), nil, 404},
		{"a huge header", "GET", "/chat", map[string]string{"X-Junk": strings.Repeat("x", 64<<10)}, 431},
		{"a metric that is none", "GET", "/metrics/../healthz", nil, 200},
	}
	for i, tt := range tests {
		v := r.visitor(i)
		req, err := http.NewRequest(tt.method, v.url, strings.NewReader(`{"text":"a"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Opaque = "//" + req.URL.Host + tt.path // as it stands, not made tidy
		for k, s := range tt.header {
			req.Header.Set(k, s)
		}
		v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
		a, err := v.send(req)
		if err != nil && a.status != tt.status { // a connection may be cut behind the status
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if a.status != tt.status || bytes.Contains(a.body, []byte("package ")) || bytes.Contains(a.body, []byte("root:")) {
			t.Errorf("%s: %d %.200s, want %d", tt.name, a.status, a.body, tt.status)
		}
	}
	r.mustAnswer(400)
}

// TestACookieIsNobodysButItsOwn: who forges one is somebody new.
func TestACookieIsNobodysButItsOwn(t *testing.T) {
	r := launch(t, believed())
	v := r.visitor(1)
	v.ask("đăng ký kết hôn mất bao lâu")
	if got := v.ask("thế nộp ở đâu").text(); !strings.Contains(got, "1.000894") {
		t.Fatalf("the follow-up is answered with %q", got)
	}
	genuine := v.cookie.Value
	another := "A" // a first letter that the genuine one does not have
	if strings.HasPrefix(genuine, another) {
		another = "B"
	}
	for i, forged := range []string{
		genuine[:len(genuine)-2] + "xx", another + genuine[1:], strings.Replace(genuine, ".", "..", 1), strings.Repeat("A", 26) + ".zzzzzz.", "", strings.Repeat("x", 4000),
	} {
		if forged == genuine {
			t.Fatal("nothing is forged")
		}
		w := r.visitor(10 + i)
		w.cookie = &http.Cookie{Name: v.cookie.Name, Value: forged}
		a := w.ask("thế nộp ở đâu")
		if strings.Contains(a.text(), "1.000894") {
			t.Errorf("forged cookie %d reads somebody else's talk", i)
		}
		if w.cookie.Value == forged || w.cookie.Value == genuine || !w.cookie.HttpOnly {
			t.Errorf("forged cookie %d is answered with %q", i, w.cookie.Value)
		}
	}
}

// TestABurst: one address sends 300 messages at once. It is told when to come
// back; everybody else is answered meanwhile.
func TestABurst(t *testing.T) {
	r := launch(t, believed())
	const requests, senders = 300, 20
	statuses := make(chan int, requests)
	wait := make(chan string, requests)
	failed := make(chan error, requests)
	for range senders {
		v := r.visitor(1) // all at one address
		go func() {
			for range requests / senders {
				a, err := v.post("application/json", strings.NewReader(`{"text":"xin chào"}`))
				if err != nil {
					failed <- err
				}
				if a.status == http.StatusTooManyRequests {
					wait <- a.header.Get("Retry-After")
				}
				statuses <- a.status
			}
		}()
	}
	r.mustAnswer(2)
	count := map[int]int{}
	for range requests {
		count[<-statuses]++
	}
	close(failed)
	close(wait)
	for err := range failed {
		t.Error(err)
	}
	if count[200] == 0 || count[200] > 60 || count[200]+count[429] != requests {
		t.Errorf("300 requests at once are answered with %v", count)
	}
	for s := range wait {
		if n, err := strconv.Atoi(s); err != nil || n < 1 || n > 60 {
			t.Errorf("come back in %q", s)
		}
	}
	r.mustAnswer(3)
}
