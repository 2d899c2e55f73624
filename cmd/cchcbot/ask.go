package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures"
	"cchcbot/handlers/procedures/gaps"
	"cchcbot/knowledge"
	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

// AskCmd is `cchcbot ask`.
type AskCmd struct {
	Question []string `arg:"" optional:"" help:"The question, or - to read one a line from standard input."`
	JSON     bool     `help:"One JSON object a line: outcome, facet, hits, text."`
	Limit    int      `default:"5" help:"Hits to list, 1 to 20."`
}

// Help is the example below --help.
func (AskCmd) Help() string {
	return "Examples:\n  cchcbot ask lam giay khai sinh can gi\n  cchcbot ask --json - < questions.txt"
}

// askAnswer is one line of `ask --json`.
type askAnswer struct {
	Question string            `json:"question"`
	Outcome  knowledge.Outcome `json:"outcome"`
	Facet    knowledge.Facet   `json:"facet"`
	Hits     []askHit          `json:"hits"`
	// Also is the second thing that was asked, Situation the event of life told.
	Also      *askSecond `json:"also,omitempty"`
	Situation string     `json:"situation,omitempty"`
	Text      string     `json:"text"`
}

type askSecond struct {
	Facet knowledge.Facet `json:"facet"`
	Hits  []askHit        `json:"hits"`
}

type askHit struct {
	Code  string  `json:"code"`
	Name  string  `json:"name"`
	Score float64 `json:"score"`
}

// maxLine bounds a line of standard input, in bytes.
const maxLine = 1 << 20

