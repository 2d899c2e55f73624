package procedures

import (
	"context"
	"slices"
	"strings"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

const (
	maxChoices   = 6 // procedures in a list
	maxQuestions = 2 // asked back before the list is shown
)

// choice is what the conversation remembers of procedures that fit a question:
// codes and what was asked, never the words of the citizen.
type choice struct {
	All    []string        // what fitted at first, likeliest first
	Left   []string        // what fits by now
	Before []string        // what fitted before the last answer, for a correction of it
	Facet  knowledge.Facet // the side that was asked for
	Asked  []string        // attributes that were asked about
	Groups []choiceGroup   // the answers to the last of them
	Done   bool            // one was shown: from here only a correction counts
}

// choiceGroup is an answer to a question back and the places in choice.All that it leaves.
type choiceGroup struct {
	ID string
	At []int
}

// choose asks which of the procedures that fit is meant.
func (s *service) choose(ctx context.Context, t *bot.Turn, found knowledge.Found) error {
	c := choice{Facet: found.Facet}
	for _, h := range found.Hits[:min(len(found.Hits), maxChoices)] {
		c.All = append(c.All, h.Entry.Code)
	}
	c.Left = c.All
	return s.proceed(ctx, t, c)
}

// proceed shows the one procedure that is left, asks the question that tells
// most of the others apart, or shows them as a list.
func (s *service) proceed(ctx context.Context, t *bot.Turn, c choice) error {
	if len(c.Left) == 1 {
		c.Done = true
		if err := t.Remember(memoryChoice, c, contextTTL); err != nil {
			return err
		}
		return s.answer(ctx, t, wanted{code: c.Left[0], facet: c.Facet})
	}
	c.Done = false
	r := bot.Reply{Key: "procedures.choose"}
	split, ok := s.opt.Live.Split(c.Left, c.Asked)
	if ok = ok && len(c.Asked) < maxQuestions; ok {
		r.Key, r.Args = "procedures.split_"+split.By, said(split)
		c.Asked, c.Groups = append(slices.Clone(c.Asked), split.By), nil
		for _, g := range split.Groups {
			c.Groups = append(c.Groups, choiceGroup{g.ID, places(c.All, g.Codes)})
			r.Buttons = append(r.Buttons, bot.Button{Key: groupKey(split.By, g.ID), Payload: "procedures:pick:" + split.By + ":" + g.ID})
		}
	} else {
		for _, code := range c.Left[:min(len(c.Left), maxChoices)] {
			if e, known := s.opt.Live.ByCode(code); known {
				r.Buttons = append(r.Buttons, bot.Button{Title: shortName(e), Payload: sidePayload(c.Facet, code)})
			}
		}
	}
	t.Reply(r)
	return t.Remember(memoryChoice, c, contextTTL)
}

// said are the answers to a question about what is to be done, to be said in its
// sentence: the last as z, those before it as a to d.
func said(split knowledge.Split) []any {
	args := []any{"a", "", "b", "", "c", "", "d", "", "z", ""}
	if split.By != "action" {
		return nil
	}
	for i, g := range split.Groups {
		words := bot.Words("procedures.say_action_" + g.ID)
		if i == len(split.Groups)-1 {
			args[9] = words
		} else if at := 2*i + 1; at < 9 {
			args[at] = words
		}
	}
	return args
}

// groupKey is the text key of an answer's button.
func groupKey(by, group string) string {
	if group == "other" {
		return "procedures.group_other"
	}
	return "procedures.group_" + by + "_" + group
}

func places(all, codes []string) []int {
	var out []int
	for _, c := range codes {
		if i := slices.Index(all, c); i >= 0 {
			out = append(out, i)
		}
	}
	return out
}

// sidePayload is the button of one side of a procedure, of its card when none was asked for.
func sidePayload(f knowledge.Facet, code string) string {
	if f == "" || f == knowledge.Overview {
		return "procedures:show:" + code
	}
	return facetPayload(f, code)
}

// relatedFrom is how likely a procedure must be to stand under an answer about something else.
const relatedFrom = 0.9

// Related is the button of the procedure that a message about something else speaks
// of; false where that is not all but certain, or nobody wrote how citizens call it,
// or it only explains what is said already.
func Related(found knowledge.Found) (bot.Button, bool) {
	if found.Outcome != knowledge.Answer || len(found.Hits) == 0 || found.Hits[0].Score < relatedFrom {
		return bot.Button{}, false
	}
	e := found.Hits[0].Entry
	if len(e.Aliases) == 0 || e.Kind == knowledge.Explainer {
		return bot.Button{}, false
	}
	return bot.Button{Title: shortName(e), Payload: sidePayload(knowledge.Overview, e.Code)}, true
}

// pick takes the answer to a question back by its button. The button of an
// earlier question asks the open one again.
func (s *service) pick(ctx context.Context, t *bot.Turn) error {
	by, group, _ := strings.Cut(t.Arg(), ":")
	var c choice
	if !t.Recall(memoryChoice, &c) || len(c.Asked) == 0 {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.choice_gone"}
	}
	i := slices.IndexFunc(c.Groups, func(g choiceGroup) bool { return g.ID == group })
	if i < 0 || c.Asked[len(c.Asked)-1] != by {
		c.Left, c.Asked = c.All, nil
		return s.proceed(ctx, t, c)
	}
	c.Before, c.Left = c.Left, nil
	for _, at := range c.Groups[i].At {
		if at >= 0 && at < len(c.All) {
			c.Left = append(c.Left, c.All[at])
		}
	}
	if len(c.Left) == 0 {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.choice_gone"}
	}
	return s.proceed(ctx, t, c)
}

// chosen takes the answer to a question back in words ("bị mất", "cho con"), and
// a correction after that ("à không, đổi cơ"); any other text it leaves to others.
func (s *service) chosen(ctx context.Context, t *bot.Turn) error {
	var c choice
	text := t.Update.Text
	if t.Session.Active != nil || !t.Recall(memoryChoice, &c) {
		return bot.ErrPass
	}
	p, ok := s.opt.Live.Pick(text, c.Left)
	for _, codes := range [][]string{c.Before, c.All} { // a correction takes the last answer back, or all of them
		if ok && !p.Fix && !c.Done {
			break
		}
		if again, fits := s.opt.Live.Pick(text, codes); fits {
			p, ok = again, true
			break
		}
	}
	if !ok || c.Done && !p.Fix {
		return bot.ErrPass
	}
	switch n := len(c.Asked); {
	case p.Fix:
		c.Asked = nil
	case len(p.Codes) == len(c.Left) && n > 0: // only a side: the question stays open
		c.Asked = c.Asked[:n-1]
	}
	if !p.Fix {
		c.Before = c.Left
	}
	c.Left = p.Codes
	if p.Facet != knowledge.Overview {
		c.Facet = p.Facet
	}
	return s.proceed(ctx, t, c)
}
