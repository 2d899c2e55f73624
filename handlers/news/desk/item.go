package desk

import (
	"net/http"
	"slices"
	"time"

	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

// button is an action on the page of an item.
type button struct {
	Key     string // text key
	Path    string
	Once    bool // needs nothing: one press does it
	Danger  bool
	First   bool
	Letter  string
	Version int64
}

// lineView is a line of the timeline.
type lineView struct {
	At      time.Time
	Key     string
	Who     string
	Reason  string
	Hash    string
	Changed string // text key of the state it led to, "" when it stayed
}

type itemData struct {
	Style      string
	Row        row
	Content    items.Content
	Picture    *fileView
	Attachment *fileView
	Hash       string
	Buttons    []button
	WhyKey     string // why the officer cannot do what comes next, "" when he can
	Void       string // who voided the approval
	VoidAt     time.Time
	Checker    string
	Approver   string
	ApprovedAt time.Time
	Published  string // path in the column
	Progress   string // path
	Numbers    *numbers
	Correction string // path of the item that corrects this one
	ToCome     []row  // its corrections that were not sent yet
	Previews   []bubble
	Unfit      string // why it fits no channel
	Findings   int
	Lines      []lineView
	Tests      []testView
	Links      []web.Option
	Back       string
}

// numbers are what a sending came to so far, as they are read.
type numbers struct {
	Reach, Sent, Waiting, Held, Failed, Opened string
	Alarm                                      bool // some failed
}

func (s *service) numbers(r *http.Request, f items.Figures) *numbers {
	n := func(n int) string { return web.Number(s.kit.Lang(r), n) }
	return &numbers{n(f.Reach), n(f.Sent), n(f.Waiting), n(f.Held), n(f.Failed), n(f.Opened), f.Failed > 0}
}

func (s *service) showItem(w http.ResponseWriter, r *http.Request) {
	it, ok := s.find(w, r)
	if !ok {
		return
	}
	name := s.namer(r)
	d := itemData{
		Style: stylePath, Row: s.head(r, it, name), Content: it.Content, Picture: s.file(r.Context(), it.Content.Picture), Attachment: s.file(r.Context(), it.Content.Attachment),
		Hash: it.Hash, Checker: name(it.Checker), Approver: name(it.Approver), ApprovedAt: it.ApprovedAt, Back: listPath,
	}
	if err := s.fillItem(r, it, name, &d); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "item", d)
}

func (s *service) fillItem(r *http.Request, it items.Item, name func(string) string, d *itemData) error {
	ctx, a := r.Context(), actor(r)
	may, err := s.may(r, it)
	if err != nil {
		return err
	}
	who, err := s.opt.Desk.Who(ctx, it, a)
	if err != nil {
		return err
	}
	staff := who&(items.ByEditor|items.ByApprover) != 0
	d.Buttons = s.buttons(it, may, staff)
	d.WhyKey = why(it, may, who)
	entries, err := s.opt.Desk.Timeline(ctx, it.ID, a)
	if err != nil {
		return err
	}
	d.Lines = lines(entries, name)
	if e, ok := voided(it, entries); ok {
		d.Void, d.VoidAt = name(e.Actor), e.At
	}
	if it.State.Public() {
		if err := s.fillSent(r, it, d); err != nil {
			return err
		}
	} else if staff {
		if d.Tests, err = s.tests(r, it, name); err != nil {
			return err
		}
	}
	d.Previews, d.Unfit, err = s.bubbles(r, it, s.kit.Lang(r))
	d.Findings = len(s.findings(r, s.fill(it.Content)))
	d.Links = []web.Option{{Value: itemPath(it.ID) + "/preview", Label: "news.desk_link_preview"}, {Value: itemPath(it.ID) + "/revisions", Label: "news.desk_link_revisions"},
		{Value: itemPath(it.ID) + "/speak", Label: "news.desk_link_speak"}}
	if staff && !it.Content.Quiet && it.State != items.Cancelled && !it.State.Public() {
		d.Links = append(d.Links, web.Option{Value: itemPath(it.ID) + "/audience", Label: "news.desk_link_audience"},
			web.Option{Value: itemPath(it.ID) + "/test", Label: "news.desk_link_test"})
	}
	return err
}

