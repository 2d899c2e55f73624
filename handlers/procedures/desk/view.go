package desk

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// namer finds the names of officers, each asked for once for a page.
type namer struct {
	s     *service
	r     *http.Request
	known map[string]string
}

func (s *service) namer(r *http.Request) *namer {
	return &namer{s: s, r: r, known: map[string]string{}}
}

// name is who an actor of the audit trail is, in the reader's language.
func (n *namer) name(ref string) string {
	if ref == "" {
		return ""
	}
	if name, ok := n.known[ref]; ok {
		return name
	}
	name := n.find(ref)
	n.known[ref] = name
	return name
}

func (n *namer) find(ref string) string {
	if digits, ok := strings.CutPrefix(ref, "staff:"); ok {
		id, err := strconv.ParseInt(digits, 10, 64)
		if err == nil {
			if o, err := n.s.opt.Staff.Officer(n.r.Context(), id); err == nil {
				return o.Name
			}
		}
		return n.s.kit.T(n.r, "procedures.desk_by_nobody")
	}
	switch ref {
	case "import", "job", "cchcbot":
		return n.s.kit.T(n.r, "procedures.desk_by_"+ref)
	}
	return ref
}

// statusKey is the text key of an entry's status.
func statusKey(e *knowledge.Entry) string {
	if e.Status == "" {
		return "procedures.desk_status_published"
	}
	return "procedures.desk_status_" + string(e.Status)
}

// inForce reports whether a procedure may be carried out today.
func (s *service) inForce(e *knowledge.Entry) bool { return e.InForceOn(s.opt.Now().In(vietnam)) }

// counts is the day on which an entry is looked at: today, or the day on which it begins to count.
func (s *service) counts(e *knowledge.Entry) time.Time {
	now := s.opt.Now().In(vietnam)
	if first, err := time.ParseInLocation(time.DateOnly, e.ValidFrom, vietnam); err == nil && first.After(now) {
		return first
	}
	return now
}

// vietnam is the zone of every day of an entry.
var vietnam = time.FixedZone("ICT", 7*60*60)

// day writes a day of an entry as people do.
func day(text string) string {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return text
	}
	return t.Format("02/01/2006")
}

// draftLine is a draft in a list.
type draftLine struct {
	Path, Code, Name string
	StateKey         string
	KindKey          string
	Author           string
	Source           string
	Effective        string
	Updated          time.Time
	Open             bool
	Waits            bool // for its day
}

func (n *namer) line(x entries.Draft) draftLine {
	return draftLine{
		Path: draftPath + strconv.FormatInt(x.ID, 10), Code: x.Entry.Code, Name: x.Entry.Name, StateKey: stateKey(x.State),
		KindKey: "procedures.desk_kind_" + string(x.Kind()), Author: n.name(x.Author), Source: x.Source,
		Effective: day(x.Effective), Updated: x.Updated, Open: x.State.Open(), Waits: x.State == entries.Scheduled,
	}
}

func stateKey(s entries.State) string { return "procedures.desk_state_" + string(s) }

// options turns values into the choices of a select; first is the text key of the empty one, "" for none.
func (s *service) options(r *http.Request, first, prefix string, values ...string) []web.Option {
	var out []web.Option
	if first != "" {
		out = append(out, web.Option{Label: s.kit.T(r, first)})
	}
	for _, v := range values {
		out = append(out, web.Option{Value: v, Label: s.kit.T(r, prefix+v)})
	}
	return out
}

// draft is the draft of a request's path, for the officer who asks. When there is none for him it
// answers and reports false.
func (s *service) draft(w http.ResponseWriter, r *http.Request) (entries.Draft, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return entries.Draft{}, false
	}
	x, err := s.opt.Desk.Get(r.Context(), id, actor(r))
	switch {
	case bot.IsCode(err, bot.NotFound):
		s.kit.NotFound(w, r) // one page for what is not there and what is not his
		return x, false
	case err != nil:
		s.kit.Fail(w, r, err)
		return x, false
	}
	return x, true
}

// entry is the published entry of a request's path; it answers when there is none.
func (s *service) entry(w http.ResponseWriter, r *http.Request) (entries.Record, bool) {
	rec, err := entries.GetRecord(r.Context(), s.opt.Read, r.PathValue("code"))
	switch {
	case bot.IsCode(err, bot.NotFound):
		s.kit.NotFound(w, r)
		return rec, false
	case err != nil:
		s.kit.Fail(w, r, err)
		return rec, false
	}
	return rec, true
}

// findingView is something to mend, in the reader's words.
type findingView struct {
	At    string // key of the entry; "whole" for no single one
	Text  string
	Error bool
}

// maxFindings is how many findings a page shows.
const maxFindings = 100

// findings are what is wrong with an entry, errors first.
func (s *service) findings(r *http.Request, e *knowledge.Entry) ([]findingView, error) {
	list, err := s.opt.Desk.Findings(r.Context(), e)
	var out, look []findingView
	for _, f := range list[:min(len(list), maxFindings)] {
		v := findingView{At: "whole", Text: s.kit.T(r, f.Words, f.Args...), Error: f.Error}
		if name, _, _ := strings.Cut(f.Key, "."); name != "" {
			if k, ok := entries.KeyOf(name); ok {
				v.At = k.Name
			}
		}
		if f.Error {
			out = append(out, v)
		} else {
			look = append(look, v)
		}
	}
	return append(out, look...), err
}
