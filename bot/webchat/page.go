package webchat

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

//go:embed page text
var files embed.FS

// texts are the words of the page by language.
type texts map[string]*wording

type wording struct {
	Page   map[string]string `toml:"page"`   // of the page as it is served
	Script map[string]string `toml:"script"` // of the page as it runs
	Embed  map[string]string `toml:"embed"`  // of the button on other sites
	Error  map[string]string `toml:"error"`  // by code
}

func loadTexts() (texts, error) {
	out := texts{}
	for _, lang := range []string{"vi", "en"} {
		w := &wording{}
		meta, err := toml.DecodeFS(files, "text/"+lang+".toml", w)
		if err != nil {
			return nil, fmt.Errorf("webchat: texts in %s: %w", lang, err)
		}
		if left := meta.Undecoded(); len(left) > 0 {
			return nil, fmt.Errorf("webchat: texts in %s: nothing reads %s", lang, left[0])
		}
		out[lang] = w
	}
	return out, nil
}

func (t texts) of(lang string) *wording { return t[lang] }

// language is the language of an error: that of the page, which names it, or
// of the client. Vietnamese unless English is asked for.
func language(r *http.Request) string {
	lang := r.URL.Query().Get("lang")
	if lang == "" {
		lang = strings.ToLower(r.Header.Get("Accept-Language"))
	}
	if strings.HasPrefix(lang, "en") {
		return "en"
	}
	return "vi"
}

// asset is a file of the page.
type asset struct {
	body      []byte
	mediaType string
	etag      string
	forever   bool // the name holds the hash of the content
}

type assets struct {
	page   *template.Template
	files  map[string]asset
	hashed map[string]string // "chat.css" to its name with the hash
}

func loadAssets(t texts) (*assets, error) {
	page, err := template.ParseFS(files, "page/chat.html")
	if err != nil {
		return nil, fmt.Errorf("webchat: page: %w", err)
	}
	a := &assets{page: page, files: map[string]asset{}, hashed: map[string]string{}}
	for name, mediaType := range map[string]string{
		"chat.css": "text/css; charset=utf-8",
		"chat.js":  "text/javascript; charset=utf-8",
		"icon.svg": "image/svg+xml",
		"embed.js": "text/javascript; charset=utf-8",
	} {
		body, err := files.ReadFile("page/" + name)
		if err != nil {
			return nil, fmt.Errorf("webchat: page: %w", err)
		}
		if name == "embed.js" {
			// Other sites load this one by its plain name; its words come from the catalog.
			words, err := json.Marshal(map[string]any{"vi": t["vi"].Embed, "en": t["en"].Embed})
			if err != nil {
				return nil, fmt.Errorf("webchat: texts: %w", err)
			}
			body = bytes.Replace(body, []byte("/*WORDS*/{}"), words, 1)
		}
		sum := sha256.Sum256(body)
		hash := hex.EncodeToString(sum[:8])
		f := asset{body: body, mediaType: mediaType, etag: `"` + hash + `"`}
		a.files[name] = f
		base, ext, _ := cutLast(name, ".")
		f.forever = true
		a.hashed[name] = base + "." + hash + "." + ext
		a.files[a.hashed[name]] = f
	}
	return a, nil
}

// static serves a file of the page. Under its hashed name it never changes.
func (c *Chat) static(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := c.assets.files[name]
	if !ok {
		c.fail(w, r, &problem{status: http.StatusNotFound, code: "not_found"})
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("ETag", f.etag)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // embed.js is loaded by other sites
	h.Set("Cache-Control", "public, max-age=3600")
	if f.forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(f.body) // a client that went away needs no answer
}

// settings is what the page's script needs to know. The page carries it as data.
type settings struct {
	Lang     string            `json:"lang"`
	Embedded bool              `json:"embedded"`
	MaxText  int               `json:"maxText"`
	MaxFile  int               `json:"maxFile"`
	Texts    map[string]string `json:"texts"`
}

// maxTyped is how many letters the page lets a citizen type. The API takes
// more, as the kernel does, and cuts.
const maxTyped = 4000

// maxGiven is how many letters a link may put into the field, such as the code of
// a complaint on a printed slip.
const maxGiven = 100

// typed is what a link puts into the field. It is sent when the citizen presses send, never by itself.
func typed(text string) string {
	if !utf8.ValidString(text) {
		return ""
	}
	r := []rune(strings.Join(strings.Fields(text), " "))
	return string(r[:min(len(r), maxGiven)])
}

// page serves the page itself.
func (c *Chat) page(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	lang, other := "vi", "en"
	if q.Get("lang") == "en" {
		lang, other = other, lang
	}
	link, embedded := "/chat?lang="+other, q.Get("embed") == "1"
	if embedded {
		link += "&embed=1"
	}
	var b bytes.Buffer
	err := c.assets.page.Execute(&b, map[string]any{
		"Lang": lang, "T": c.texts.of(lang).Page, "Other": other, "OtherLink": link, "Embedded": embedded, "MaxTyped": maxTyped, "Typed": typed(q.Get("text")),
		"Asset": func(name string) string { return "/chat/static/" + c.assets.hashed[name] },
		"Settings": settings{
			Lang: lang, Embedded: embedded, MaxText: maxTyped, MaxFile: MaxFile, Texts: c.texts.of(lang).Script,
		},
	})
	if err != nil {
		c.opt.Log.Error("page was not rendered", "channel", Name, "error", err)
		c.fail(w, r, &problem{status: http.StatusInternalServerError, code: "unavailable"})
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "geolocation=(self), camera=(), microphone=(), payment=(), usb=()")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "+
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "+c.ancestors)
	_, _ = w.Write(b.Bytes()) // a client that went away needs no answer
}
