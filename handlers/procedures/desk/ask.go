package desk

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/intent"
)

// Explanation is how a question was read and answered.
type Explanation struct {
	Intent     string // what kind of message it is taken for
	Search     bool   // it was searched for; false: another part of the bot answers
	Repaired   string // the words as they were read, when that is not as they were typed
	Facet      knowledge.Facet
	FollowUp   bool
	Words      []Word
	Expansions []Expansion
	Second     bool // the second reading, with ambiguous words, was taken
	Candidates []Candidate
	Scope      float64 // how likely it is about any procedure, 0 to 1
	Sure       float64 // how likely the first candidate was meant, 0 to 1
	Outcome    knowledge.Outcome
	Reason     string // why, in one word
	Shown      []string
}

// Word is a word of the question with what it counts.
type Word struct {
	Text   string
	Weight float64 // 0: it does not count
}

// Expansion is an everyday term with its official readings.
type Expansion struct {
	From string
	To   []string
}

// Candidate is an entry that was looked at.
type Candidate struct {
	Code, Name string
	Score      float64
	Parts      []Part
}

// Part is a feature of a candidate with what it adds to the score.
type Part struct {
	Name   string
	Value  float64
	Points float64
}

type askData struct {
	Style   string
	Form    *web.Form
	Drafts  []web.Option
	Asked   bool
	With    string // name of the draft
	Answer  Explanation
	Rows    []candidateRow
	Intent  string
	Scope   string
	Sure    string
	Explain string // text key of why
}

type candidateRow struct {
	Rank             int
	Path, Code, Name string
	Score            string
	Shown            bool
	Parts            []partRow
}

type partRow struct{ Name, Value, Points string }

// parts are the features of a candidate that have a name for people; others show theirs of the index.
var parts = [...]string{"cover", "named", "alias", "both", "pairs", "bm25", "plain", "action", "other-action", "circumstance", "circumstance-missing",
	"circumstance-more", "age", "commune", "known", "field", "not-in-force", "explainer", "name-close", "alias-close", "mass", "learnt", "learnt-close", "word-for-word"}

// intents are the kinds of messages that have a name for people.
var intents = [...]intent.Kind{intent.Question, intent.Complaint, intent.Denunciation, intent.FormalComplaint, intent.FeedbackStatus, intent.DossierStatus,
	intent.PortalHelp, intent.News, intent.Hotline, intent.Office, intent.Person, intent.Help, intent.Greeting, intent.Thanks, intent.Bye, intent.Ack,
	intent.Abuse, intent.Emergency, intent.English, intent.Empty, intent.Gibberish}

// maxQuestion is how long a question may be, in bytes.
const maxQuestion = 6000

// showAsk asks the bot and tells how the answer was found.
func (s *service) showAsk(w http.ResponseWriter, r *http.Request) {
	f := s.kit.NewForm(r.URL.Query())
	d := askData{Style: stylePath, Form: f}
	list, err := s.opt.Desk.List(r.Context(), actor(r), entries.Filter{States: []entries.State{entries.Writing, entries.Reviewed, entries.Scheduled}, Limit: 100})
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d.Drafts = []web.Option{{Label: s.kit.T(r, "procedures.desk_ask_published")}}
	var with *knowledge.Entry
	for _, x := range list {
		id := strconv.FormatInt(x.ID, 10)
		d.Drafts = append(d.Drafts, web.Option{Value: id, Label: x.Entry.Code + " – " + x.Entry.Name})
		if f.Line("draft") == id {
			with, d.With = x.Entry, x.Entry.Name
		}
	}
	question := f.Get("q")
	if question == "" || len(question) > maxQuestion {
		s.render(w, r, http.StatusOK, "ask", d)
		return
	}
	if d.Answer, err = s.opt.Explain(r.Context(), question, with); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d.Asked = true
	d.Scope, d.Sure, d.Intent = percent(d.Answer.Scope), percent(d.Answer.Sure), d.Answer.Intent
	if k := intent.Kind(d.Intent); slices.Contains(intents[:], k) {
		d.Intent = s.kit.T(r, "procedures.desk_intent_"+string(k))
	}
	d.Explain = "procedures.desk_why_" + d.Answer.Reason
	for i, c := range d.Answer.Candidates {
		row := candidateRow{Rank: i + 1, Path: entryPath + c.Code, Code: c.Code, Name: c.Name, Score: number(c.Score)}
		for _, shown := range d.Answer.Shown {
			row.Shown = row.Shown || shown == c.Code
		}
		for _, p := range c.Parts {
			name := p.Name
			if slices.Contains(parts[:], name) {
				name = s.kit.T(r, "procedures.part_"+strings.ReplaceAll(name, "-", "_"))
			}
			row.Parts = append(row.Parts, partRow{name, number(p.Value), number(p.Points)})
		}
		d.Rows = append(d.Rows, row)
	}
	s.render(w, r, http.StatusOK, "ask", d)
}

func percent(x float64) string { return strconv.Itoa(int(x*100+0.5)) + " %" }

func number(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }
