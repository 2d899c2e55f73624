package register

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"cchcbot/bot/web"
)

// maxFeed is how many entries the feed has, the latest changed first.
const maxFeed = 50

// url is the address of a path for readers that are not on this site.
func (g *Register) url(path string) string { return g.opt.PublicURL + path }

// showFeed is the register for feed readers.
func (g *Register) showFeed(w http.ResponseWriter, r *http.Request) {
	if done, err := g.fresh(w, r, false); done || err != nil {
		if err != nil {
			g.fail(w, r, err)
		}
		return
	}
	list, err := g.read(r.Context(), g.opt.Read, `r.updated >= 0 order by r.updated desc, r.id desc limit `+strconv.Itoa(maxFeed))
	if err != nil {
		g.fail(w, r, err)
		return
	}
	_, modified, err := g.changes(r.Context())
	if err != nil {
		g.fail(w, r, err)
		return
	}
	f := web.Feed{Lang: g.kit.Lang(r), Title: g.kit.T(r, "complaints.register_title"), Author: g.kit.T(r, "web.name"), Self: g.url(feedPath), Page: g.url(listPath), Updated: modified}
	for _, e := range list {
		last := e.Content.Last()
		f.Entries = append(f.Entries, web.FeedEntry{Address: g.url(listPath + "/" + e.Code), Title: e.Content.Title, Published: e.Published, Updated: e.Updated,
			Author: last.AgencyName, Summary: e.Content.Question + "\n\n" + last.AgencyName + ": " + last.Text})
	}
	if err := web.ServeFeed(w, f, zone); err != nil {
		g.fail(w, r, err)
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.In(zone).Format(time.RFC3339)
}

// jsonPage is a page of the register for programs. docs/cong-khai.md explains the fields.
type jsonPage struct {
	Updated string      `json:"updated"`
	Total   int         `json:"total"`
	Items   []jsonEntry `json:"items"`
	Next    string      `json:"next,omitempty"`
}

type jsonEntry struct {
	Code      string       `json:"code"`
	URL       string       `json:"url"`
	Title     string       `json:"title"`
	Question  string       `json:"question"`
	Kind      string       `json:"kind"`
	Field     string       `json:"field"`
	FieldName string       `json:"field_name"`
	Place     string       `json:"place,omitempty"`
	PlaceName string       `json:"place_name,omitempty"`
	Street    string       `json:"street,omitempty"`
	Filed     string       `json:"filed"`
	Answers   []jsonAnswer `json:"answers"`
	Photos    []string     `json:"photos"`
	Returned  int          `json:"returned"`
	Reopened  int          `json:"reopened"`
	Rating    *int         `json:"rating"`
	Published string       `json:"published"`
	Corrected string       `json:"corrected,omitempty"`
}

type jsonAnswer struct {
	Agency      string `json:"agency"`
	AgencyName  string `json:"agency_name"`
	AgencyToday string `json:"agency_today,omitempty"`
	Answered    string `json:"answered"`
	OnTime      bool   `json:"on_time"`
	Text        string `json:"text"`
}

// showJSON is the register for programs, with the search of the page.
func (g *Register) showJSON(w http.ResponseWriter, r *http.Request) {
	if done, err := g.fresh(w, r, false); done || err != nil {
		if err != nil {
			g.fail(w, r, err)
		}
		return
	}
	a := g.ask(r)
	for _, p := range a.choices { // a program cannot be asked: all of them
		a.Places = append(a.Places, p.ID)
	}
	n, _, err := g.total(r.Context())
	if err != nil {
		g.fail(w, r, err)
		return
	}
	_, modified, err := g.changes(r.Context())
	if err != nil {
		g.fail(w, r, err)
		return
	}
	out := jsonPage{Updated: stamp(modified), Total: n, Items: []jsonEntry{}}
	if !a.unknown {
		a.Limit = 50
		list, next, err := g.find(r.Context(), a.query)
		if err != nil {
			g.fail(w, r, err)
			return
		}
		for _, e := range list {
			if err := g.keepPhotos(r.Context(), &e.Content); err != nil {
				g.fail(w, r, err)
				return
			}
			out.Items = append(out.Items, g.jsonOf(e))
		}
		if next > 0 {
			q := url.Values{}
			for _, name := range []string{"q", "place", "field", "agency"} {
				if v := r.URL.Query().Get(name); v != "" {
					q.Set(name, v)
				}
			}
			q.Set("after", strconv.FormatInt(next, 10))
			out.Next = g.url(jsonPath + "?" + q.Encode())
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		g.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Access-Control-Allow-Origin", "*") // it is for everybody, and nobody is signed in here
	_, _ = w.Write(append(b, '\n'))           // a client that went away needs no answer
}

func (g *Register) jsonOf(e entry) jsonEntry {
	day := func(t time.Time) string { return t.In(zone).Format(time.DateOnly) }
	c := e.Content
	out := jsonEntry{Code: e.Code, URL: g.url(listPath + "/" + e.Code), Title: c.Title, Question: c.Question, Kind: string(c.Kind), Field: c.Field, FieldName: c.FieldName,
		Place: c.Place, PlaceName: c.PlaceName, Street: c.Street, Filed: day(c.Filed), Photos: []string{}, Returned: e.Returned, Reopened: e.Reopened, Published: stamp(e.Published)}
	if e.Rating > 0 {
		out.Rating = &e.Rating
	}
	if !e.Corrected.IsZero() {
		out.Corrected = stamp(e.Corrected)
	}
	for _, p := range c.Photos {
		out.Photos = append(out.Photos, g.url(publicPhoto(e.Code)(p, false)))
	}
	dir := g.opt.Directory()
	for _, a := range c.Answers {
		j := jsonAnswer{Agency: a.Agency, AgencyName: a.AgencyName, Answered: day(a.Sent), OnTime: !a.Late, Text: a.Text}
		if to := successor(dir, a.Agency, c.Field, c.Place); to != a.Agency {
			j.AgencyToday = to
		}
		out.Answers = append(out.Answers, j)
	}
	return out
}
