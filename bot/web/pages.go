package web

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

//go:embed page text
var files embed.FS

// languages of the pages, the citizen's first.
var languages = [...]string{"vi", "en"}

// pages says what went wrong, to people as a page and to programs as JSON.
type pages struct {
	page  *template.Template
	style []byte
	words map[string]map[string]wording // by language, then by status
}

// wording is one status in one language.
type wording struct {
	Title string `toml:"title"`
	Body  string `toml:"body"`
	Home  string `toml:"-"`
	Lang  string `toml:"-"`
}

func loadPages() (*pages, error) {
	t, err := template.ParseFS(files, "page/error.html")
	if err != nil {
		return nil, fmt.Errorf("web: error page: %w", err)
	}
	style, err := files.ReadFile("page/error.css")
	if err != nil {
		return nil, fmt.Errorf("web: error page: %w", err)
	}
	p := &pages{page: t, style: style, words: map[string]map[string]wording{}}
	for _, lang := range languages {
		var f struct {
			Home   string             `toml:"home"`
			Status map[string]wording `toml:"status"`
		}
		if _, err := toml.DecodeFS(files, "text/"+lang+".toml", &f); err != nil {
			return nil, fmt.Errorf("web: texts in %s: %w", lang, err)
		}
		for status, w := range f.Status {
			w.Home, w.Lang = f.Home, lang
			f.Status[status] = w
		}
		p.words[lang] = f.Status
	}
	return p, nil
}

// fail answers with a status: a page in both languages to browsers, else JSON.
func (p *pages) fail(w http.ResponseWriter, r *http.Request, status int) {
	key := strconv.Itoa(status)
	if _, ok := p.words["vi"][key]; !ok {
		key = "500"
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	h.Del("Content-Length")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		lang := "vi"
		if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "en") {
			lang = "en"
		}
		body := map[string]any{"error": map[string]string{"code": code(status), "message": p.words[lang][key].Body}}
		writeJSON(w, status, body)
		return
	}
	var b bytes.Buffer
	data := struct {
		Status int
		Words  []wording
	}{Status: status}
	for _, lang := range languages {
		data.Words = append(data.Words, p.words[lang][key])
	}
	if err := p.page.Execute(&b, data); err != nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that went away needs no answer
}

// code is what programs tell errors apart by.
func code(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	case http.StatusTooManyRequests:
		return "too_many"
	}
	if text := http.StatusText(status); text != "" {
		return strings.ReplaceAll(strings.ToLower(text), " ", "_")
	}
	return strconv.Itoa(status)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // a client that went away needs no answer
}

// readyLimit is how long the checks of /readyz may take together.
const readyLimit = 5 * time.Second

// routes registers what the server answers itself.
func (s *Server) routes() {
	s.Handle("GET /healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, map[string]bool{"alive": true})
	}), Unlimited())
	s.Handle("GET /readyz", http.HandlerFunc(s.ready), Unlimited())
	if s.opt.Meter != nil && s.metrics == nil {
		s.Handle("GET /metrics", s.opt.Meter, Unlimited())
	}
	s.Handle("GET /assets/error.css", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(s.pages.style) // a client that went away needs no answer
	}))
}

// ready answers 200 when every check passes, else 503; the reasons stand with the checks.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyLimit)
	defer cancel()
	checks := []Check{{Name: "server", OK: !s.stopping.Load()}}
	if !checks[0].OK {
		checks[0].Reason = "the server is stopping"
	}
	if s.opt.Ready != nil {
		checks = append(checks, s.opt.Ready(ctx)...)
	}
	status := http.StatusOK
	for _, c := range checks {
		if !c.OK {
			status = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, struct {
		Ready  bool    `json:"ready"`
		Checks []Check `json:"checks"`
	}{status == http.StatusOK, checks})
}
