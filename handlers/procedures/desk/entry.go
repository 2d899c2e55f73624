package desk

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// factLine is a key of an entry with what it says.
type factLine struct{ Key, Text string }

// facts are the keys of an entry that say something.
func (s *service) facts(r *http.Request, e *knowledge.Entry) []factLine {
	var out []factLine
	for _, k := range entries.Keys() {
		if text := s.written(r, k, e); text != "" {
			out = append(out, factLine{"procedures.key_" + k.Name, text})
		}
	}
	return out
}

// keptLine is a revision of an entry in its history.
type keptLine struct {
	Number           int64
	Published        time.Time
	Who, Reviewer    string
	OriginKey        string
	Note             string
	Decision         string
	FateKey          string
	InForce, Counts  bool
	Compare, Preview string
	Draft            string
	Restore          bool
}

type entryData struct {
	Style     string
	Code      string
	Name      string
	StatusKey string
	OriginKey string
	Gone      bool
	Stale     bool
	Facts     []factLine
	History   []keptLine
	Drafts    []draftLine
	Writes    bool
	Path      string
	Public    string
	Ask       string
}

// showEntry shows what is published under a code, its history and what is on its way.
func (s *service) showEntry(w http.ResponseWriter, r *http.Request) {
	rec, ok := s.entry(w, r)
	if !ok {
		return
	}
	e := rec.Entry
	d := entryData{Style: stylePath, Code: e.Code, Name: e.Name, StatusKey: statusKey(e), OriginKey: "procedures.desk_origin_" + string(rec.Origin),
		Gone: !s.inForce(e), Stale: s.stale(e), Facts: s.facts(r, e), Path: entryPath + e.Code, Public: "/tthc/" + url.PathEscape(e.Code),
		Writes: s.opt.Desk.Writes(web.OfficerFrom(r.Context()), e.Field)}
	if s.opt.Explain != nil {
		d.Ask = askPath + "?" + url.Values{"q": {e.Name}}.Encode()
	}
	who := s.namer(r)
	var err error
	if d.History, err = s.history(r.Context(), who, e.Code, d.Writes); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	list, err := s.opt.Desk.List(r.Context(), actor(r), entries.Filter{Code: e.Code, States: []entries.State{entries.Writing, entries.Reviewed, entries.Scheduled}, Limit: 20})
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	for _, x := range list {
		d.Drafts = append(d.Drafts, who.line(x))
	}
	s.render(w, r, http.StatusOK, "entry", d)
}

// history lists the revisions of an entry, newest first.
func (s *service) history(ctx context.Context, who *namer, code string, writes bool) ([]keptLine, error) {
	list, err := entries.History(ctx, s.opt.Read, code)
	if err != nil {
		return nil, err
	}
	var out []keptLine
	fates := entries.Fates(list)
	for i, k := range list {
		n := strconv.FormatInt(k.Number, 10)
		l := keptLine{Number: k.Number, Published: k.Published, Who: who.name(k.Actor), Reviewer: who.name(k.Reviewer), Note: k.Note,
			OriginKey: "procedures.desk_origin_" + string(k.Origin), Counts: k.Line, FateKey: "procedures.desk_fate_" + string(fates[i]), InForce: fates[i] == entries.InUse}
		if k.Actor == "cchcbot" {
			l.Note = "" // an operator's words; the origin says it
		}
		if k.Draft != 0 {
			l.Draft, l.Note, l.Who = draftPath+strconv.FormatInt(k.Draft, 10), "", who.name(k.Author)
		}
		if k.Entry != nil {
			l.Decision = k.Entry.Decision
			l.Preview = entryPath + code + "/preview?revision=" + n
			l.Restore = writes && !l.InForce
		}
		if i+1 < len(list) {
			l.Compare = entryPath + code + "/compare?from=" + strconv.FormatInt(list[i+1].Number, 10) + "&to=" + n
		}
		out = append(out, l)
	}
	return out, nil
}

// postDraft begins a change of an entry: from what is published, or from a
// revision of its history.
func (s *service) postDraft(w http.ResponseWriter, r *http.Request) {
	rec, ok := s.entry(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	base, err := s.opt.Desk.Current(r.Context(), rec.Entry.Code)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	e, note := entries.Copy(base), ""
	if text := f.Line("revision"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			s.kit.NotFound(w, r)
			return
		}
		kept, err := entries.At(r.Context(), s.opt.Read, rec.Entry.Code, n)
		if err == nil && kept.Entry == nil {
			err = &bot.Error{Code: bot.NotFound, Key: "procedures.error_no_revision"}
		}
		if err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		e, note = kept.Entry, s.kit.T(r, "procedures.desk_restored", "revision", n)
	}
	s.begin(w, r, base, e, note, "/edit")
}

// begin makes a draft and leads to it.
func (s *service) begin(w http.ResponseWriter, r *http.Request, base, e *knowledge.Entry, note, tail string) {
	x, err := s.create(r, base, e, note)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Done(w, r, draftPath+strconv.FormatInt(x.ID, 10)+tail, web.Flash{Key: "procedures.desk_done_begin"})
}

