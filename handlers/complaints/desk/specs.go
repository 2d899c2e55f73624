package desk

import (
	"slices"

	"cchcbot/handlers/complaints/cases"
)

// spec is the form of an action. What is not listed is not asked.
type spec struct {
	action  cases.Action
	key     string   // of the keyboard, "" none
	once    bool     // needs nothing: one press does it
	danger  bool     // has to be confirmed with a tick
	text    string   // label of the long text, "" none
	needs   bool     // the text must be given
	why     bool     // a reason in own words
	reasons string   // prefix of the text keys of the list of reasons, "" none
	list    []string // that list
	body    bool     // a body is chosen
	about   bool     // kind, field and place
	officer bool
	days    bool
	code    bool
}

// specs are the forms of the console, likeliest first. What stands elsewhere
// (answering, publishing, what is sealed) has no form here.
func specs() []spec {
	return []spec{
		{action: cases.Accept, key: "n", once: true},
		{action: cases.Approve, key: "d"},
		{action: cases.Forward, key: "f", body: true},
		{action: cases.Bind, body: true, why: true},
		{action: cases.Reject, why: true},
		{action: cases.AskCitizen, key: "h", text: "complaints.desk_field_ask", needs: true},
		{action: cases.Progress, text: "complaints.desk_field_progress", needs: true},
		{action: cases.Note, key: "g", text: "complaints.desk_field_note", needs: true},
		{action: cases.Return, key: "c", reasons: "complaints.why_returned_", list: cases.ReturnReasons[:], text: "complaints.desk_field_return", body: true},
		{action: cases.Extend, days: true, why: true},
		{action: cases.Assign, officer: true},
		{action: cases.Reclassify, about: true, why: true},
		{action: cases.Urgency, why: true},
		{action: cases.Link, code: true},
		{action: cases.Refuse, reasons: "complaints.why_refused_", list: cases.RefuseReasons[:], text: "complaints.desk_field_refuse", needs: true, danger: true},
		{action: cases.Reopen, why: true},
		{action: cases.Close, why: true},
		{action: cases.Reveal, reasons: "complaints.desk_reveal_", list: revealReasons[:], text: "complaints.desk_field_reveal"},
		{action: cases.Seal, why: true, danger: true},
	}
}

// revealReasons are why an officer has to know who wrote.
var revealReasons = [...]string{"unclear", "meet", "verify", "law", "other"}

func specOf(a cases.Action) (spec, bool) {
	for _, sp := range specs() {
		if sp.action == a {
			return sp, true
		}
	}
	return spec{}, false
}

// button is an action on the page of a case.
type button struct {
	Key     string // text key
	Path    string
	Once    bool
	Danger  bool
	First   bool
	Letter  string
	Version int64
}

// buttons are the actions that package cases allows, in the order of specs.
func (s *service) buttons(c cases.Case, may []cases.Action) []button {
	var out []button
	if slices.Contains(may, cases.DraftAnswer) {
		out = append(out, button{Key: "complaints.button_desk_answer", Path: casePath(c.Code) + "/answer", Letter: "t", First: true})
	}
	publish := slices.Contains(may, cases.PublishPropose) || slices.Contains(may, cases.PublishConfirm) ||
		c.Published != "" && slices.Contains(may, cases.PublishDecline)
	if publish {
		out = append(out, button{Key: "complaints.button_desk_publish", Path: publishPath + "?code=" + c.Code, Letter: "p"})
	}
	for _, sp := range specs() {
		if sp.action == cases.Reveal || !slices.Contains(may, sp.action) {
			continue // who wrote is asked for beside the text
		}
		out = append(out, button{
			Key: "complaints.button_desk_" + string(sp.action), Path: actPath(c.Code, sp.action), Once: sp.once, Letter: sp.key, Version: c.Version,
			Danger: sp.danger, First: sp.action == cases.Accept || sp.action == cases.Approve || sp.action == cases.Forward,
		})
	}
	return out
}

// specView is a spec for the template.
type specView struct {
	Text                                                          string
	Needs, Why, List, Body, About, Officer, Days, Code            bool
	Danger, Joint, Routes, FindBody, IsLink, IsUrgency, IsApprove bool
}

func (sp spec) view() specView {
	return specView{
		Text: sp.text, Needs: sp.needs, Why: sp.why, List: sp.reasons != "", Body: sp.body, About: sp.about, Officer: sp.officer, Days: sp.days, Code: sp.code,
		Danger: sp.danger, Joint: sp.action == cases.Forward || sp.action == cases.Bind, Routes: sp.action == cases.Forward || sp.action == cases.Bind,
		FindBody: sp.body, IsLink: sp.action == cases.Link, IsUrgency: sp.action == cases.Urgency, IsApprove: sp.action == cases.Approve,
	}
}