// Run answers the question, or each line of standard input.
func (c *AskCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if c.Limit < 1 || c.Limit > 20 {
		return &usageError{"--limit is 1 to 20"}
	}
	question := strings.TrimSpace(strings.Join(c.Question, " "))
	if question == "" {
		return &usageError{"what is the question? Example: cchcbot ask lam giay khai sinh can gi"}
	}
	level := *cfg
	if level.LogLevel == "info" {
		level.LogLevel = "warn" // the answer is what is wanted here
	}
	log := level.Logger(io.err)
	d, err := openData(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer d.Close()
	a, err := newAsker(ctx, d, log)
	if err != nil {
		return err
	}
	if err := a.open(ctx, cfg); err != nil {
		return err
	}
	defer a.close()
	a.limit = c.Limit
	if question != "-" {
		return a.print(ctx, io, question, c.JSON)
	}
	lines := bufio.NewScanner(io.in)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for lines.Scan() {
		if q := strings.TrimSpace(lines.Text()); q != "" {
			if err := a.print(ctx, io, q, c.JSON); err != nil {
				return err
			}
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line is longer than %d bytes", maxLine)
	}
	return lines.Err()
}

// asker answers questions outside of any conversation.
type asker struct {
	live       *procedures.Live
	classifier *intent.Classifier
	data       *data
	log        *slog.Logger
	limit      int

	// A whole bot on a throwaway store: what it says is what a citizen reads.
	house   *house
	runtime *data
	folder  string
	reader  *capture
	asked   int
}

func newAsker(ctx context.Context, d *data, log *slog.Logger) (*asker, error) {
	classifier, err := intent.New()
	if err != nil {
		return nil, err
	}
	live := procedures.NewLive(d.db.Read(), buildIndex(time.Now), log)
	if err := live.Refresh(ctx); err != nil {
		return nil, err
	}
	lex, err := vietnamese.LoadLexicon()
	if err != nil {
		return nil, err
	}
	decided, err := gaps.Decisions(ctx, d.db.Read())
	if err != nil {
		return nil, err
	}
	words := contentWords(lex)
	live.Leave(func(question string) bool { return gaps.Refused(decided, words(question)) })
	return &asker{live: live, classifier: classifier, data: d, log: log, limit: 5}, nil
}

// found is what the bot concludes of a question: the same classifier and the
// same search as in a conversation.
func (a *asker) found(_ context.Context, question string) knowledge.Found {
	text := vietnamese.Clean(question)
	r := a.classifier.Classify(text)
	if out, other := outcomeOf(r.Kind); other {
		return knowledge.Found{Outcome: out, Facet: knowledge.Overview}
	}
	if r.Rest != "" {
		text = r.Rest
	}
	return a.live.Ask(knowledge.Query{Text: text, Limit: a.limit})
}

// curated reports whether somebody wrote an entry for the code, rather than that
// only the national list knows it.
func (a *asker) curated(code string) bool {
	e, ok := a.live.ByCode(code)
	return ok && (e.Summary != "" || len(e.Aliases) > 0)
}

// listMissed prints what an exam missed, by cause.
func (a *asker) listMissed(w io.Writer, answers []exam.Answer) {
	field := func(code string) string {
		if e, ok := a.live.ByCode(code); ok {
			return e.Field
		}
		return ""
	}
	missed := map[exam.Cause][]exam.Answer{}
	for _, m := range answers {
		if c := m.Cause(field); c != "" {
			missed[c] = append(missed[c], m)
		}
	}
	for _, c := range exam.Causes {
		if len(missed[c]) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s: %d\n", c, len(missed[c]))
		for _, m := range missed[c] {
			best := ""
			if len(m.Found.Hits) > 0 {
				best = fmt.Sprintf("  [%.2f %s]", m.Found.Hits[0].Score, m.Found.Hits[0].Entry.Code)
			}
			fmt.Fprintf(w, "  %s%s\n", m.Question.Text, best)
		}
	}
	fmt.Fprintln(w)
}

// outcomeOf says how an intent that is no question ends.
func outcomeOf(k intent.Kind) (knowledge.Outcome, bool) {
	switch k {
	case intent.Question, intent.English:
		return "", false
	case intent.Greeting, intent.Thanks, intent.Bye, intent.Ack, intent.Abuse, intent.Help:
		return knowledge.Talk, true
	case intent.Empty, intent.Gibberish:
		return knowledge.Unknown, true
	default:
		return knowledge.Handoff, true
	}
}

func (a *asker) open(ctx context.Context, cfg *Config) (err error) {
	if a.folder, err = os.MkdirTemp("", "cchcbot-ask-"); err != nil {
		return err
	}
	c := *cfg
	c.Data, c.SecretKey = a.folder, ""
	if a.runtime, err = openRuntime(ctx, &c, a.log); err != nil {
		return errors.Join(err, os.RemoveAll(a.folder))
	}
	a.reader = &capture{}
	a.house, err = newHouse(ctx, houseOptions{
		Config: cfg, Log: a.log, Data: a.runtime, Knowledge: a.data, Channels: only(a.reader), Live: a.live,
	})
	if err != nil {
		return errors.Join(err, a.close())
	}
	return nil
}

func (a *asker) close() error {
	err := a.runtime.Close()
	return errors.Join(err, os.RemoveAll(a.folder))
}

func (a *asker) print(ctx context.Context, io streams, question string, asJSON bool) error {
	text, err := a.text(ctx, question)
	if err != nil {
		return err
	}
	if !asJSON {
		_, err := fmt.Fprintln(io.out, text)
		return err
	}
	f := a.found(ctx, question)
	out := askAnswer{Question: question, Outcome: f.Outcome, Facet: f.Facet, Text: text}
	if out.Facet == "" {
		out.Facet = knowledge.Overview
	}
	out.Situation, out.Hits = f.Situation, askHits(f.Hits)
	if f.Also != nil {
		out.Also = &askSecond{f.Also.Facet, askHits(f.Also.Hits)}
	}
	enc := json.NewEncoder(io.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func askHits(hits []knowledge.Hit) []askHit {
	out := []askHit{}
	for _, h := range hits {
		out = append(out, askHit{h.Entry.Code, h.Entry.Name, h.Score})
	}
	return out
}

// text runs a turn of a citizen nobody has seen before.
func (a *asker) text(ctx context.Context, question string) (string, error) {
	a.asked++
	who := fmt.Sprintf("ask-%d", a.asked)
	a.reader.take()
	err := a.house.store.Accept(ctx, bot.Update{
		ID: who, Channel: a.reader.Name(), Chat: who, From: bot.Sender{ID: who}, At: a.house.now(), Text: question,
	})
	if err != nil {
		return "", err
	}
	if err := a.house.dispatcher.Drain(ctx); err != nil {
		return "", err
	}
	if err := a.house.delivery.Drain(ctx); err != nil {
		return "", err
	}
	return strings.Join(a.reader.take(), "\n\n"), nil
}

// capture is a channel that keeps what it is given.
type capture struct {
	mu   sync.Mutex
	said []string
}

// Name implements bot.Channel.
func (*capture) Name() string { return "terminal" }

// Limits implements bot.Channel: no buttons, so that choices stand in the text.
func (*capture) Limits() bot.Limits { return bot.Limits{} }

// Send implements bot.Channel.
func (c *capture) Send(_ context.Context, m bot.Message) (bot.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, m.Text)
	return bot.Receipt{}, nil
}

func (c *capture) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := c.said
	c.said = nil
	return said
}
