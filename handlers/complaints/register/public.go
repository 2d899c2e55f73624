package register

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot/web"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

// fresh sets the headers that let browsers keep a page and ask each time whether it
// still holds: what is taken down must be gone at once. It answers 304 and reports
// true when the reader has this very page.
func (g *Register) fresh(w http.ResponseWriter, r *http.Request, index bool) (done bool, err error) {
	n, modified, err := g.changes(r.Context())
	if err != nil {
		return false, err
	}
	h := w.Header()
	tag := `W/"` + g.release + "-" + strconv.FormatInt(n, 36) + "-" + directory.Day(g.opt.Now()) + `"`
	h.Set("ETag", tag)
	h.Set("Cache-Control", "public, no-cache")
	h.Set("X-Robots-Tag", "noarchive")
	if !index {
		h.Set("X-Robots-Tag", "noindex, noarchive")
	}
	if !modified.IsZero() {
		h.Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	for have := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		// The date is not asked: two changes may share a second.
		if strings.TrimPrefix(strings.TrimSpace(have), "W/") == strings.TrimPrefix(tag, "W/") {
			w.WriteHeader(http.StatusNotModified)
			return true, nil
		}
	}
	return false, nil
}

// asked is what a reader searches for.
type asked struct {
	query
	place   string // as typed or chosen
	choices []*directory.Place
	unknown bool // no such place
}

// maxQuery is the longest search, in bytes.
const maxQuery = 500

// ask reads the search of a request.
func (g *Register) ask(r *http.Request) asked {
	v := r.URL.Query()
	get := func(name string) string {
		s := strings.ToValidUTF8(v.Get(name), "")
		return strings.TrimSpace(s[:min(len(s), maxQuery)])
	}
	a := asked{query: query{Words: strings.ToValidUTF8(get("q"), ""), Field: get("field"), Agency: get("agency")}, place: get("place")}
	if n, err := strconv.ParseInt(get("after"), 10, 64); err == nil {
		a.After = n
	}
	if a.place == "" {
		return a
	}
	dir := g.opt.Directory()
	if p, ok := dir.Place(a.place); ok {
		a.Places, a.place = []string{p.ID}, p.Name
		return a
	}
	a.Places, a.choices = places(dir, strings.ToValidUTF8(a.place, ""))
	a.unknown = len(a.Places) == 0 && len(a.choices) == 0
	return a
}

// places finds the units that a text names, old or new: those to search in, or
// several to choose from.
func places(dir *directory.Directory, text string) (ids []string, choices []*directory.Place) {
	const least, near = 0.4, 0.15
	found := dir.FindPlaces(text, 8)
	var list []*directory.Place
	for _, m := range found {
		if m.Score >= least && m.Score >= found[0].Score-near {
			list = append(list, m.Place)
		}
	}
	if len(list) == 1 {
		return []string{list[0].ID}, nil
	}
	// A unit of today that holds all the others is the one that is meant.
	for _, p := range list {
		if p.Level != directory.Commune2025 {
			continue
		}
		all := area(dir, p.ID)
		if !slices.ContainsFunc(list, func(o *directory.Place) bool { return !slices.Contains(all, o.ID) }) {
			return []string{p.ID}, nil
		}
	}
	return nil, list
}

type entryView struct {
	Title, Path, Start       string
	Place, Field, Body       string
	Sent                     time.Time
	Late                     bool
	Rating, Reopened, Photos int
}

func (g *Register) viewOf(e entry, lang string) entryView {
	last := e.Content.Last()
	field := e.Content.FieldName
	if lang == "en" {
		field = fieldName(g.opt.Directory(), e.Field, lang)
	}
	start := e.Content.Question
	if r := []rune(start); len(r) > 220 {
		start = string(r[:220]) + "…"
	}
	return entryView{Title: e.Content.Title, Path: listPath + "/" + e.Code, Start: start, Place: e.Content.PlaceName, Field: field, Body: last.AgencyName,
		Sent: last.Sent, Late: last.Late, Rating: e.Rating, Reopened: reopened(e), Photos: len(e.Content.Photos)}
}

