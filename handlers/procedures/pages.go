package procedures

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"

	"rsc.io/qr"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/handlers/procedures/stale"
	"cchcbot/knowledge"
)

//go:embed page/*.html page/*.css
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("entry.html").ParseFS(pageFiles, "page/*.html"))

// pages are a procedure as a page to read and print, and its QR code for a notice board.
func (s *service) pages() []bot.Page {
	return []bot.Page{
		{Pattern: "GET /tthc/{code}", Handler: http.HandlerFunc(s.page)},
		{Pattern: "GET /tthc/{code}/qr.png", Handler: http.HandlerFunc(s.qrCode)},
		{Pattern: "GET /tthc/style.css", Handler: http.HandlerFunc(style)},
	}
}

// pageData is what page/entry.html shows.
type pageData struct {
	Entry     *knowledge.Entry
	Name      string
	InForce   bool
	From      string // the first day, where it is still to come
	Replacing []*knowledge.Entry
	Documents []documentGroup
	Steps     []string
	Methods   string
	Updated   string
	Verified  string
	URL       string
	OnlineURL string
	Doubt     stale.Why // why one should check before going
	Ends      string
	Law       string // what an explainer rests on; "" for a procedure
}

type documentGroup struct {
	Case  string
	Items []knowledge.Document
}

func (s *service) page(w http.ResponseWriter, r *http.Request) {
	e, err := entries.Get(r.Context(), s.opt.Read, r.PathValue("code"))
	if bot.IsCode(err, bot.NotFound) {
		s.render(w, http.StatusNotFound, "missing.html", cached, nil)
		return
	}
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	s.writePage(w, e, cached)
}

// cached lets browsers keep a page as long as the bot may answer from the revision before.
const cached = "public, max-age=5"

// writePage answers with the page of an entry, and says how long it may be kept.
func (s *service) writePage(w http.ResponseWriter, e *knowledge.Entry, keep string) {
	e = s.readable(e)
	d := pageData{
		Entry: e, Name: plainName(e), InForce: e.InForceOn(s.opt.Now().In(vietnam)), Methods: methodNames(e),
		Updated: dayMonthYear(e.Updated), Verified: dayMonthYear(e.VerifiedAt),
		Doubt: s.doubt(s.opt.Now(), e), Ends: dayMonthYear(e.ValidTo),
		URL: s.pageURL(e.Code), Documents: groupDocuments(e.Documents), Steps: pageSteps(e),
	}
	if e.Status.InForce() && toCome(e, s.opt.Now().In(vietnam)) {
		d.From = dayMonthYear(e.ValidFrom)
	}
	if e.Kind == knowledge.Explainer {
		d.Law = lawOf(e)
	}
	if e.OnlineFull || hasOnline(e) {
		d.OnlineURL = s.onlineURL(e)
	}
	for _, code := range e.ReplacedBy {
		if next, ok := s.opt.Live.ByCode(code); ok {
			d.Replacing = append(d.Replacing, next)
		}
	}
	s.render(w, http.StatusOK, "entry.html", keep, d)
}

func (s *service) render(w http.ResponseWriter, status int, name, keep string, data any) {
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", keep)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader went away: nothing to do
}

// qrCode draws the page's own address.
func (s *service) qrCode(w http.ResponseWriter, r *http.Request) {
	e, ok := s.opt.Live.ByCode(r.PathValue("code"))
	u := ""
	if ok {
		u = s.pageURL(e.Code)
	}
	if u == "" {
		http.NotFound(w, r)
		return
	}
	code, err := qr.Encode(u, qr.M)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	code.Scale = 6
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(code.PNG())
}

func style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pageFiles, "page/style.css")
}

// groupDocuments puts papers of one circumstance together, in the order in
// which the circumstances first appear, those for everybody first.
func groupDocuments(docs []knowledge.Document) []documentGroup {
	var groups []documentGroup
	at := map[string]int{}
	for _, d := range docs {
		d.Name, d.Case = bare(d.Name), bare(strings.Trim(d.Case, "*: "))
		i, ok := at[d.Case]
		if !ok {
			i = len(groups)
			at[d.Case] = i
			groups = append(groups, documentGroup{Case: d.Case})
		}
		groups[i].Items = append(groups[i].Items, d)
	}
	if i, ok := at[""]; ok && i > 0 {
		always := groups[i]
		groups = append(groups[:i], groups[i+1:]...)
		groups = append([]documentGroup{always}, groups...)
	}
	return groups
}

func pageSteps(e *knowledge.Entry) []string {
	var out []string
	for _, s := range e.Steps {
		for l := range strings.SplitSeq(s.Text, "\n") {
			if l = bare(l); l != "" {
				if s.Name != "" {
					l = s.Name + ": " + l
				}
				out = append(out, l)
			}
		}
	}
	return out
}
