package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
)

type termLine struct {
	Key       string
	NameKey   string
	Body      string // of a setting for one body
	Value     string // in words
	Default   string // in words
	Changed   bool
	SourceKey string
	Law       string
	Edit      string // path
}

type termsData struct {
	Style   string
	Groups  []termGroup
	Form    *web.Form
	Chosen  *termLine
	Choices []web.Option
	Fields  []fieldChoice
	PerBody bool
	Problem string
	History []settingView
	Path    string
	May     bool
	HintKey string
}

// fieldChoice is a field to tick.
type fieldChoice struct {
	web.Option
	Chosen bool
}

type termGroup struct {
	Key   string
	Lines []termLine
}

type settingView struct {
	NameKey, Body string
	Value, Reason string
	Who           string
	Since         time.Time
	Back          bool // to the default
}

// termName is the text key of a setting; what is of one kind of case has a name of its own.
func termName(key string) string {
	base, _, _ := strings.Cut(key, ":")
	return "complaints.desk_term_" + strings.ReplaceAll(base, "/", "_")
}

// valueText puts the value of a setting into words.
func (s *service) valueText(r *http.Request, kind cases.TermKind, value string) string {
	switch kind {
	case cases.IsTerm:
		t, err := cases.ParseTerm(value)
		if err != nil {
			return value
		}
		return s.kit.T(r, "complaints.desk_unit_"+string(t.Unit), "count", t.N)
	case cases.IsSwitch:
		if value == "yes" {
			return s.kit.T(r, "complaints.desk_yes")
		}
		return s.kit.T(r, "complaints.desk_no")
	case cases.IsFields:
		var names []string
		for id := range strings.SplitSeq(value, ",") {
			if id = strings.TrimSpace(id); id != "" {
				names = append(names, s.fieldName(r, id))
			}
		}
		return strings.Join(names, ", ")
	case cases.IsNumber:
	}
	return value
}

func (s *service) termLine(r *http.Request, sp cases.TermSpec, key string, terms cases.Terms) termLine {
	l := termLine{Key: key, NameKey: termName(key), Value: s.valueText(r, sp.Kind, terms[key]), Default: s.valueText(r, sp.Kind, sp.Default),
		Changed: terms[key] != sp.Default, SourceKey: "complaints.desk_source_" + string(sp.Source), Law: sp.Law}
	if !strings.Contains(l.Law, "/") {
		l.Law = "" // a remark for developers, no paper
	}
	if _, body, ok := strings.Cut(key, ":"); ok {
		l.Body = s.agencyName(body)
	}
	l.Edit, _ = web.URL(termsPath, "key", key) // pairs of texts cannot fail
	return l
}

// showTerms lists the terms, with the form of one when it is chosen.
func (s *service) showTerms(w http.ResponseWriter, r *http.Request) {
	s.askTerms(w, r, http.StatusOK, s.kit.NewForm(nil), r.URL.Query().Get("key"), "")
}

