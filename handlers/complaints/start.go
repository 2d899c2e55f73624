package complaints

import (
	"context"
	"encoding/json"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/intent"
)

// start begins the form with its first question: what it is about.
func (s *service) start(ctx context.Context, t *bot.Turn) error {
	return s.begin(ctx, t, draft{})
}

// said begins the form with what the citizen wrote: it is not asked for again.
// Words that only say that there is something to report ("phản ánh") are none.
func (s *service) said(ctx context.Context, t *bot.Turn) error {
	d := draft{}
	in := t.Intent()
	words := t.Text()
	if t.Session.Active == nil && !t.Update.Group {
		if done, err := s.aboutOwn(ctx, t, words); done || err != nil {
			return err
		}
	}
	if len([]rune(words)) < minWhat && !s.wantsBack(words) || len([]rune(words)) > maxWhat || t.Update.Group {
		return s.begin(ctx, t, d)
	}
	if t.Session.Active != nil && t.Session.Active.Name == s.form.Name() {
		return bot.ErrPass
	}
	if s.namedForAccusation(t) {
		return s.drop(t, true, false)
	}
	if s.wantsBack(words) {
		return s.askWithdraw(ctx, t)
	}
	if s.announces(words) {
		if _, err := s.files(ctx, t, &d.Media); err != nil {
			return err
		}
		return s.begin(ctx, t, d)
	}
	d.Guess, d.Mixed = s.guess(in, words)
	d.What = hidePapers(t, words)
	s.danger(t, &d)
	if m := s.subjects(words); len(m) > 0 {
		d.Field, d.Subject = m[0].Field.ID, subjectOf(m[0])
	}
	if d.Guess == "" && s.alsoScene(words) { // "phản ánh đường hỏng": what the words speak of says of what kind it is
		d.Guess = cases.Scene
	}
	var err error
	if d.For, err = s.awaited(ctx, t); err != nil {
		return err
	}
	if _, err := s.files(ctx, t, &d.Media); err != nil {
		return err
	}
	return s.begin(ctx, t, d)
}

// perhaps looks at a text that shows no sign of a question, or asks whom to tell, and that speaks of a
// field of complaints: "cây xăng bơm thiếu", "karaoke ồn ào thì báo ai". It proposes to report it; the
// citizen decides. Whoever asks only where one reports is asked what it is.
func (s *service) perhaps(ctx context.Context, t *bot.Turn) error {
	words := t.Text()
	whoTo := s.speaksOf(words, s.phrases[whom])
	reports := s.speaksOf(words, s.phrases[reportWord])
	if t.Intent().Name == string(intent.Office) {
		whoTo = whoTo && reports // "làm khai sinh liên hệ ở đâu" asks for an office
	}
	if t.Session.Active != nil || t.Update.Group || len(strings.Fields(words)) < fewWords || len([]rune(words)) > maxWhat ||
		!whoTo && !s.tells(t, words) {
		return bot.ErrPass
	}
	m := s.subjects(words)
	if whoTo && s.saysOnly(words, announce, wish, whom, filler) {
		return s.begin(ctx, t, draft{})
	}
	if len(m) == 0 || s.saysOnly(words, addMore, announce, wish, filler) || whoTo && !troubled(m[0].Field.ID, reports) || s.opt.Answers(words) || s.opt.Knows(words) {
		return bot.ErrPass
	}
	if s.namedForAccusation(t) {
		return s.drop(t, true, false)
	}
	d := draft{What: hidePapers(t, words), Perhaps: true, Guess: guessOf(m[0].Field.ID), Field: m[0].Field.ID, Subject: subjectOf(m[0])}
	s.danger(t, &d)
	if _, err := s.files(ctx, t, &d.Media); err != nil {
		return err
	}
	return s.open(ctx, t, d)
}

// tells reports whether a text tells something: it has no sign of a question, or only one that a long
// story has as well: "… cả tuần mà chưa ai đến sửa".
func (s *service) tells(t *bot.Turn, words string) bool {
	in := t.Intent()
	if in.Name != string(intent.Question) {
		return false
	}
	return in.Confidence <= plainStatement || in.Confidence <= asksInWords && len(strings.Fields(words)) >= storyWords &&
		!strings.Contains(words, "?") && !s.speaksOf(words, s.phrases[asking]) && s.scene(words)
}

// storyWords is how many words a story has at least.
const storyWords = 8

// scene reports whether the first thing that a text speaks of is a thing at a place.
func (s *service) scene(text string) bool {
	m := s.subjects(text)
	return len(m) > 0 && sceneField(m[0].Field.ID)
}

// troubled reports whether a field is about what people report, and hardly about a procedure; that of
// procedures is, when they say that they report.
func troubled(field string, reports bool) bool {
	return sceneField(field) || field == "an-ninh-trat-tu" || field == fieldConduct || reports && field == "thu-tuc-hanh-chinh"
}

// A text may be a report when the classifier found no sign of anything else in
// it, and it is more than a name.
const (
	plainStatement = 0.5
	fewWords       = 4
)

