package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
)

// stepLine is a line of a draft's timeline.
type stepLine struct {
	At     time.Time
	DidKey string
	Who    string
	Reason string
	Moved  bool
}

type draftData struct {
	Style       string
	ID          int64
	Version     int64
	Hash        string
	Code, Name  string
	StateKey    string
	KindKey     string
	Note        string
	Source      string
	Decision    string
	Successors  []string
	Author      string
	Editor      string
	Reviewer    string
	ReviewedAt  time.Time
	Publisher   string
	Effective   string
	Ahead       bool // its day is to come
	Revision    int64
	FateKey     string // what became of it, once published
	Moved       bool
	Open        bool
	New         bool
	Findings    []findingView
	Errors      int
	Differences []difference
	Timeline    []stepLine
	Edits       int
	May         map[string]bool
	Self        bool // he wrote it, so somebody else reviews
	Path, Entry string
	Ask         string
	Problem     string
	Reason      string // typed with what was refused
}

// showDraft shows a change: what it changes, what is to mend, what can be done to it.
func (s *service) showDraft(w http.ResponseWriter, r *http.Request) {
	if x, ok := s.draft(w, r); ok {
		s.answerDraft(w, r, http.StatusOK, x, "", "")
	}
}

func (s *service) answerDraft(w http.ResponseWriter, r *http.Request, status int, x entries.Draft, problem, reason string) {
	ctx, a, who := r.Context(), actor(r), s.namer(r)
	id := strconv.FormatInt(x.ID, 10)
	d := draftData{
		Style: stylePath, ID: x.ID, Version: x.Version, Hash: x.Hash, Code: x.Entry.Code, Name: x.Entry.Name, StateKey: stateKey(x.State),
		KindKey: "procedures.desk_kind_" + string(x.Kind()), Note: x.Note, Source: x.Source, Decision: x.Entry.Decision, Successors: x.Entry.ReplacedBy,
		Author: who.name(x.Author), Editor: who.name(x.Editor), Reviewer: who.name(x.Reviewer), ReviewedAt: x.ReviewedAt, Publisher: who.name(x.Publisher),
		Effective: day(x.Effective), Ahead: x.Effective > entries.Today(s.opt.Now()), Revision: x.Revision, Open: x.State.Open(), New: x.Base == nil,
		Differences: s.compare(r, x.Base, x.Entry), Edits: x.Edit, May: map[string]bool{}, Path: draftPath + id, Entry: entryPath + x.Entry.Code, Problem: problem, Reason: reason,
	}
	for _, action := range s.opt.Desk.May(x, a) {
		d.May[string(action)] = true
	}
	d.Self = x.State == entries.Writing && (a.Ref() == x.Author || a.Ref() == x.Editor)
	if s.opt.Explain != nil && x.State.Open() {
		d.Ask = askPath + "?draft=" + id
	}
	var err error
	if d.Moved, err = s.opt.Desk.Moved(ctx, x); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	if x.State.Open() {
		if d.Findings, err = s.findings(r, x.Entry); err != nil {
			s.kit.Fail(w, r, err)
			return
		}
	}
	for _, f := range d.Findings {
		if f.Error {
			d.Errors++
		}
	}
	if x.Revision != 0 {
		list, err := entries.History(ctx, s.opt.Read, x.Entry.Code)
		if err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		for i, fate := range entries.Fates(list) {
			if list[i].Number == x.Revision {
				d.FateKey = "procedures.desk_fate_" + string(fate)
			}
		}
	}
	steps, err := s.opt.Desk.Timeline(ctx, x.ID, a)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	for _, t := range slices.Backward(steps) {
		l := stepLine{At: t.At, DidKey: "procedures.desk_did_" + string(t.Action), Who: who.name(t.Actor), Reason: t.Reason}
		if t.Action == entries.Effect {
			l.Moved, l.Reason = t.Reason == "moved", ""
		}
		d.Timeline = append(d.Timeline, l)
	}
	s.render(w, r, status, "draft", d)
}

// postDo does one thing to a draft. What is refused is told on the draft's own page, as it is now.
func (s *service) postDo(w http.ResponseWriter, r *http.Request) {
	x, ok := s.draft(w, r)
	if !ok {
		return
	}
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	c := entries.Command{Action: entries.Action(r.PathValue("action")), Hash: f.Line("hash"), Reason: f.Get("reason")}
	if c.Action == entries.Edit || c.Action == entries.Begin || c.Action == entries.Effect {
		s.kit.NotFound(w, r)
		return
	}
	if c.Version, err = strconv.ParseInt(f.Line("version"), 10, 64); err != nil {
		c.Version = -1 // a form of ours always has one
	}
	if c.Action == entries.Publish && !f.On("sure") {
		s.answerDraft(w, r, http.StatusUnprocessableEntity, x, s.kit.T(r, "procedures.desk_need_sure"), "")
		return
	}
	err = s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		x, err = s.opt.Desk.Do(ctx, work, x.ID, actor(r), c)
		return err
	})
	if err != nil {
		s.refused(w, r, err, f.Get("reason"))
		return
	}
	if c.Action == entries.Publish {
		s.opt.Desk.Changed(context.WithoutCancel(r.Context()))
	}
	s.kit.Done(w, r, draftPath+r.PathValue("id"), flashOf(x, c.Action))
}

// refused shows the draft as it is by now, with the reason why nothing happened, and the one that was typed.
func (s *service) refused(w http.ResponseWriter, r *http.Request, err error, typed string) {
	f := s.kit.NewForm(nil)
	if !f.FailWith("action", err) {
		s.kit.Fail(w, r, err)
		return
	}
	status := http.StatusConflict
	switch {
	case bot.IsCode(err, bot.Denied):
		s.kit.Fail(w, r, err)
		return
	case bot.IsCode(err, bot.Invalid):
		status = http.StatusUnprocessableEntity
	}
	x, ok := s.draft(w, r)
	if !ok {
		return
	}
	s.answerDraft(w, r, status, x, s.words(r, err), typed)
}

// flashOf says what was done, and how to undo it.
func flashOf(x entries.Draft, a entries.Action) web.Flash {
	fl := web.Flash{Key: "procedures.desk_done_" + string(a), Args: []any{"name", x.Entry.Name, "day", day(x.Effective)}}
	back := map[entries.Action]entries.Action{entries.Cancel: entries.Reopen, entries.Schedule: entries.Unschedule}[a]
	if back != "" {
		fl.Undo = &web.Undo{Path: draftPath + strconv.FormatInt(x.ID, 10) + "/do/" + string(back), Fields: map[string]string{"version": strconv.FormatInt(x.Version, 10)}}
	}
	return fl
}
