package register

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
)

// postEdit saves a version of the text and leads to its preview.
func (g *Register) postEdit(w http.ResponseWriter, r *http.Request) {
	f, err := g.kit.Form(r)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	x, err := g.caseOf(r, f.Line("code"))
	if err == nil {
		err = ready(x.c)
	}
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	base, err := strconv.ParseInt(f.Line("base"), 10, 64)
	if err != nil || base < 0 {
		g.kit.Fail(w, r, refusal(bot.Invalid, "complaints.invalid_command"))
		return
	}
	if x.k.State == statePublic {
		g.kit.Fail(w, r, refusal(bot.Conflict, "complaints.register_conflict_public"))
		return
	}
	text, err := g.typed(r.Context(), x, f)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	if f.Failed() {
		g.renderEdit(w, r, http.StatusUnprocessableEntity, x, f, false)
		return
	}
	err = g.keep(r.Context(), x, base, text)
	switch {
	case bot.IsCode(err, bot.Conflict):
		// What was typed stays; the version it will replace is the one that is there now.
		if x, err = g.caseOf(r, x.c.Code); err != nil {
			g.kit.Fail(w, r, err)
			return
		}
		g.renderEdit(w, r, http.StatusConflict, x, f, true)
	case err != nil:
		g.kit.Fail(w, r, err)
	default:
		g.kit.Redirect(w, r, pathOf(previewPath, x.c.Code))
	}
}

// typed reads a text from the form and notes what is wrong with it.
func (g *Register) typed(ctx context.Context, x at, f *web.Form) (Content, error) {
	text, err := g.text(ctx, x)
	if err != nil {
		return text, err
	}
	check := func(field, value string, limit int, needed bool) string {
		switch {
		case value == "" && needed:
			f.Fail(field, "complaints.register_invalid_empty")
		case utf8.RuneCountInString(value) > limit:
			f.Fail(field, "complaints.invalid_long", "limit", limit)
		}
		return value
	}
	text.Title = check("title", f.Line("title"), maxTitle, true)
	text.Question = check("question", f.Get("question"), maxQuestion, true)
	text.Street = check("street", f.Line("street"), maxStreet, false)
	text.Answers = slices.Clone(text.Answers)
	for i := range text.Answers {
		name := answerField(text.Answers[i].Round)
		text.Answers[i].Text = check(name, f.Get(name), maxAnswer, true)
	}
	body, err := g.opt.Desk.Body(ctx, x.c.ID, x.a)
	if err != nil {
		return text, err
	}
	answers, err := g.opt.Desk.Answers(ctx, x.c.ID, x.a)
	if err != nil {
		return text, err
	}
	photos, err := g.photos(ctx, body, answers)
	if err != nil {
		return text, err
	}
	text.Photos = nil
	chosen := f.All("photo")
	for _, p := range photos { // in the order of the case; what is not of the case is left out
		if slices.Contains(chosen, p.id) && len(text.Photos) < maxPhotos {
			text.Photos = append(text.Photos, p.id)
		}
	}
	return text, nil
}

// keep stores a version on top of the one that the officer saw. It voids a proposal.
func (g *Register) keep(ctx context.Context, x at, base int64, text Content) error {
	hash, err := g.hash(x.c.Code, text)
	if err != nil {
		return err
	}
	return g.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		k, known, err := workOf(ctx, tx, x.c.ID)
		if err != nil {
			return err
		}
		if k.Revision != base || k.State == statePublic || k.State == stateWithdrawn {
			return refusal(bot.Conflict, "complaints.register_conflict_public")
		}
		if old, ok, err := g.version(ctx, tx, x.c.ID, x.c.Code, base); err != nil || ok && old.Hash == hash {
			return err // nothing was changed
		}
		due := k.Due
		k = g.begin(k, known, x.c)
		k.State = stateOpen
		if known {
			k.Due = due
		}
		if k.Revision, err = g.save(ctx, tx, x.c.ID, x.c.Code, x.a.Ref(), hash, text); err != nil {
			return err
		}
		if err := k.put(ctx, tx); err != nil {
			return err
		}
		return g.opt.Audit(ctx, tx, x.a.Ref(), "complaints.register_save", cases.Thing(x.c.Code), "version "+strconv.FormatInt(k.Revision, 10)+" "+hash[:16])
	})
}

// showPreview shows the very page that everybody would read, and what can be done with it.
func (g *Register) showPreview(w http.ResponseWriter, r *http.Request) {
	x, err := g.caseOf(r, r.URL.Query().Get("code"))
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	if !x.saved && x.k.State != stateWithdrawn && ready(x.c) == nil {
		g.kit.Redirect(w, r, pathOf(editPath, x.c.Code))
		return
	}
	g.renderPreview(w, r, http.StatusOK, x, g.kit.NewForm(url.Values{}))
}

