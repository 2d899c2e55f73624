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
	Commands      []CommandHelp
	Figures       func(context.Context, Period, Scope) ([]Figure, error)
	// Export hands over and Forget erases everything the feature keeps of a person.
	Export func(context.Context, Tx, PersonID) ([]Record, error)
	Forget func(context.Context, Tx, PersonID) error
}

// Route leads an update to a handler. Of Command, Button, Event, Words and
// Intents at least one is set, or only Name for a route that others open.
type Route struct {
	Name    string   // what Turn.Open opens; unique
	Command string   // "start" for /start
	Button  string   // "feature:verb"; the rest of the payload is Turn.Arg
	Event   Event    // something that is not a message
	Words   string   // text key of words separated by "|" that lead here from anywhere
	Intents []string // free texts of these intents
	// Interrupt lets the intents of this route break into a conversation under
	// way: an emergency, a denunciation that must not be kept.
	Interrupt bool
	// Digress lets this route answer a text that a step of a form did not take;
	// the step is asked again afterwards.
	Digress bool
	Handle  Handler
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
	Roles   []Role // who may see it in the console; empty for a public page
	Handler http.Handler
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
