package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/mask"
	"cchcbot/handlers/procedures"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/handlers/procedures/gaps"
	"cchcbot/knowledge"
	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

// contentWords are the words of a question that count, without tone marks: abbreviations
// written out, politeness taken off.
func contentWords(lex *vietnamese.Lexicon) func(string) []string {
	return func(text string) []string {
		tokens := lex.Normalize(vietnamese.Tokens(lex.Repair(vietnamese.Clean(text))))
		filler := lex.Fillers(tokens)
		var out []string
		for i, t := range tokens {
			if !filler[i] {
				out = append(out, t.Folded)
			}
		}
		return out
	}
}

// effects asks the built-in exam with and without a change of what is published.
type effects struct {
	read     entries.Reader
	classify func(string) bot.Intent
	build    procedures.Build
	words    func(string) []string
	refused  func() [][]string // decisions in force
	exam     func() ([]exam.Question, error)
	turn     sync.Mutex // one at a time: it takes all of a processor and much memory
}

// openExam are the labelled questions that anybody may tune on; the reporting part stays blind.
func openExam() ([]exam.Question, error) {
	basic, err := exam.Basic()
	if err != nil {
		return nil, err
	}
	tune, err := exam.Tune()
	return append(basic, tune...), err
}

// Effect implements gaps.Options.Effect. It builds two indexes, some hundred milliseconds each
// over the national list.
func (e *effects) Effect(ctx context.Context, t gaps.Trial) (gaps.Effect, error) {
	e.turn.Lock()
	defer e.turn.Unlock()
	heads, err := entries.Heads(ctx, e.read)
	if err != nil {
		return gaps.Effect{}, err
	}
	questions, err := e.questions(t)
	if err != nil {
		return gaps.Effect{}, err
	}
	before, err := e.ask(ctx, heads, e.refused(), questions)
	if err != nil {
		return gaps.Effect{}, err
	}
	after, err := e.ask(ctx, with(heads, t.Entry), slices.Concat(e.refused(), t.Refused), questions)
	if err != nil {
		return gaps.Effect{}, err
	}
	out := gaps.Effect{Before: gaps.Score{Questions: len(questions)}, After: gaps.Score{Questions: len(questions)}}
	for i := range questions {
		if before[i] {
			out.Before.Right++
		}
		if after[i] {
			out.After.Right++
		}
		if before[i] != after[i] {
			out.Flips = append(out.Flips, gaps.Flip{Question: questions[i].Text, Right: after[i]})
		}
	}
	return out, nil
}

// openGaps builds the officers' side of what nobody could answer.
func (h *house) openGaps(o houseOptions) error {
	lex, err := vietnamese.LoadLexicon()
	if err != nil {
		return err
	}
	read, words := o.Knowledge.db.Read(), contentWords(lex)
	tell := &effects{read: read, classify: h.classify, build: buildIndex(o.Now), words: words, exam: openExam}
	h.gaps, err = gaps.New(gaps.Options{
		Read: read, Desk: h.entries, Do: h.works.Do, Sealer: o.Data.keys, Search: h.live.Search, Words: words, Mask: mask.Public, Clean: vietnamese.Clean,
		Unanswered: func(ctx context.Context, after int64, limit int, f func(int64, time.Time, string) error) error {
			return procedures.UnansweredAfter(ctx, read, o.Data.keys, after, limit, f)
		},
		Feedback: func(ctx context.Context, after int64, limit int, f func(int64, time.Time, string, string, string) error) error {
			return procedures.FeedbackAfter(ctx, read, o.Data.keys, after, limit, f)
		},
		Effect: tell.Effect, Audit: h.store.Audit, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return err
	}
	tell.refused = h.gaps.Decided
	part, err := gaps.Part(gaps.PageOptions{Book: h.gaps, Console: h.console, Fields: func() []string {
		var out []string
		for _, f := range h.live.Fields() {
			out = append(out, f.Field)
		}
		slices.Sort(out)
		return out
	}})
	if err != nil {
		return err
	}
	h.knowledgeParts = append(h.knowledgeParts, part)
	if o.Live == nil { // else whoever handed it in asked for the decisions
		h.live.Leave(h.gaps.Refuses)
	}
	return nil
}

// with is a list of entries in which one stands in place of that of its code.
func with(heads []*knowledge.Entry, e *knowledge.Entry) []*knowledge.Entry {
	if e == nil {
		return heads
	}
	out := slices.Clone(heads)
	i := slices.IndexFunc(out, func(h *knowledge.Entry) bool { return h.Code == e.Code })
	if i < 0 {
		return append(out, e)
	}
	out[i] = e
	return out
}

// questions are those of the exam, and those of the gap.
func (e *effects) questions(t gaps.Trial) ([]exam.Question, error) {
	out, err := e.exam()
	if err != nil {
		return nil, err
	}
	out = slices.Clip(out)
	for _, q := range t.Questions {
		x := exam.Question{Text: q.Text, OutOfScope: q.Code == ""}
		if q.Code != "" {
			x.Codes = []string{q.Code}
		}
		out = append(out, x)
	}
	return out, nil
}

// ask reports which of the questions end right, with an index of its own and the bot's classifier.
func (e *effects) ask(ctx context.Context, heads []*knowledge.Entry, refused [][]string, questions []exam.Question) ([]bool, error) {
	if err := ctx.Err(); err != nil { // whoever asked is gone meanwhile
		return nil, err
	}
	s, err := e.build(heads)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(questions))
	for i, q := range questions {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f := e.found(s, refused, q.Text)
		switch {
		case q.OutOfScope:
			out[i] = f.Outcome != knowledge.Answer && f.Outcome != knowledge.Choose
		case f.Outcome == knowledge.Answer || f.Outcome == knowledge.Choose:
			out[i] = len(f.Hits) > 0 && slices.ContainsFunc(append(slices.Clip(f.Hits[0].Family), f.Hits[0].Entry), func(x *knowledge.Entry) bool { return slices.Contains(q.Codes, x.Code) })
		}
	}
	return out, nil
}

func (e *effects) found(s knowledge.Searcher, refused [][]string, question string) knowledge.Found {
	text := vietnamese.Clean(question)
	r := e.classify(text)
	if out, other := outcomeOf(intent.Kind(r.Name)); other {
		return knowledge.Found{Outcome: out}
	}
	if strings.TrimSpace(r.Rest) != "" {
		text = r.Rest
	}
	if gaps.Refused(refused, e.words(text)) {
		return knowledge.Found{Outcome: knowledge.Unknown}
	}
	return s.Ask(knowledge.Query{Text: text, Limit: 5})
}