// reopened is how often a case was opened again after the answer that is shown.
func reopened(e entry) int { return e.Reopened - e.Content.Last().Round }

type listData struct {
	Style, Feed, JSON, Figures string
	Total                      int
	Form                       *web.Form
	Fields, Agencies           []web.Option
	Filtered, Unknown          bool
	Narrowed                   bool         // by field or body
	Choices                    []web.Option // path and name
	Entries                    []entryView
	Pager                      web.Pager
	All                        string
}

// showList lists and searches the register.
func (g *Register) showList(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	plain := v.Get("q")+v.Get("place")+v.Get("field")+v.Get("agency")+v.Get("after") == ""
	if done, err := g.fresh(w, r, plain); done || err != nil {
		if err != nil {
			g.fail(w, r, err)
		}
		return
	}
	// A code leads to its page; a page that there is not leads to the list.
	if e, err := g.byCode(r.Context(), v.Get("q")); err == nil {
		w.Header().Del("ETag")
		http.Redirect(w, r, listPath+"/"+e.Code, http.StatusSeeOther)
		return
	}
	a := g.ask(r)
	n, agencies, err := g.total(r.Context())
	if err != nil {
		g.fail(w, r, err)
		return
	}
	d := listData{Style: stylePath, Feed: feedPath, JSON: jsonPath, Figures: figuresPath, All: listPath, Total: n, Filtered: !plain, Unknown: a.unknown, Narrowed: a.Field+a.Agency != "",
		Form: g.kit.NewForm(url.Values{"q": {a.Words}, "place": {a.place}, "field": {a.Field}, "agency": {a.Agency}})}
	if g.kit.Lang(r) == "en" {
		d.Figures, d.All = figuresPath+"?lang=en", listPath+"?lang=en"
	}
	d.Fields, d.Agencies = g.options(r, agencies)
	for _, p := range a.choices {
		q := r.URL.Query()
		q.Set("place", p.ID)
		q.Del("after")
		d.Choices = append(d.Choices, web.Option{Value: listPath + "?" + q.Encode(), Label: g.opt.Directory().Title(p, a.choices)})
	}
	if a.place == "" || len(a.Places) > 0 {
		list, next, err := g.find(r.Context(), a.query)
		if err != nil {
			g.fail(w, r, err)
			return
		}
		for _, e := range list {
			d.Entries = append(d.Entries, g.viewOf(e, g.kit.Lang(r)))
		}
		after := ""
		if next > 0 {
			after = strconv.FormatInt(next, 10)
		}
		d.Pager = web.PagerOf(r, "after", v.Get("after"), after)
	}
	g.kit.RenderPublic(w, r, http.StatusOK, g.views["list"], d)
}

// options are the choices of the search.
func (g *Register) options(r *http.Request, agencies []string) (fields, bodies []web.Option) {
	dir, lang := g.opt.Directory(), g.kit.Lang(r)
	fields = []web.Option{{Label: g.kit.T(r, "complaints.register_any_field")}}
	for _, f := range dir.Fields() {
		if !f.Sensitive && !f.NoTicket && !f.Denunciation {
			fields = append(fields, web.Option{Value: f.ID, Label: fieldName(dir, f.ID, lang)})
		}
	}
	for _, id := range agencies {
		bodies = append(bodies, web.Option{Value: id, Label: agencyName(dir, id)})
	}
	slices.SortFunc(bodies, func(a, b web.Option) int { return strings.Compare(g.opt.Fold(a.Label), g.opt.Fold(b.Label)) })
	return fields, append([]web.Option{{Label: g.kit.T(r, "complaints.register_any_body")}}, bodies...)
}

