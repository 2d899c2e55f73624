package complaints

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/intent"
)

// addition is what the citizen says later about a case.
type addition struct {
	Code  string   `json:"code"`
	Text  string   `json:"text,omitempty"`
	Media []string `json:"media,omitempty"`
}

// stepAddition is the one question of the form that adds to a case.
const stepAddition = "text"

func (s *service) addForm() bot.Conversation {
	return bot.NewForm(bot.Form[addition]{
		Name: "complaints.add", Version: 1, Expires: formTTL,
		Steps: []bot.Step[addition]{{
			Name: stepAddition, Title: "complaints.title_addition",
			Ask: func(_ context.Context, _ *bot.Turn, d addition) (bot.Reply, error) {
				return bot.Reply{Key: "complaints.ask_add", Args: []any{"code", d.Code, "most", maxFiles}, Buttons: buttonDrop(d.Media)}, nil
			},
			Accept: s.acceptAddition,
		}},
		Review: s.reviewAddition,
		Submit: s.sendAddition,
	})
}

// reviewAddition shows what is added, and says of a public case that this is not published with it.
func (s *service) reviewAddition(ctx context.Context, t *bot.Turn, d addition) (bot.Reply, error) {
	if changed, err := s.keptFiles(ctx, t, &d.Media); err != nil {
		return bot.Reply{}, err
	} else if changed {
		if err := saveAnswers(t, d); err != nil {
			return bot.Reply{}, err
		}
	}
	c, err := s.caseOfArg(ctx, t, d.Code)
	if err != nil && !bot.IsCode(err, bot.NotFound) { // one that is gone is told when the addition is sent
		return bot.Reply{}, err
	}
	return bot.Reply{Key: "complaints.review_add", Args: []any{
		"code", d.Code, "text", shorten(d.Text, maxShown), "files", len(d.Media), "public", c.Public,
	}}, nil
}

// beginAdd asks what is to be added to a case.
func (s *service) beginAdd(ctx context.Context, t *bot.Turn) error {
	c, err := s.caseFor(ctx, t, func(c cases.Case) bool { return c.State == cases.Waiting })
	if err != nil {
		return err
	}
	if !s.may(c, t, cases.Add) {
		return s.notNow(t, c)
	}
	return t.Begin(ctx, begun{Conversation: s.add, version: 1, answers: addition{Code: c.Code}})
}

// acceptAddition takes words and files; files may come before the words or alone.
func (s *service) acceptAddition(ctx context.Context, t *bot.Turn, d *addition) error {
	if s.asks(t) {
		return bot.Again("")
	}
	if s.namedForAccusation(t) {
		return s.drop(t, true, false)
	}
	if dropped, err := s.dropsFiles(ctx, t, &d.Media); err != nil || dropped {
		return cmp.Or(err, bot.Stay())
	}
	if _, err := s.keptFiles(ctx, t, &d.Media); err != nil {
		return err
	}
	sent, err := s.files(ctx, t, &d.Media)
	if err != nil {
		return err
	}
	if t.Update.Text == "" {
		switch {
		case !sent:
			return bot.Again("bot.need_text")
		case len(d.Media) == 0:
			return bot.Stay() // not taken: why was said
		}
		return bot.More("complaints.media_more", "count", len(d.Media), "most", maxFiles)
	}
	if utf8.RuneCountInString(t.Update.Text) > maxWhat {
		return bot.Again("bot.too_long", "longest", maxWhat, "length", utf8.RuneCountInString(t.Update.Text))
	}
	d.Text = strings.TrimSpace(d.Text + "\n" + hidePapers(t, t.Update.Text))
	d.Text = shorten(d.Text, maxWhat)
	return nil
}

func (s *service) sendAddition(ctx context.Context, t *bot.Turn, d addition) error {
	if s.opt.Classify(d.Text).Name == string(intent.Denunciation) {
		return s.drop(t, true, false)
	}
	c, err := s.caseOfArg(ctx, t, d.Code)
	if err != nil {
		return err
	}
	if _, err := s.keptFiles(ctx, t, &d.Media); err != nil {
		return err
	}
	if d.Text == "" && len(d.Media) == 0 {
		return s.notNow(t, c) // all that was sent is gone
	}
	waited := c.State == cases.Waiting
	cmd := cases.Command{Action: cases.Add, Key: "add:" + t.ConversationID(), Text: d.Text, Media: d.Media}
	if len(d.Media) > 0 {
		cmd.MediaOwner = s.opt.Media.Owner(t.Update.Key())
	}
	c, err = s.opt.Desk.Do(ctx, t.Work, c.ID, holder(t), cmd)
	if err != nil {
		return err
	}
	t.Reply(bot.Reply{
		Key: "complaints.added", Args: append(s.holderArgs(c, t.Lang()), "waited", waited),
		Buttons: []bot.Button{{Key: "complaints.button_show", Payload: "complaints:show:" + c.Code}},
	})
	return nil
}