// guessOf proposes a kind from a field.
func guessOf(field string) cases.Kind {
	switch {
	case sceneField(field), field == "an-ninh-trat-tu", field == "nong-nghiep", field == "cong-thuong":
		return cases.Scene
	case field == fieldConduct, field == "thu-tuc-hanh-chinh":
		return cases.Conduct
	case field == fieldRule:
		return cases.Rule
	}
	return cases.Petition
}

// guess proposes a kind from the words. Of a text that holds two matters, the
// road and the officer, the stricter one counts until they are told apart.
func (s *service) guess(in bot.Intent, words string) (kind cases.Kind, mixed bool) {
	switch in.Hint {
	case intent.Conduct:
		return cases.Conduct, s.alsoScene(words)
	case intent.Rule:
		return cases.Rule, false
	case intent.Praise:
		return cases.Praise, false
	case intent.Scene:
		return cases.Scene, false
	case intent.Idea:
		return cases.Idea, false
	case intent.Petition:
		return cases.Petition, false
	}
	return "", false
}

// begin starts the form, or shows the draft that is under way or put aside.
func (s *service) begin(ctx context.Context, t *bot.Turn, d draft) error {
	if t.Update.Group {
		t.Reply(bot.Reply{Key: "complaints.not_in_group", Quiet: true})
		return nil
	}
	if a := t.Session.Active; a != nil && a.Name == s.form.Name() {
		t.Reply(bot.Reply{Key: "complaints.under_way", Quiet: true})
		return nil // the open question is asked again
	}
	if d.What == "" && len(d.Media) == 0 && s.putAside(t) {
		t.Reply(bot.Reply{Key: "complaints.put_aside", Buttons: []bot.Button{
			{Key: "bot.form_resume", Payload: "form:resume"}, {Key: "complaints.button_fresh", Payload: "complaints:fresh"},
		}})
		return nil
	}
	return s.open(ctx, t, d)
}

// putAside reports whether another draft waits to be taken up again.
func (s *service) putAside(t *bot.Turn) bool {
	p := t.Session.Parked
	return p != nil && p.Name == s.form.Name() && t.Now().Before(p.Expires) && len(p.Done) > 0
}

// askAside asks which goes on: the draft that was put aside, or what was just begun. Only one
// is kept, and the citizen was told that his first one is.
func askAside(_ context.Context, _ *bot.Turn, _ draft) (bot.Reply, error) {
	return bot.Reply{Key: "complaints.put_aside_new", Buttons: []bot.Button{
		{Key: "bot.form_resume", Payload: "form:resume"}, {Key: "complaints.button_new", Payload: bot.Answer("new")},
	}}, nil
}

// acceptAside goes on with what was just begun; the other draft goes, with its files.
func (s *service) acceptAside(ctx context.Context, t *bot.Turn, d *draft) error {
	if v, ok := t.Answered(); !ok || v != "new" {
		return bot.Again("bot.need_pick")
	}
	d.Aside = false
	p := t.Session.Parked
	t.Session.Parked = nil
	var old draft
	if p != nil {
		_ = json.Unmarshal(p.Answers, &old) // of what cannot be read no files are known
	}
	if s.opt.Media == nil || len(old.Media) == 0 {
		return nil
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	return s.opt.Media.Discard(ctx, tx, t.Update.Key(), old.Media...)
}

// open starts the form anew.
func (s *service) open(ctx context.Context, t *bot.Turn, d draft) error {
	d.Aside = s.putAside(t)
	var done []string
	if d.What != "" {
		done = append(done, stepWhat)
	}
	return t.Begin(ctx, begun{Conversation: s.form, version: formVersion, done: done, answers: d})
}

// fresh throws a draft away that was put aside, with its files, and begins anew.
func (s *service) fresh(ctx context.Context, t *bot.Turn) error {
	if a := t.Session.Active; a != nil && a.Name == s.form.Name() {
		t.Session.Active = nil
	}
	if p := t.Session.Parked; p != nil && p.Name == s.form.Name() {
		t.Session.Parked = nil
	}
	if s.opt.Media != nil {
		tx, err := t.Tx(ctx)
		if err != nil {
			return err
		}
		if err := s.opt.Media.Discard(ctx, tx, t.Update.Key()); err != nil {
			return err
		}
	}
	return s.open(ctx, t, draft{})
}

// overdue tells what to do about a file that is late: first ask where it was handed in
// (Nghị định 118/2025/NĐ-CP: whoever is late apologises in writing), then report it.
func (s *service) overdue(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{Key: "complaints.overdue", Buttons: []bot.Button{
		{Key: "complaints.button_overdue", Payload: "complaints:late"}, buttonOfficer(),
	}})
	return nil
}

// late begins a complaint about a file that is late: an office was slow.
func (s *service) late(ctx context.Context, t *bot.Turn) error {
	if a := t.Session.Active; a != nil && a.Name == s.form.Name() {
		return s.begin(ctx, t, draft{})
	}
	return t.Begin(ctx, begun{
		Conversation: s.form, version: formVersion, done: []string{stepKind},
		answers: draft{Kind: cases.Conduct, Field: fieldConduct, Aside: s.putAside(t)},
	})
}