type entryData struct {
	Style, List      string
	Title            string
	Article          template.HTML
	Rating, Reopened int
	Published        time.Time
	Corrected        time.Time
	Today            string // who has the task today, when the body that answered is no more
	Body             string
	PlaceToday       string
	Code             string
}

// showEntry shows one question with its answers.
func (g *Register) showEntry(w http.ResponseWriter, r *http.Request) {
	e, err := g.byCode(r.Context(), r.PathValue("code"))
	if err != nil {
		g.fail(w, r, err)
		return
	}
	if done, err := g.fresh(w, r, true); done || err != nil {
		if err != nil {
			g.fail(w, r, err)
		}
		return
	}
	if e.Code != r.PathValue("code") { // one page has one address
		w.Header().Del("ETag")
		http.Redirect(w, r, listPath+"/"+e.Code, http.StatusMovedPermanently)
		return
	}
	d := entryData{Style: stylePath, List: listPath, Title: e.Content.Title, Rating: e.Rating, Reopened: reopened(e), Published: e.Published, Corrected: e.Corrected, Code: e.Code,
		Body: e.Content.Last().AgencyName}
	if g.kit.Lang(r) == "en" {
		d.List += "?lang=en"
	}
	if err := g.keepPhotos(r.Context(), &e.Content); err != nil {
		g.fail(w, r, err)
		return
	}
	if d.Article, err = g.html(g.kit.Lang(r), e.Code, e.Content, publicPhoto(e.Code)); err != nil {
		g.fail(w, r, err)
		return
	}
	dir := g.opt.Directory()
	if to := successor(dir, e.Agency, e.Field, e.Place); to != "" && to != e.Agency {
		d.Today = agencyName(dir, to)
	}
	d.PlaceToday = placeToday(dir, e.Place)
	g.kit.RenderPublic(w, r, http.StatusOK, g.views["entry"], d)
}

// keepPhotos leaves out the pictures that are kept no longer.
func (g *Register) keepPhotos(ctx context.Context, c *Content) error {
	if len(c.Photos) == 0 || g.opt.Media == nil {
		return nil
	}
	items, err := g.opt.Media.Items(ctx, nil, c.Photos...)
	if err != nil {
		return err
	}
	c.Photos = nil
	for _, it := range items {
		c.Photos = append(c.Photos, it.ID)
	}
	return nil
}

// placeToday says what a commune of the past belongs to today; "" when it still is.
func placeToday(dir *directory.Directory, id string) string {
	p, ok := dir.Place(id)
	if !ok || dir.Exists(p) || p.Level == directory.District {
		return ""
	}
	var names []string
	for _, part := range dir.Today(p) {
		names = append(names, part.Place.Name)
	}
	if len(names) > 3 {
		return ""
	}
	return strings.Join(names, ", ")
}

// showPhoto shows a picture of an entry, as long as it is public.
func (g *Register) showPhoto(w http.ResponseWriter, r *http.Request) {
	e, err := g.byCode(r.Context(), r.PathValue("code"))
	id := r.PathValue("photo")
	if err == nil && (g.opt.Media == nil || !slices.Contains(e.Content.Photos, id)) {
		err = notFound()
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	thumb := r.URL.Query().Get("nho") != ""
	w.Header().Set("Cache-Control", "public, no-cache")
	w.Header().Set("ETag", `"`+id+strconv.FormatBool(thumb)+`"`) // an id never stands for other bytes
	g.opt.Media.Serve(w, r, id, thumb)
}

// fail answers everybody: one page for what is not there, whatever the reason, and
// one for what went wrong with us.
func (g *Register) fail(w http.ResponseWriter, r *http.Request, err error) {
	g.kit.FailPublic(w, r, err, g.views["missing"], func(ours bool) any { return missingData{Style: stylePath, List: listPath, Ours: ours} })
}

type missingData struct {
	Style, List string
	Ours        bool
}

// zone is Vietnam's.
var zone = calendar.Zone
