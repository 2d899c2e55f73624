package bot

import (
	"context"
	"io/fs"
	"net/http"
	"time"
)

// Feature is everything one capability adds. The zero value of a field means none.
type Feature struct {
	Name          string // prefix of its tables, buttons, text keys and metrics
	Routes        []Route
	Conversations []Conversation
	Jobs          []Job
	Schema        fs.FS  // the line's migrations: 0001_init.sql and on
	Texts         fs.FS  // text/vi.toml and text/en.toml
	Pages         []Page // public and console pages
	Nav           []Nav  // lines of the console's menu
	Commands      []CommandHelp
	Figures       func(context.Context, Period, Scope) ([]Figure, error)
	// Export hands over and Forget erases everything the feature keeps of a person.
	Export func(context.Context, Tx, PersonID) ([]Record, error)
	Forget func(context.Context, Tx, PersonID) error
	// Dropped erases everything the feature keeps of a conversation beside its
	// session: files on their way into a draft, a draft of its own. It runs in the
	// transaction that ends a dropped turn ([Turn.Drop]) or forgets a citizen, after
	// what the handler wrote; when it fails nothing of the turn is committed and the
	// turn is tried again. What was handed over, a case that was filed, is not of the conversation any more.
	Dropped func(context.Context, Tx, SessionKey) error
}

// Route leads an update to a handler. Of Command, Button, Event, Words and
// Intents at least one is set, or only Name for a route that others open, or
// Awaits for one that hears answers.
type Route struct {
	Name    string   // what Turn.Open opens; unique
	Command string   // "start" for /start
	Button  string   // "feature:verb"; the rest of the payload is Turn.Arg
	Event   Event    // something that is not a message
	Words   string   // text key of words separated by "|" that lead here from anywhere; ErrPass leaves one to others
	Intents []string // free texts of these intents
	// Interrupt lets the intents of this route break into a conversation under
	// way: an emergency, a denunciation that must not be kept.
	Interrupt bool
	// Digress lets this route answer a text that a step of a form did not take;
	// the step is asked again afterwards.
	Digress bool
	// Leave lets this route take a text that a step of a light form did not take
	// (Form.Light); the form then ends and nothing is asked again. A text that is longer
	// than such a form needs is offered before the step sees it, see [Router.leave].
	Leave bool
	// Replies offers this route every message that answers one of the bot's own
	// (Update.ReplyTo), before anybody else reads its text; a command is none. It
	// returns ErrPass for those it has nothing to do with.
	Replies bool
	// Awaits names a remembered value (Turn.Remember): while it is there, every
	// free text outside of a form is offered to this route before its intent
	// counts, for it may answer a question that the bot asked without a form
	// ("không", "cho con"). It returns ErrPass for those that answer nothing.
	Awaits string
	Handle Handler
}

// CommandHelp is a line of the platform's command menu; Key is its description.
type CommandHelp struct{ Command, Key string }

// Job is periodic work, run by one process under a lease.
type Job struct {
	Name  string
	Every time.Duration
	Run   func(ctx context.Context) error
}

// Page is an HTTP page of a feature.
type Page struct {
	Pattern string // as net/http.ServeMux takes it: "GET /tthc/{code}"
	// Roles are who may see it in the console, in any scope: the page itself
	// narrows by scope and answers 404 for somebody else's record. Empty for a public page.
	Roles   []Role
	Body    int64 // largest body in bytes; 0 for the server's own limit
	Handler http.Handler
}

// Nav is a line of the console's menu, shown to officers with one of the roles.
type Nav struct {
	Key   string // text key
	Path  string // "/console/complaints"
	Roles []Role
}

// Period is a span of time for figures: From inclusive, To exclusive.
type Period struct{ From, To time.Time }

// Figure is one number of a report.
type Figure struct {
	Key   string // text key of its label
	Value float64
	Link  string // page that lists what it counts
}

// Record is one thing kept about a person, for an export.
type Record struct {
	Kind string
	At   time.Time
	Data map[string]any
}