func (g *Register) renderPreview(w http.ResponseWriter, r *http.Request, status int, x at, f *web.Form) {
	d := previewData{Style: stylePath, Code: x.c.Code, State: string(x.k.State), Form: f, Back: workPath, Allowed: publicable(x.c)}
	if !x.known {
		d.State = string(stateOpen)
	}
	d.StateKey = "complaints.register_state_" + d.State
	may := g.opt.Desk.May(x.c, x.a)
	var err error
	if x.saved {
		if d.Article, err = g.html("vi", x.c.Code, x.v.content, ownPhoto(x.c.Code)); err != nil {
			g.kit.Fail(w, r, err)
			return
		}
		if d.Hash, err = g.hash(x.c.Code, x.v.content); err != nil {
			g.kit.Fail(w, r, err)
			return
		}
		d.Left, d.Photos = countsOf(x.v.content.left()), len(x.v.content.Photos) > 0
		d.Outdated = x.v.content.Last().Round != x.c.Round
		if x.k.State == stateOpen && slices.Contains(may, cases.PublishPropose) && !d.Outdated {
			d.Propose = proposePath
		}
		if x.k.State == stateProposed {
			d.Own = x.v.Proposer == x.a.Ref()
			d.By, d.When = g.who(r, x.v.Proposer), x.v.Proposed
			if slices.Contains(may, cases.PublishConfirm) && !d.Own {
				d.Confirm = confirmPath
			}
		}
	}
	if x.k.State == statePublic {
		d.Public = listPath + "/" + x.c.Code
		d.By, d.When = g.who(r, x.v.Confirmer), x.v.Confirmed
	} else if ready(x.c) == nil {
		d.Edit = pathOf(editPath, x.c.Code)
	}
	if x.k.State != stateDeclined && x.k.State != stateWithdrawn && slices.Contains(may, cases.PublishDecline) {
		d.Decline = declinePath
	}
	if d.History, err = g.history(r, x); err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	g.kit.Render(w, r, status, g.views["preview"], d)
}

// act reads a posted form about one case, checks it, and does one thing to the case.
func (g *Register) act(w http.ResponseWriter, r *http.Request, check func(x at, f *web.Form), command func(f *web.Form) cases.Command, done string) {
	f, err := g.kit.Form(r)
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	x, err := g.caseOf(r, f.Line("code"))
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	if check(x, f); f.Failed() {
		g.renderPreview(w, r, http.StatusUnprocessableEntity, x, f)
		return
	}
	err = g.opt.Do(r.Context(), func(ctx context.Context, w *bot.Work) error {
		_, err := g.opt.Desk.Do(ctx, w, x.c.ID, x.a, command(f))
		return err
	})
	if err != nil {
		g.kit.Fail(w, r, err)
		return
	}
	g.kit.Done(w, r, pathOf(previewPath, x.c.Code), web.Flash{Key: done, Args: []any{"code", x.c.Code}})
}

// ticked checks what a person says to have looked at.
func ticked(x at, f *web.Form) {
	if !f.On("read") {
		f.Fail("read", "complaints.register_invalid_tick")
	}
	if len(x.v.content.left()) > 0 && !f.On("left") {
		f.Fail("left", "complaints.register_invalid_tick")
	}
	if len(x.v.content.Photos) > 0 && !f.On("photos") {
		f.Fail("photos", "complaints.register_invalid_tick")
	}
}

// postPropose hands the text, as it was seen, to a second person.
func (g *Register) postPropose(w http.ResponseWriter, r *http.Request) {
	g.act(w, r, ticked, func(f *web.Form) cases.Command {
		return cases.Command{Action: cases.PublishPropose, Public: f.Line("hash")}
	}, "complaints.register_done_propose")
}

// postConfirm publishes the text, as it was seen.
func (g *Register) postConfirm(w http.ResponseWriter, r *http.Request) {
	g.act(w, r, ticked, func(f *web.Form) cases.Command {
		return cases.Command{Action: cases.PublishConfirm, Public: f.Line("hash")}
	}, "complaints.register_done_confirm")
}

// postDecline takes an entry down, or says that a text is not published.
func (g *Register) postDecline(w http.ResponseWriter, r *http.Request) {
	g.act(w, r, func(_ at, f *web.Form) {
		reason := f.Get("reason")
		if reason == "" {
			f.Fail("reason", "complaints.invalid_reason")
		}
		if utf8.RuneCountInString(reason) > 1000 {
			f.Fail("reason", "complaints.invalid_long", "limit", 1000)
		}
	}, func(f *web.Form) cases.Command {
		return cases.Command{Action: cases.PublishDecline, Reason: f.Get("reason")}
	}, "complaints.register_done_decline")
}
