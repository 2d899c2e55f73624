// Package gaps is what the knowledge base lacks, as citizens showed it: questions that nobody could
// answer, grouped by meaning, and answers that did not help or are wrong. Officers of the
// field look at them and make of one an everyday name, an entry, or the decision that the bot does
// not answer it; before that they see what it does to the exam.
//
// What may say who somebody is was hidden before a question is kept here, and it is sealed. Whoever
// asked is not known.
package gaps

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// Kind is what citizens showed.
type Kind string

// The kinds.
const (
	Unknown   Kind = "unknown"   // no answer was known
	Unhelpful Kind = "unhelpful" // the answer did not help
	Wrong     Kind = "wrong"     // the answer is said to be wrong
)

// State is how far a gap is.
type State string

// The states; docs/states.md draws them.
const (
	Open    State = "open"
	Working State = "working" // a draft that fills it is under way
	Done    State = "done"
	Out     State = "out" // the bot does not answer it, by decision
)

// States lists the states, in the order in which lists show them.
func States() []State { return []State{Open, Working, Done, Out} }

// Limits.
const (
	maxGaps      = 5000 // kept; of those that ended the oldest go first
	maxOut       = 2000 // decisions not to answer
	keptSamples  = 30   // questions of one gap, the latest
	maxReason    = 1000 // letters
	maxAlias     = 200  // letters
	groupAtOnce  = 200  // rows in one unit of work
	keptWords    = 30   // of a gap, those said most
	maxWords     = 40   // of a question
	groupEvery   = 5 * time.Minute
	refreshEvery = 5 * time.Second
)

// Gap is one.
type Gap struct {
	ID      int64
	Kind    Kind
	State   State
	Field   string // as entries name fields; "" for nobody yet
	Code    string // of the answer; for Unknown the likeliest entry, "" for none
	Sample  string // a question, or a note; personal data hidden
	Asked   int
	First   time.Time
	Last    time.Time
	Version int64
	Draft   int64 // that fills it; 0 for none
	Reason  string
	Actor   string
	Ended   time.Time

	words map[string]int
}

// Question is a labelled question of a trial.
type Question struct {
	Text string
	Code string // that answers it; "" when nothing does
}

// Trial is a change of the knowledge base whose effect is to be seen before it is made.
type Trial struct {
	Entry     *knowledge.Entry // stands in place of the published one of its code; nil for none
	Refused   [][]string       // words of questions that the bot would not answer any more
	Questions []Question       // those of the gap, asked besides the built-in exam
}

// Score is how an exam ended.
type Score struct {
	Questions int
	Right     int // the right entry first, or refused where nothing answers
}

// Effect is what a change does to the exam.
type Effect struct {
	Before, After Score
	Flips         []Flip // questions that end otherwise
}

// Flip is a question that ends otherwise.
type Flip struct {
	Question string
	Right    bool // after the change
}

// Options of New. Effect, Works and Log may be nil; the rest is required.
type Options struct {
	Read   entries.Reader
	Desk   *entries.Desk
	Do     func(ctx context.Context, f func(ctx context.Context, w *bot.Work) error) error
	Sealer bot.Sealer
	// Unanswered calls f with the questions nobody could answer after a row, oldest first.
	Unanswered func(ctx context.Context, after int64, limit int, f func(row int64, at time.Time, question string) error) error
	// Feedback does so for what citizens said of answers: code, verdict and, sometimes, a note.
	Feedback func(ctx context.Context, after int64, limit int, f func(row int64, at time.Time, code, verdict, note string) error) error
	// Search is what the bot finds, and Words are the words of a question that count, without marks.
	Search func(knowledge.Query) knowledge.Found
	Words  func(string) []string
	Mask   func(string) string // hides what may say who somebody is
	Clean  func(string) string // makes what people wrote NFC, printable and trimmed
	// Effect asks the exam with and without a change; nil: nobody sees it before.
	Effect func(ctx context.Context, t Trial) (Effect, error)
	Audit  entries.Audit
	Now    func() time.Time
	Log    *slog.Logger
}

// Book is the one door to gaps. It is safe for concurrent use.
type Book struct {
	opt     Options
	refused refused
}

// New checks the options.
func New(o Options) (*Book, error) {
	if o.Read == nil || o.Desk == nil || o.Do == nil || o.Sealer == nil || o.Unanswered == nil || o.Feedback == nil || o.Search == nil ||
		o.Words == nil || o.Mask == nil || o.Clean == nil || o.Audit == nil || o.Now == nil {
		return nil, errors.New("gaps: everything but Effect and Log is required")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Book{opt: o}, nil
}

// Jobs are the periodic work of gaps.
func (b *Book) Jobs() []bot.Job {
	return []bot.Job{
		{Name: "procedures.gaps", Every: groupEvery, Run: b.Group},
		{Name: "procedures.gap_drafts", Every: groupEvery, Run: b.Follow},
		{Name: "procedures.refused", Every: refreshEvery, Run: b.Refresh},
	}
}

// Thing is how a gap is called in the audit trail.
func Thing(id int64) string { return fmt.Sprintf("gap:%d", id) }

func refusal(code bot.Code, key string, args ...any) error {
	return &bot.Error{Code: code, Key: key, Args: args}
}

// What a sealed value is bound to.
const (
	sampleAAD   = "procedures_gaps/sample"
	questionAAD = "procedures_gap_questions/question"
	outAAD      = "procedures_out/question"
)

func (b *Book) seal(text, aad string) ([]byte, error) {
	sealed, err := b.opt.Sealer.Seal([]byte(text), aad)
	if err != nil {
		return nil, fmt.Errorf("seal question: %w", err)
	}
	return sealed, nil
}

func (b *Book) open(sealed []byte, aad string) (string, error) {
	plain, err := b.opt.Sealer.Open(sealed, aad)
	if err != nil {
		return "", fmt.Errorf("open question: %w", err)
	}
	return string(plain), nil
}

const columns = `g.id, g.kind, g.state, g.field, g.code, g.words, g.sample, g.asked, g.first, g.last, g.version, g.draft, g.reason, g.actor, g.ended`

func (b *Book) scan(s bot.Scanner) (g Gap, err error) {
	var words string
	var sample []byte
	var first, last, ended int64
	if err := s.Scan(&g.ID, &g.Kind, &g.State, &g.Field, &g.Code, &words, &sample, &g.Asked, &first, &last, &g.Version, &g.Draft, &g.Reason, &g.Actor, &ended); err != nil {
		return g, err
	}
	g.First, g.Last, g.Ended = bot.FromMillis(first), bot.FromMillis(last), bot.FromMillis(ended)
	if err := json.Unmarshal([]byte(words), &g.words); err != nil {
		return g, fmt.Errorf("gap %d cannot be read: %w", g.ID, err)
	}
	g.Sample, err = b.open(sample, sampleAAD)
	return g, err
}

func (b *Book) load(ctx context.Context, q entries.Reader, id int64) (Gap, error) {
	g, err := b.scan(q.QueryRowContext(ctx, `select `+columns+` from procedures_gaps g where g.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return g, refusal(bot.NotFound, "procedures.gap_none")
	}
	if err != nil {
		return g, fmt.Errorf("read gap: %w", err)
	}
	return g, nil
}