func (s *service) create(r *http.Request, base, e *knowledge.Entry, note string) (x entries.Draft, err error) {
	err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		x, err = s.opt.Desk.Draft(ctx, work, actor(r), base, e, note)
		return err
	})
	return x, err
}

type newData struct {
	Style  string
	Form   *web.Form
	Fields []string
	Kinds  []web.Option
	Back   string
}

// showNew asks for what every entry has.
func (s *service) showNew(w http.ResponseWriter, r *http.Request) {
	s.askNew(w, r, http.StatusOK, s.kit.NewForm(nil))
}

func (s *service) askNew(w http.ResponseWriter, r *http.Request, status int, f *web.Form) {
	_, fields, err := s.load(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, status, "new", newData{Style: stylePath, Form: f, Fields: fields, Back: listPath,
		Kinds: s.options(r, "procedures.desk_kind_of_procedure", "procedures.desk_kind_of_", string(knowledge.Explainer))})
}

// postNew begins an entry from nothing.
func (s *service) postNew(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	e := &knowledge.Entry{Code: f.Line("code"), Name: f.Line("name"), Field: f.Line("field"), Kind: knowledge.Kind(f.Line("kind"))}
	for _, p := range e.Validate() {
		f.Fail(p.Field, wrongKey(p.Field))
	}
	if !s.opt.Desk.Writes(web.OfficerFrom(r.Context()), e.Field) {
		f.Fail("field", "procedures.denied_field")
	}
	if f.Failed() {
		s.askNew(w, r, http.StatusUnprocessableEntity, f)
		return
	}
	x, err := s.create(r, nil, e, "")
	switch {
	case bot.IsCode(err, bot.Conflict) && f.FailWith("code", err):
		s.askNew(w, r, http.StatusConflict, f)
	case err != nil:
		s.kit.Fail(w, r, err)
	default:
		s.kit.Done(w, r, draftPath+strconv.FormatInt(x.ID, 10)+"/edit", web.Flash{Key: "procedures.desk_done_begin"})
	}
}

// wrongKey is what stands beside a key that cannot be stored.
func wrongKey(key string) string {
	switch key {
	case "code", "name", "replaced_by", "valid_to", "documents", "methods", "lists", "text":
		return "procedures.wrong_" + key
	case "updated", "valid_from", "verified_at":
		return "procedures.wrong_day"
	case "online_url", "source_url":
		return "procedures.wrong_link"
	}
	return "procedures.wrong_value"
}

type endData struct {
	Style      string
	Form       *web.Form
	Code, Name string
	How        string
	Back, Path string
}

// showEnd asks how a procedure ends: another takes its place, or none.
func (s *service) showEnd(w http.ResponseWriter, r *http.Request) {
	rec, ok := s.entry(w, r)
	if !ok {
		return
	}
	f := s.kit.NewForm(nil)
	s.askEnd(w, r, http.StatusOK, rec.Entry, f, how(r.URL.Query().Get("how")))
}

// how is the kind of end that was asked for.
func how(text string) string {
	if text == string(entries.Replaces) {
		return text
	}
	return string(entries.Abolishes)
}

func (s *service) askEnd(w http.ResponseWriter, r *http.Request, status int, e *knowledge.Entry, f *web.Form, how string) {
	if !s.opt.Desk.Writes(web.OfficerFrom(r.Context()), e.Field) {
		s.kit.Fail(w, r, &bot.Error{Code: bot.Denied, Key: "procedures.denied_field"})
		return
	}
	s.render(w, r, status, "end", endData{Style: stylePath, Form: f, Code: e.Code, Name: e.Name, How: how, Back: entryPath + e.Code, Path: entryPath + e.Code + "/end?how=" + how})
}

// postEnd begins the change that ends a procedure.
func (s *service) postEnd(w http.ResponseWriter, r *http.Request) {
	rec, ok := s.entry(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	base, err := s.opt.Desk.Current(r.Context(), rec.Entry.Code)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	kind := how(r.URL.Query().Get("how"))
	e := entries.Copy(base)
	e.Status, e.Decision, e.ValidTo = knowledge.Abolished, f.Line("decision"), f.Line("valid_to")
	if kind == string(entries.Replaces) {
		e.Status, e.ReplacedBy = knowledge.Replaced, strings.Fields(strings.ReplaceAll(f.Line("replaced_by"), ",", " "))
		for _, code := range e.ReplacedBy {
			if code == e.Code {
				f.Fail("replaced_by", "procedures.wrong_successor_self", "code", code)
			} else if _, known := s.opt.Search.ByCode(code); !known {
				f.Fail("replaced_by", "procedures.wrong_successor", "code", code)
			}
		}
	}
	if e.Decision == "" {
		f.Fail("decision", "procedures.wrong_decision")
	}
	for _, p := range e.Validate() {
		f.Fail(p.Field, wrongKey(p.Field))
	}
	if f.Failed() {
		s.askEnd(w, r, http.StatusUnprocessableEntity, rec.Entry, f, kind)
		return
	}
	s.begin(w, r, base, e, f.Get("note"), "")
}
