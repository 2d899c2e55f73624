// Package procedures answers questions about administrative procedures from
// the published knowledge base: the card of a procedure, one side of it that
// was asked for, a short list to choose from, or an honest "not known".
//
// The truth is the published revision that package entries keeps. [Live] builds
// a search index of it, aside, and swaps it in whole; publishing bumps a number
// that Live notices, so every process follows and rollback is a number. The console of the
// knowledge base is a package below this one; [New] makes one feature of both.
package procedures

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/handlers/procedures/stale"
	"cchcbot/knowledge"
)

//go:embed text/*.toml
var texts embed.FS

// Schema is the line of migrations "procedures", for commands that need no feature.
func Schema() fs.FS { return entries.Schema() }

// Texts are the words of the feature, for commands that need no feature.
func Texts() fs.FS { return texts }

// Field is a line of the menu of fields.
type Field struct {
	ID    string
	Title map[string]string // by language
	Names []string          // names of the field in the entries (Entry.Field)
}

// Seen is what the feature concluded about one question, for figures and for
// the command line. Question is personal: it is never logged.
type Seen struct {
	Question string
	Found    knowledge.Found
}

// Options is what the feature works with. Live, Read and Sealer are required.
type Options struct {
	Live   *Live
	Read   Reader // committed data, outside a unit of work
	Sealer bot.Sealer
	Fields []Field // the menu, in order
	// PublicURL is the address of this program for links to /tthc/{code}; "" leaves them out.
	PublicURL string
	// Portal is the national portal, where files are handed in and looked up.
	Portal string
	// Hotline is the number to call when the bot does not know, "" for none; nil is "".
	Hotline func() string
	Observe func(Seen) // told of every question; may be nil
	// Now is the clock of the pages; nil means time.Now.
	Now func() time.Time
	// StaleAfter is how old facts may grow before the bot says so; 0 means [stale.DefaultAge].
	StaleAfter time.Duration
	// Broken reports whether an address of a source was found broken; nil: none is known to be.
	Broken func(address string) bool
	// Fee is the fee of an entry as citizens read it; nil: as it stands there.
	Fee func(*knowledge.Entry) string
	// Listed is the name that the national list has for a code, "" for none; nil: there is no list. It
	// names what takes the place of a procedure where no entry does.
	Listed func(code string) string
	// Parts are the other sides of procedures: the console of the knowledge base, its jobs.
	Parts []bot.Feature
}

type service struct {
	opt  Options
	base *url.URL
}

// Times the conversation remembers what it is about.
const (
	contextTTL   = 30 * time.Minute
	memoryCode   = "procedures.code"   // the procedure last shown
	memoryFacet  = "procedures.facet"  // the side asked for before the procedure was named
	memoryChoice = "procedures.choice" // the procedures that a question back is about
)

// New checks the options and returns the feature.
func New(opt Options) (bot.Feature, error) {
	s, err := newService(opt)
	if err != nil {
		return bot.Feature{}, err
	}
	f := s.feature()
	for _, p := range opt.Parts {
		f.Pages, f.Nav, f.Jobs = append(f.Pages, p.Pages...), append(f.Nav, p.Nav...), append(f.Jobs, p.Jobs...)
		if p.Figures != nil {
			f.Figures = p.Figures
		}
	}
	return f, nil
}

func newService(opt Options) (*service, error) {
	if opt.Live == nil || opt.Read == nil || opt.Sealer == nil {
		return nil, errors.New("procedures: needs Live, Read and Sealer")
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.StaleAfter <= 0 {
		opt.StaleAfter = stale.DefaultAge
	}
	if opt.Broken == nil {
		opt.Broken = func(string) bool { return false }
	}
	if opt.Fee == nil {
		opt.Fee = func(e *knowledge.Entry) string { return e.Fee }
	}
	if opt.Listed == nil {
		opt.Listed = func(string) string { return "" }
	}
	s := &service{opt: opt}
	if opt.PublicURL != "" {
		u, err := url.Parse(opt.PublicURL)
		if err != nil || u.Host == "" {
			return nil, errors.New("procedures: PublicURL is not an address")
		}
		s.base = u
	}
	return s, nil
}

// readable is an entry as citizens read it.
func (s *service) readable(e *knowledge.Entry) *knowledge.Entry {
	fee, conditions := s.opt.Fee(e), e.Conditions
	if noConditions(conditions) {
		conditions = ""
	}
	if fee == e.Fee && conditions == e.Conditions {
		return e
	}
	shown := *e
	shown.Fee, shown.Conditions = fee, conditions
	return &shown
}

// noConditions reports that the source only writes that there are none: as the first
// words of an answer "Không" would say no to whatever was asked.
func noConditions(text string) bool {
	text = strings.TrimSuffix(strings.ToLower(strings.Trim(text, " .!\n")), "điều kiện")
	switch strings.TrimRight(text, ", ") {
	case "không", "không có", "không quy định", "không có thông tin", "không yêu cầu", "không có yêu cầu":
		return true
	}
	return false
}

// Preview shows entries as the feature does, for the console.
type Preview struct{ s *service }

// NewPreview makes a preview with the feature's options.
func NewPreview(opt Options) (*Preview, error) {
	s, err := newService(opt)
	if err != nil {
		return nil, err
	}
	return &Preview{s}, nil
}

// Card is what the bot says of one side of an entry.
func (p *Preview) Card(e *knowledge.Entry, f knowledge.Facet) bot.Reply {
	return p.s.compose(p.s.opt.Now(), e, wanted{facet: f})
}

// Page answers with the page of an entry.
func (p *Preview) Page(w http.ResponseWriter, e *knowledge.Entry) { p.s.writePage(w, e, "no-store") }

func (s *service) feature() bot.Feature {
	return bot.Feature{
		Name: "procedures",
		Routes: []bot.Route{
			{Name: "procedures.ask", Intents: []string{"question", bot.IntentRest}, Digress: true, Leave: true, Handle: s.ask},
			{Awaits: memoryChoice, Handle: s.chosen},
			{Awaits: memoryChoice, Handle: s.none},
			{Awaits: memoryCode, Handle: s.none},
			{Name: "procedures.fields", Command: "thutuc", Button: "procedures:fields", Words: "procedures.words_fields", Handle: s.fields},
			{Button: "procedures:field", Handle: s.field},
			{Button: "procedures:show", Handle: s.show},
			{Button: "procedures:facet", Handle: s.facet},
			{Button: "procedures:pick", Handle: s.pick},
			{Command: "cuocsong", Button: "procedures:situations", Words: "procedures.words_situations", Handle: s.situations},
			{Button: "procedures:situation", Handle: s.situation},
			{Button: "procedures:more", Handle: s.more},
			{Button: "procedures:rate", Handle: s.rate},
			{Button: "procedures:helpful", Handle: s.helpful},
			{Button: "procedures:unhelpful", Handle: s.unhelpful},
			{Button: "procedures:wrong", Handle: s.wrong},
		},
		Conversations: []bot.Conversation{s.wrongForm()},
		Jobs:          []bot.Job{{Name: "procedures.reload", Every: reloadEvery, Run: s.opt.Live.Refresh}},
		Schema:        Schema(),
		Texts:         texts,
		Pages:         s.pages(),
		Commands: []bot.CommandHelp{
			{Command: "thutuc", Key: "procedures.command_fields"}, {Command: "cuocsong", Key: "procedures.command_situations"},
		},
		Export: s.export,
		Forget: s.forget,
	}
}
