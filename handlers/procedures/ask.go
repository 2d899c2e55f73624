package procedures

import (
	"context"
	"strings"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// sureQuestion is how sure the classifier must be that a text is a question
// before it is kept for the curators: an accusation in odd words must not be.
const sureQuestion = 0.7

// storyWords is the length, in words, from which a message is a story: then the
// answer begins with what was understood of it.
const storyWords = 15

// ask answers a free text.
func (s *service) ask(ctx context.Context, t *bot.Turn) error {
	text := t.Text()
	if text == "" {
		return bot.ErrPass
	}
	var code string
	t.Recall(memoryCode, &code)
	found := s.opt.Live.Ask(knowledge.Query{Text: text, Context: code, Limit: maxChoices})
	// In the middle of a form only a sure question may take the turn away from the answer,
	// in a light one also a question that is to be asked back.
	if t.Session.Active != nil && found.Outcome != knowledge.Answer && !(t.MayLeave() && found.Outcome == knowledge.Choose) {
		return bot.ErrPass
	}
	s.takeFacet(t, &found)
	if s.opt.Observe != nil {
		s.opt.Observe(Seen{Question: t.Update.Text, Found: found})
	}
	switch {
	case found.Outcome == knowledge.Choose && found.Situation != "":
		return s.follows(t, found.Situation)
	case found.Outcome == knowledge.Answer && found.Also != nil && len(found.Also.Hits) > 0:
		return s.answerTwo(ctx, t, found)
	case found.Outcome == knowledge.Answer && len(found.Hits) > 0, found.Outcome == knowledge.Choose && len(found.Hits) == 1:
		t.Forget(memoryChoice)
		return s.answer(ctx, t, wanted{
			code: found.Hits[0].Entry.Code, facet: found.Facet, family: found.Hits[0].Family, situation: found.Situation, told: story(text, found),
		})
	case found.Outcome == knowledge.Choose && len(found.Hits) > 1:
		return s.choose(ctx, t, found)
	case found.Facet != knowledge.Overview && found.Facet != "" && len(found.Hits) == 0:
		// "mất bao lâu?" out of nowhere: the question is clear, the procedure is not.
		t.Reply(bot.Reply{Key: "procedures.which", Buttons: []bot.Button{{Key: "procedures.button_fields", Payload: "procedures:fields"}}})
		return t.Remember(memoryFacet, found.Facet, contextTTL)
	}
	return s.unknown(ctx, t, text)
}

// story reports that the procedure was found in a message that says much more
// than its name.
func story(text string, found knowledge.Found) bool {
	words := len(strings.Fields(text))
	return !found.FollowUp && words >= storyWords && words >= 2*len(strings.Fields(shortName(found.Hits[0].Entry)))
}

// takeFacet puts the side that was asked for before into a question that names
// only the procedure: "mất bao lâu?" – "thủ tục nào?" – "khai sinh".
func (s *service) takeFacet(t *bot.Turn, found *knowledge.Found) {
	var before knowledge.Facet
	if !t.Recall(memoryFacet, &before) {
		return
	}
	t.Forget(memoryFacet)
	if found.Facet == "" || found.Facet == knowledge.Overview {
		found.Facet = before
	}
}

// answerTwo answers two questions of one message: two sides of a procedure in
// one answer, two procedures one after the other, each with its source.
func (s *service) answerTwo(ctx context.Context, t *bot.Turn, found knowledge.Found) error {
	first, second := found.Hits[0].Entry, found.Also.Hits[0].Entry
	t.Forget(memoryChoice)
	if first.Code == second.Code {
		if err := s.answer(ctx, t, wanted{code: first.Code, facet: found.Facet, also: found.Also.Facet, family: found.Hits[0].Family}); err != nil {
			return err
		}
	} else {
		if err := s.answer(ctx, t, wanted{code: first.Code, facet: found.Facet, family: found.Hits[0].Family, bare: true}); err != nil {
			return err
		}
		err := s.answer(ctx, t, wanted{code: second.Code, facet: found.Also.Facet, family: found.Also.Hits[0].Family, before: first.Code})
		if err != nil {
			return err
		}
	}
	if found.Rest {
		t.Reply(bot.Reply{Key: "procedures.third", Quiet: true})
	}
	return nil
}

// unknown says so, names who knows, and keeps the question for the curators.
func (s *service) unknown(ctx context.Context, t *bot.Turn, text string) error {
	phone := ""
	if s.opt.Hotline != nil {
		phone = s.opt.Hotline()
	}
	t.Reply(bot.Reply{Key: "procedures.unknown", Args: []any{"phone", phone}, Buttons: []bot.Button{
		{Key: "procedures.button_fields", Payload: "procedures:fields"},
		{Key: "procedures.button_hotlines", Payload: "directory:hotlines"},
		{Key: "procedures.button_officer", Payload: "directory:officer"},
	}})
	if t.Intent().Confidence < sureQuestion {
		return nil
	}
	return s.keepUnknown(ctx, t, text)
}
