package complaints

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/mask"
	"cchcbot/knowledge/directory"
)

// draft is what the citizen has told us so far. It lives in the sealed session
// and nowhere else until it is submitted.
type draft struct {
	Kind cases.Kind `json:"kind,omitempty"`
	// Group is a first answer that stands for two kinds: groupOther, groupPraise.
	Group string     `json:"group,omitempty"`
	Guess cases.Kind `json:"guess,omitempty"` // proposed from the first words
	// Perhaps: the words may be a question as well; the citizen is asked first.
	Perhaps bool   `json:"perhaps,omitempty"`
	Mixed   bool   `json:"mixed,omitempty"` // the words hold two matters; Guess is the stricter
	What    string `json:"what,omitempty"`
	Danger  string `json:"danger,omitempty"` // "": not asked for; ask, yes, no

	Field   string `json:"field,omitempty"`
	Subject string `json:"subject,omitempty"`
	Page    int    `json:"page,omitempty"` // of the list being shown

	PlaceID   string        `json:"place,omitempty"`
	PlaceText string        `json:"place_text,omitempty"`
	Location  *bot.Place    `json:"location,omitempty"`
	Choices   []string      `json:"choices,omitempty"` // units to choose from
	Why       directory.Why `json:"why,omitempty"`
	Of        string        `json:"of,omitempty"`       // the unit that was divided or dissolved
	District  string        `json:"district,omitempty"` // chosen in the list
	Landmark  string        `json:"landmark,omitempty"`
	Named     string        `json:"named,omitempty"` // body complained about

	Day     string   `json:"day,omitempty"`
	Media   []string `json:"media,omitempty"`
	Name    string   `json:"name,omitempty"`
	Phone   string   `json:"phone,omitempty"`
	Address string   `json:"address,omitempty"`
	Public  string   `json:"public,omitempty"` // yes, no

	// For is the case in which an office waits for an answer, while it is asked whether this is one.
	For string `json:"for,omitempty"`
	// Aside: another draft is put aside, and the citizen has to say which of the two goes on.
	Aside bool `json:"aside,omitempty"`

	Visitor bool   `json:"visitor,omitempty"` // an officer files it for somebody
	FiledBy int64  `json:"filed_by,omitempty"`
	Consent string `json:"consent,omitempty"` // what the visitor agreed to
	Anyway  bool   `json:"anyway,omitempty"`  // although it says the same as an earlier case
}

// Limits of a draft.
const (
	maxWhat    = 4000 // letters
	minWhat    = 10
	maxFiles   = 5
	maxName    = 100
	maxAddress = 200
	maxShown   = 300 // letters of a text in a review
	formTTL    = 7 * 24 * time.Hour
	listPage   = 8 // lines of a list of buttons
)

// identified reports whether name and contact are asked for.
func (d draft) identified() bool { return d.Kind.Identified() || d.Visitor }

// located reports whether the place is asked for: a wish about a rule has none.
func (d draft) located() bool {
	return d.Kind == cases.Scene || d.Kind == cases.Conduct || d.Kind == cases.Petition || d.Kind == cases.Praise
}

// begun is a form of which something was said before it began.
type begun struct {
	bot.Conversation
	version int
	done    []string // steps that were answered
	answers any
}

// Start implements bot.Conversation. No form of a complaint is filled in before the
// eyes of a group.
func (b begun) Start(ctx context.Context, t *bot.Turn) error {
	if t.Update.Group {
		t.Reply(bot.Reply{Key: "complaints.not_in_group", Quiet: true})
		return nil
	}
	answers, err := json.Marshal(b.answers)
	if err != nil {
		return fmt.Errorf("form %s: %w", b.Name(), err)
	}
	asker, ok := b.Conversation.(bot.Asker)
	if !ok {
		return fmt.Errorf("form %s cannot ask again", b.Name())
	}
	t.Session.Active = &bot.Active{
		Name: b.Name(), ID: bot.NewID(), Version: b.version, Done: b.done,
		Answers: answers, Started: t.Now(), Expires: t.Now().Add(formTTL),
	}
	return asker.AskAgain(ctx, t)
}

// saveAnswers keeps a draft that was changed outside of a step.
func saveAnswers(t *bot.Turn, d any) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("keep a draft: %w", err)
	}
	if a := t.Session.Active; a != nil {
		a.Answers = b
	}
	return nil
}

// settle notes that a step was answered by another one.
func settle(t *bot.Turn, steps ...string) {
	a := t.Session.Active
	if a == nil { // the turn led out of the form
		return
	}
	for _, step := range steps {
		if !slices.Contains(a.Done, step) {
			a.Done = append(a.Done, step)
		}
	}
}

// reopenStep has a step asked again because an answer it rests on has changed.
func reopenStep(t *bot.Turn, steps ...string) {
	a := t.Session.Active
	if a == nil {
		return
	}
	a.Done = slices.DeleteFunc(a.Done, func(s string) bool { return slices.Contains(steps, s) })
}

// written takes what the citizen wrote, with numbers of papers hidden: they are
// never needed, and the citizen is told so.
func written(t *bot.Turn, shortest, longest int) (string, error) {
	in := t.Update.Text
	switch n := utf8.RuneCountInString(in); {
	case n == 0:
		return "", bot.Again("bot.need_text")
	case n < shortest:
		return "", bot.Again("bot.too_short", "shortest", shortest)
	case n > longest:
		return "", bot.Again("bot.too_long", "longest", longest, "length", n)
	}
	return hidePapers(t, in), nil
}

func hidePapers(t *bot.Turn, in string) string {
	out := mask.Papers(in)
	if out != in {
		t.Reply(bot.Reply{Key: "complaints.papers_hidden", Quiet: true})
	}
	return out
}

// shorten cuts a text for a card.
func shorten(s string, letters int) string {
	if utf8.RuneCountInString(s) <= letters {
		return s
	}
	r := []rune(s)
	return strings.TrimSpace(string(r[:letters-1])) + "…"
}
