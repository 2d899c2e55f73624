// Package exam measures how well questions are answered: it reads questions
// that people labelled with the right procedures, asks each, and reports how
// often the answer was right, how often the bot rightly or wrongly said that it
// does not know, and how long it took.
//
// What the figures mean is defined at Report. The package asks through an
// Asker, so that the search alone and the whole path a citizen's message takes
// (intent first, then the search) are measured with the same ruler.
package exam

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// Asker answers one question the way the program under examination does. Hits
// are best first; a hit stands for its Entry and every entry of its Family.
type Asker func(ctx context.Context, question string) knowledge.Found

// FromSearcher asks the search alone, without context and with the usual
// number of hits.
func FromSearcher(s knowledge.Searcher) Asker {
	return func(_ context.Context, question string) knowledge.Found {
		return s.Search(knowledge.Query{Text: question})
	}
}

// Answer is one question asked, as handed to Options.Each.
type Answer struct {
	Question Question
	Found    knowledge.Found
	// Rank is the place of the first right hit, 1 for the best; 0 when no hit
	// is right or when hits do not count (see Report).
	Rank int
	Took time.Duration
}

// Options are the extras of Run. The zero value asks for none.
type Options struct {
	Progress func(done, total int) // called after every question
	Each     func(Answer)          // called after every question of the first pass, in order
	Now      func() time.Time      // the clock; nil means time.Now
	// Curated says which codes somebody wrote an entry for; the parts of the
	// report go by it. nil: by the tags that the questions carry.
	Curated func(code string) bool
	// Toneless asks every question a second time without its tone marks, for
	// Report.Toneless.
	Toneless bool
}

// Run asks every question in order, one after the other so that the times are
// those of a single citizen, and returns the figures. It stops with the
// context's error when the context ends.
func Run(ctx context.Context, questions []Question, ask Asker, o Options) (Report, error) {
	if ask == nil {
		return Report{}, errors.New("exam: no asker given")
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	r := Report{Parts: map[Part]PartReport{}, ByTag: map[string]TagReport{}}
	took := make([]time.Duration, 0, len(questions))
	total := len(questions)
	if o.Toneless {
		total *= 2
	}
	for i, q := range questions {
		if err := ctx.Err(); err != nil {
			return Report{}, fmt.Errorf("exam: stopped after %d of %d questions: %w", i, len(questions), err)
		}
		start := now()
		found := ask(ctx, q.Text)
		a := Answer{Question: q, Found: found, Took: now().Sub(start), Rank: rank(q, found)}
		took = append(took, a.Took)
		r.add(a, q.part(o.Curated))
		if o.Each != nil {
			o.Each(a)
		}
		if o.Progress != nil {
			o.Progress(i+1, total)
		}
	}
	slices.Sort(took)
	r.P50, r.P99 = milliseconds(took, 50), milliseconds(took, 99)
	if !o.Toneless {
		return r, nil
	}
	plain := make([]Question, len(questions))
	for i, q := range questions {
		q.Text = StripTones(q.Text)
		plain[i] = q
	}
	second := Options{Now: o.Now, Curated: o.Curated}
	if o.Progress != nil {
		second.Progress = func(done, half int) { o.Progress(half+done, total) }
	}
	p, err := Run(ctx, plain, ask, second)
	r.Toneless = p.Parts
	return r, err
}

// StripTones is the text as somebody types it who leaves the marks out: "Đăng
// ký" becomes "Dang ky". Capitals stay.
func StripTones(s string) string {
	var b strings.Builder
	for _, r := range s {
		f := vietnamese.Fold(string(r))
		if unicode.IsUpper(r) {
			f = strings.ToUpper(f)
		}
		b.WriteString(f)
	}
	return b.String()
}

// rank finds the first right hit. Hits count only when the citizen saw them as
// an answer or as a choice.
func rank(q Question, f knowledge.Found) int {
	if f.Outcome != knowledge.Answer && f.Outcome != knowledge.Choose {
		return 0
	}
	for i, h := range f.Hits {
		if right(q, h) {
			return i + 1
		}
	}
	return 0
}

func right(q Question, h knowledge.Hit) bool {
	if h.Entry != nil && slices.Contains(q.Codes, h.Entry.Code) {
		return true
	}
	return slices.ContainsFunc(h.Family, func(e *knowledge.Entry) bool {
		return e != nil && slices.Contains(q.Codes, e.Code)
	})
}

// milliseconds is the nearest-rank percentile of sorted durations, 0 for none.
func milliseconds(sorted []time.Duration, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := (len(sorted)*percent + 99) / 100 // ceil(n*p/100), counted from 1
	return round(float64(sorted[max(i, 1)-1])/float64(time.Millisecond), 3)
}

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}