// may reports whether the citizen may do that now.
func (s *service) may(c cases.Case, t *bot.Turn, want cases.Action) bool {
	for _, a := range s.opt.Desk.May(c, holder(t)) {
		if a == want {
			return true
		}
	}
	return false
}

// notNow says where the case stands when what was asked for is not possible.
func (s *service) notNow(t *bot.Turn, c cases.Case) error {
	t.Reply(bot.Reply{Key: "complaints.not_now", Args: []any{"code", c.Code, "state", stateWords(c)}, Buttons: s.buttons(c, t)})
	return nil
}

// consent takes the permission to publish back.
func (s *service) consent(ctx context.Context, t *bot.Turn) error {
	c, err := s.caseFor(ctx, t, func(c cases.Case) bool { return c.Public })
	if err != nil {
		return err
	}
	if c.Public {
		if c, err = s.opt.Desk.Do(ctx, t.Work, c.ID, holder(t), cases.Command{Action: cases.Consent, Public: "no", Key: turnKey(t)}); err != nil {
			return err
		}
	}
	t.Reply(bot.Reply{Key: "complaints.private_now", Args: []any{"code", c.Code}, Buttons: s.buttons(c, t)})
	return nil
}

// opinion is what the citizen thinks of an answer.
type opinion struct {
	Code    string   `json:"code"`
	Solved  string   `json:"solved,omitempty"` // yes, no
	Overall int      `json:"overall,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
	Text    string   `json:"text,omitempty"`
}

// poor reports whether the citizen is not content: then the reasons are asked for.
func (o opinion) poor() bool { return o.Solved == "no" || o.Overall > 0 && o.Overall <= 2 }

// stepOpinion stands in saved sessions; maxOpinion is how many letters it may have.
const (
	stepOpinion = "text"
	maxOpinion  = 1000
)

// reasons are what can have been wrong, with the side of the answer they mark.
var reasons = [...]struct{ id, button string }{
	{"slow", "complaints.button_reason_slow"},
	{"manner", "complaints.button_reason_manner"},
	{"vague", "complaints.button_reason_vague"},
	{"undone", "complaints.button_reason_undone"},
	{"proof", "complaints.button_reason_proof"},
}

func (s *service) rateForm() bot.Conversation {
	return bot.NewForm(bot.Form[opinion]{
		Name: "complaints.rate", Version: 1, Expires: formTTL,
		Steps: []bot.Step[opinion]{
			{Name: "solved", Ask: func(_ context.Context, _ *bot.Turn, d opinion) (bot.Reply, error) {
				return bot.Reply{Key: "complaints.ask_solved", Args: []any{"code", d.Code}, Buttons: yesNo("complaints.button_solved", "complaints.button_unsolved")}, nil
			}, Accept: s.acceptSolved},
			{Name: "overall", Ask: askOverall, Accept: s.acceptOverall},
			{Name: "reason", Optional: true, Ask: askReason, Accept: s.acceptReason, When: opinion.poor},
			{Name: stepOpinion, Optional: true, Ask: bot.Ask[opinion]("complaints.ask_opinion"), When: opinion.poor,
				Accept: func(_ context.Context, t *bot.Turn, d *opinion) (err error) {
					d.Text, err = written(t, 2, maxOpinion)
					return err
				}},
		},
		Submit: s.sendOpinion,
	})
}

// beginRate begins the rating; solved is the first answer where a notice had it as a button.
func (s *service) beginRate(solved string) bot.Handler {
	return func(ctx context.Context, t *bot.Turn) error {
		c, err := s.caseFor(ctx, t, func(c cases.Case) bool { return c.State == cases.Answered && !c.Rating.Given() })
		if err != nil {
			return err
		}
		if !s.may(c, t, cases.Rate) {
			return s.notNow(t, c)
		}
		d, done := opinion{Code: c.Code, Solved: solved}, []string(nil)
		if solved != "" {
			done = []string{"solved"}
		}
		return t.Begin(ctx, begun{Conversation: s.rate, version: 1, done: done, answers: d})
	}
}

func (s *service) acceptSolved(_ context.Context, t *bot.Turn, d *opinion) error {
	v, ok := t.Answered()
	switch {
	case ok && (v == "yes" || v == "no"):
		d.Solved = v
	case !ok && (s.declines(t) || s.saysOnly(t.Update.Text, unsolved, filler)):
		d.Solved = "no"
	case !ok && (s.agrees(t) || s.saysOnly(t.Update.Text, solved, assent, filler)):
		d.Solved = "yes"
	default:
		return bot.Again("bot.need_pick")
	}
	return nil
}

// askOverall has the marks in their order: a typed "5" is the fifth button and the mark 5.
func askOverall(_ context.Context, _ *bot.Turn, _ opinion) (bot.Reply, error) {
	return bot.Reply{Key: "complaints.ask_overall", Buttons: []bot.Button{
		{Key: "complaints.button_mark_1", Payload: bot.Answer("1")}, {Key: "complaints.button_mark_2", Payload: bot.Answer("2")},
		{Key: "complaints.button_mark_3", Payload: bot.Answer("3")}, {Key: "complaints.button_mark_4", Payload: bot.Answer("4")},
		{Key: "complaints.button_mark_5", Payload: bot.Answer("5")},
	}}, nil
}

func (s *service) acceptOverall(_ context.Context, t *bot.Turn, d *opinion) error {
	v, ok := t.Answered()
	if !ok { // typed where numbers are no buttons, or in words
		v = s.mark(t.Update.Text)
	}
	if len(v) != 1 || v[0] < '1' || v[0] > '5' {
		return bot.Again("bot.need_pick")
	}
	d.Overall = int(v[0] - '0')
	return nil
}

// mark is the mark that typed words give, "" for none.
func (s *service) mark(text string) string {
	for i, kind := range marks {
		if s.saysOnly(text, kind, marked, filler) {
			return strconv.Itoa(i + 1)
		}
	}
	return ""
}

func askReason(_ context.Context, _ *bot.Turn, _ opinion) (bot.Reply, error) {
	r := bot.Reply{Key: "complaints.ask_reason"}
	for _, x := range reasons {
		r.Buttons = append(r.Buttons, bot.Button{Key: x.button, Payload: bot.Answer(x.id)})
	}
	return r, nil
}

// acceptReason takes a reason by its button; the citizen's own words are what he has to say.
func (s *service) acceptReason(_ context.Context, t *bot.Turn, d *opinion) (err error) {
	v, ok := t.Answered()
	if !ok {
		if d.Text, err = written(t, 2, maxOpinion); err == nil {
			settle(t, stepOpinion)
		}
		return err
	}
	for _, x := range reasons {
		if x.id == v {
			d.Reasons = []string{v}
			return nil
		}
	}
	return bot.Again("bot.need_pick")
}

// rating is the opinion as cases keep it: the reason marks its side of the answer.
func (o opinion) rating() cases.Rating {
	solved := o.Solved == "yes"
	r := cases.Rating{Solved: &solved, Overall: o.Overall, Reasons: o.Reasons, Text: o.Text}
	for _, reason := range o.Reasons {
		switch reason {
		case "slow":
			r.Time = o.Overall
		case "manner":
			r.Manner = o.Overall
		case "vague", "proof":
			r.Content = o.Overall
		case "undone":
			r.Result = o.Overall
		}
	}
	return r
}

func (s *service) sendOpinion(ctx context.Context, t *bot.Turn, d opinion) error {
	if d.Text != "" && s.opt.Classify(d.Text).Name == string(intent.Denunciation) {
		return s.drop(t, true, false)
	}
	c, err := s.caseOfArg(ctx, t, d.Code)
	if err != nil {
		return err
	}
	c, err = s.opt.Desk.Do(ctx, t.Work, c.ID, holder(t), cases.Command{Action: cases.Rate, Key: "rate:" + t.ConversationID(), Rating: d.rating()})
	if err != nil {
		return err
	}
	if d.poor() && s.may(c, t, cases.Reopen) {
		t.Reply(bot.Reply{Key: "complaints.offer_reopen", Args: []any{"code", c.Code}, Buttons: []bot.Button{
			{Key: "complaints.button_reopen", Payload: "complaints:reopen:" + c.Code}, {Key: "complaints.button_enough", Payload: "complaints:show:" + c.Code},
		}})
		return nil
	}
	t.Reply(bot.Reply{Key: "complaints.rated", Args: []any{"poor", d.poor()}, Buttons: []bot.Button{buttonMine()}})
	return nil
}
