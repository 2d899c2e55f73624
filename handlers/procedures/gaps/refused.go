package gaps

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
)

// sameQuestion is how many of its words a question must share with one that the bot does not
// answer by decision: all but one of ten. A decision is about that question and no other.
const sameQuestion = 0.8

// refused are the questions that are not answered by decision.
type refused struct{ now atomic.Pointer[refusedAt] }

type refusedAt struct {
	stamp string
	words [][]string
}

// Refusal is a decision not to answer a question.
type Refusal struct {
	ID       int64
	Gap      int64
	Question string
	Actor    string
	At       time.Time
}

// Refresh reads the decisions anew when there are others.
func (b *Book) Refresh(ctx context.Context) error {
	var n, last, removed int64
	if err := b.opt.Read.QueryRowContext(ctx, `select count(*), coalesce(max(id), 0), coalesce(sum(case when removed > 0 then 1 else 0 end), 0) from procedures_out`).Scan(&n, &last, &removed); err != nil {
		return fmt.Errorf("read decisions: %w", err)
	}
	stamp := fmt.Sprint(n, " ", last, " ", removed)
	if cur := b.refused.now.Load(); cur != nil && cur.stamp == stamp {
		return nil
	}
	words, err := Decisions(ctx, b.opt.Read)
	if err != nil {
		return err
	}
	b.refused.now.Store(&refusedAt{stamp: stamp, words: words})
	return nil
}

// Decisions are the words of the questions that are not answered by decision.
func Decisions(ctx context.Context, q entries.Reader) (out [][]string, err error) {
	err = bot.EachRow(ctx, q, `select words from procedures_out where removed = 0 order by id limit $1`, []any{maxOut}, func(s bot.Scanner) error {
		var text string
		var words []string
		if err := s.Scan(&text); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &words); err != nil {
			return err
		}
		out = append(out, words)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	return out, nil
}

// Refuses reports whether a question is one that the bot does not answer by decision.
func (b *Book) Refuses(question string) bool {
	cur := b.refused.now.Load()
	if cur == nil || len(cur.words) == 0 {
		return false
	}
	return Refused(cur.words, b.words(question))
}

// Refused reports whether the words of a question are those of one of the decisions.
func Refused(decisions [][]string, words []string) bool {
	if len(words) == 0 {
		return false
	}
	return slices.ContainsFunc(decisions, func(d []string) bool {
		same := 0
		for _, w := range d {
			if slices.Contains(words, w) {
				same++
			}
		}
		return float64(same) >= sameQuestion*float64(len(d)+len(words)-same)
	})
}

// Refusals lists the decisions in force, newest first.
func (b *Book) Refusals(ctx context.Context) ([]Refusal, error) {
	var out []Refusal
	if err := bot.EachRow(ctx, b.opt.Read, `select id, gap, question, actor, at from procedures_out where removed = 0 order by id desc limit $1`, []any{maxOut}, func(s bot.Scanner) error {
		var r Refusal
		var sealed []byte
		var at int64
		if err := s.Scan(&r.ID, &r.Gap, &sealed, &r.Actor, &at); err != nil {
			return err
		}
		var err error
		r.At = bot.FromMillis(at)
		r.Question, err = b.open(sealed, outAAD)
		out = append(out, r)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	return out, nil
}

// Decided are the words of the questions that are not answered, as Refresh read them last.
func (b *Book) Decided() [][]string {
	if cur := b.refused.now.Load(); cur != nil {
		return cur.words
	}
	return nil
}