// fillSent adds what became of an item.
func (s *service) fillSent(r *http.Request, it items.Item, d *itemData) error {
	fig, err := s.opt.Desk.Figures(r.Context(), it.ID, actor(r))
	if err != nil {
		return err
	}
	d.Numbers = s.numbers(r, fig)
	d.Published, d.Progress = publicPath(it.ID), progressPath(it.ID)
	_, corrected, err := s.opt.Desk.Public(r.Context(), it.ID)
	if err != nil {
		return err
	}
	if corrected > 0 {
		d.Correction = itemPath(corrected)
	}
	d.ToCome, err = s.toCome(r, it.ID)
	return err
}

// toCome are the corrections of an item that were not sent yet: nobody is to write a second one unawares.
func (s *service) toCome(r *http.Request, id int64) ([]row, error) {
	list, err := s.opt.Desk.CorrectionsToCome(r.Context(), id, actor(r))
	if err != nil {
		return nil, err
	}
	name := s.namer(r)
	var out []row
	for _, it := range list {
		out = append(out, s.head(r, it, name))
	}
	return out, nil
}

// order is how actions are shown: what brings an item on first.
var order = []items.Action{items.Check, items.Approve, items.Schedule, items.Resume, items.Pause, items.Edit, items.Return, items.Unschedule, items.Again, items.Stop, items.Cancel}

// keys press the buttons of a page.
var keys = map[items.Action]string{items.Edit: "s", items.Check: "k", items.Approve: "d", items.Schedule: "h", items.Return: "c", items.Pause: "p", items.Resume: "p"}

// buttons are the actions that package items allows.
func (s *service) buttons(it items.Item, may []items.Action, staff bool) []button {
	var out []button
	for _, a := range order {
		if !slices.Contains(may, a) {
			continue
		}
		sp := specOf(a)
		b := button{Key: "news.button_desk_" + string(a), Path: actPath(it.ID, a), Once: sp.once, Danger: sp.danger, Letter: keys[a], Version: it.Version,
			First: a == items.Check || a == items.Approve || a == items.Schedule && it.State == items.Approved || a == items.Resume}
		if a == items.Schedule && it.State == items.Scheduled {
			b.Key = "news.button_desk_reschedule"
		}
		if a == items.Edit {
			b.Path = itemPath(it.ID) + "/edit"
		}
		out = append(out, b)
	}
	if staff && it.State.Public() {
		out = append(out, button{Key: "news.button_desk_correct", Path: itemPath(it.ID) + "/correct", Letter: "e"})
	}
	return out
}

// why is why an officer cannot do what an item waits for.
func why(it items.Item, may []items.Action, who items.Who) string {
	switch {
	case it.State == items.Checked && !slices.Contains(may, items.Approve) && who&items.ByApprover != 0:
		return "news.desk_why_second"
	case it.State == items.Checked && !slices.Contains(may, items.Approve):
		return "news.desk_why_approver"
	case it.State == items.Draft && !slices.Contains(may, items.Check):
		return "news.desk_why_editor"
	}
	return ""
}

// lines are the timeline, newest first.
func lines(entries []items.Entry, name func(string) string) []lineView {
	var out []lineView
	for _, e := range slices.Backward(entries) {
		v := lineView{At: e.At, Key: "news.desk_did_" + string(e.Action), Who: name(e.Actor), Reason: e.Reason}
		if e.Before == "" {
			v.Key = "news.desk_did_draft"
		}
		if e.Action == items.Approve || e.Action == items.Edit {
			v.Hash = shortHash(e.Hash)
		}
		if e.Before != e.After {
			v.Changed = stateKey(e.After)
		}
		out = append(out, v)
	}
	return out
}

// voided is the edit that made an approval void, while the item waits to be approved anew.
func voided(it items.Item, entries []items.Entry) (items.Entry, bool) {
	if it.State != items.Draft && it.State != items.Checked {
		return items.Entry{}, false
	}
	for _, e := range slices.Backward(entries) {
		switch {
		case e.Action == items.Return:
			return e, false
		case e.Action == items.Edit && (e.Before == items.Approved || e.Before == items.Scheduled):
			return e, true
		}
	}
	return items.Entry{}, false
}

// shortHash is as much of a hash as people compare.
func shortHash(hash string) string { return hash[:min(len(hash), 12)] }