func (s *service) askTerms(w http.ResponseWriter, r *http.Request, status int, f *web.Form, key, problem string) {
	terms, err := s.opt.Desk.Terms(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d := termsData{Style: stylePath, Form: f, Problem: problem, Path: termsPath}
	steps, rest := termGroup{Key: "complaints.desk_terms_steps"}, termGroup{Key: "complaints.desk_terms_rest"}
	for _, sp := range cases.Specs() {
		g := &rest
		if sp.Kind == cases.IsTerm {
			g = &steps
		}
		g.Lines = append(g.Lines, s.termLine(r, sp, sp.Key, terms))
		var own []string
		for k := range terms {
			if base, _, ok := strings.Cut(k, ":"); ok && base == sp.Key {
				own = append(own, k)
			}
		}
		slices.Sort(own)
		for _, k := range own {
			g.Lines = append(g.Lines, s.termLine(r, sp, k, terms))
		}
	}
	d.Groups = []termGroup{steps, rest}
	if base, _, _ := strings.Cut(key, ":"); key != "" {
		if i := slices.IndexFunc(cases.Specs(), func(sp cases.TermSpec) bool { return sp.Key == base }); i >= 0 {
			s.chooseTerm(r, cases.Specs()[i], key, terms, &d)
		}
	}
	history, err := s.opt.Desk.TermHistory(r.Context(), "")
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d.History = s.settings(r, history)
	s.render(w, r, status, "terms", d)
}

// chooseTerm prepares the form of one setting.
func (s *service) chooseTerm(r *http.Request, sp cases.TermSpec, key string, terms cases.Terms, d *termsData) {
	line := s.termLine(r, sp, key, terms)
	d.Chosen, d.PerBody, d.HintKey = &line, sp.PerBody, "complaints.desk_hint_"+string(sp.Kind)
	if sp.Kind == cases.IsSwitch {
		d.Choices = []web.Option{{Value: "yes", Label: s.kit.T(r, "complaints.desk_yes")}, {Value: "no", Label: s.kit.T(r, "complaints.desk_no")}}
	}
	if sp.Kind == cases.IsFields {
		chosen := d.Form.All("value")
		if d.Form.Line("key") == "" {
			chosen = strings.Split(terms[key], ",")
		}
		for _, o := range s.fieldOptions(r, "") {
			d.Fields = append(d.Fields, fieldChoice{o, slices.Contains(chosen, o.Value)})
		}
		return
	}
	if d.Form.Line("value") == "" && d.Form.Line("key") == "" {
		value := terms[key]
		if t, err := cases.ParseTerm(value); err == nil && sp.Kind == cases.IsTerm {
			value = strconv.Itoa(t.N)
			d.Form.Set("unit", string(t.Unit))
		}
		d.Form.Set("value", value)
	}
	if sp.Kind == cases.IsTerm {
		for _, u := range []cases.Unit{cases.WorkingDays, cases.CalendarDays, cases.WorkingHours} {
			d.Choices = append(d.Choices, web.Option{Value: string(u), Label: s.kit.T(r, "complaints.desk_unitname_"+string(u))})
		}
	}
}

func (s *service) settings(r *http.Request, list []cases.Setting) []settingView {
	var out []settingView
	for _, h := range list {
		v := settingView{NameKey: termName(h.Key), Reason: h.Reason, Who: s.refName(r, h.Actor), Since: h.Since, Back: h.Value == ""}
		base, body, ok := strings.Cut(h.Key, ":")
		if ok {
			v.Body = s.agencyName(body)
		}
		for _, sp := range cases.Specs() {
			if sp.Key == base && h.Value != "" {
				v.Value = s.valueText(r, sp.Kind, h.Value)
			}
		}
		if i := slices.IndexFunc(cases.Specs(), func(sp cases.TermSpec) bool { return sp.Key == base }); i < 0 {
			continue // a setting of an earlier program
		}
		out = append(out, v)
	}
	return out
}

// readFields are the ticked fields as a setting keeps them; "" for none, and when one is none.
func (s *service) readFields(r *http.Request, f *web.Form) string {
	known, ids := s.fieldOptions(r, ""), f.All("value")
	for _, id := range ids {
		if !slices.ContainsFunc(known, func(o web.Option) bool { return o.Value == id }) {
			return ""
		}
	}
	return strings.Join(ids, ",")
}

// postTerm sets one setting, or sets it back.
func (s *service) postTerm(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	key, value, why := f.Line("key"), f.Line("value"), f.Line("why")
	base, _, _ := strings.Cut(key, ":")
	i := slices.IndexFunc(cases.Specs(), func(sp cases.TermSpec) bool { return sp.Key == base })
	if i < 0 {
		s.kit.NotFound(w, r)
		return
	}
	if cases.Specs()[i].Kind == cases.IsTerm && value != "" {
		value += f.Line("unit")
	}
	if cases.Specs()[i].Kind == cases.IsFields {
		value = s.readFields(r, f)
	}
	if body := f.Line("body"); body != "" && cases.Specs()[i].PerBody {
		found := s.findBodies(body, nil)
		if len(found) == 1 || len(found) > 0 && s.bodyKey(found[0].Name) == s.bodyKey(body) {
			key = base + ":" + found[0].ID
		} else {
			f.Fail("body", "complaints.desk_wrong_body")
		}
	}
	if f.On("back") {
		value = ""
	} else if cases.CheckTerm(key, value) != nil || value == "" {
		f.Fail("value", "complaints.desk_wrong_term")
	}
	if why == "" {
		f.Fail("why", "complaints.desk_wrong_why_term")
	}
	if f.Failed() {
		s.askTerms(w, r, http.StatusUnprocessableEntity, f, key, "")
		return
	}
	err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		return s.opt.Desk.SetTerm(ctx, work, actor(r), key, value, why)
	})
	if err != nil {
		problem, status := s.explain(r, err)
		if problem == "" {
			s.kit.Fail(w, r, err)
			return
		}
		s.askTerms(w, r, status, f, key, problem)
		return
	}
	s.kit.Done(w, r, termsPath, web.Flash{Key: "complaints.desk_done_term", Args: []any{"name", s.kit.T(r, termName(key))}})
}
