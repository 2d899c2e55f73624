// Package procedures answers questions about administrative procedures from
// the published knowledge base: the card of a procedure, one side of it that
// was asked for, a short list to choose from, or an honest "not known".
//
// The truth is the published revision in this package's tables. [Live] builds
// a search index of it, aside, and swaps it in whole; publishing bumps a number
// that Live notices, so every process follows and rollback is a number.
package procedures

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/url"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

//go:embed text/*.toml
var texts embed.FS

//go:embed sql/*.sql
var schema embed.FS

// Schema is the package's line of migrations, for commands that need no feature.
func Schema() fs.FS {
	sub, err := fs.Sub(schema, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

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
}

type service struct {
	opt  Options
	base *url.URL
}

// Times the conversation remembers what it is about.
const (
	contextTTL  = 30 * time.Minute
	memoryCode  = "procedures.code"  // the procedure last shown
	memoryFacet = "procedures.facet" // the side asked for before the procedure was named
)

// New checks the options and returns the feature.
func New(opt Options) (bot.Feature, error) {
	if opt.Live == nil || opt.Read == nil || opt.Sealer == nil {
		return bot.Feature{}, errors.New("procedures: needs Live, Read and Sealer")
	}
	s := &service{opt: opt}
	if opt.PublicURL != "" {
		u, err := url.Parse(opt.PublicURL)
		if err != nil || u.Host == "" {
			return bot.Feature{}, errors.New("procedures: PublicURL is not an address")
		}
		s.base = u
	}
	return bot.Feature{
		Name: "procedures",
		Routes: []bot.Route{
			{Name: "procedures.ask", Intents: []string{"question", bot.IntentRest}, Digress: true, Handle: s.ask},
			{Name: "procedures.fields", Command: "thutuc", Button: "procedures:fields", Words: "procedures.words_fields", Handle: s.fields},
			{Button: "procedures:field", Handle: s.field},
			{Button: "procedures:show", Handle: s.show},
			{Button: "procedures:facet", Handle: s.facet},
			{Button: "procedures:more", Handle: s.more},
			{Button: "procedures:rate", Handle: s.rate},
			{Button: "procedures:helpful", Handle: s.helpful},
			{Button: "procedures:unhelpful", Handle: s.unhelpful},
			{Button: "procedures:wrong", Handle: s.wrong},
		},
		Conversations: []bot.Conversation{s.wrongForm()},
		Jobs:          []bot.Job{{Name: "procedures.reload", Every: reloadEvery, Run: opt.Live.Refresh}},
		Schema:        Schema(),
		Texts:         texts,
		Pages:         s.pages(),
		Commands:      []bot.CommandHelp{{Command: "thutuc", Key: "procedures.command_fields"}},
		Export:        s.export,
		Forget:        s.forget,
	}, nil
}

// ask answers a free text.
func (s *service) ask(ctx context.Context, t *bot.Turn) error {
	text := t.Text()
	if text == "" {
		return bot.ErrPass
	}
	var code string
	t.Recall(memoryCode, &code)
	found := s.opt.Live.Search(knowledge.Query{Text: text, Context: code, Limit: maxChoices})
	// In the middle of a form only a sure question may take the turn away from the answer.
	if t.Session.Active != nil && found.Outcome != knowledge.Answer {
		return bot.ErrPass
	}
	s.takeFacet(t, &found)
	if s.opt.Observe != nil {
		s.opt.Observe(Seen{Question: t.Update.Text, Found: found})
	}
	switch {
	case found.Outcome == knowledge.Answer && len(found.Hits) > 0:
		return s.answer(ctx, t, found.Hits[0].Entry.Code, found.Facet, found.Hits[0].Family)
	case found.Outcome == knowledge.Choose && len(found.Hits) > 1:
		return s.choose(t, found)
	case found.Outcome == knowledge.Choose && len(found.Hits) == 1:
		return s.answer(ctx, t, found.Hits[0].Entry.Code, found.Facet, found.Hits[0].Family)
	case found.Facet != knowledge.Overview && found.Facet != "" && len(found.Hits) == 0:
		// "mất bao lâu?" out of nowhere: the question is clear, the procedure is not.
		t.Reply(bot.Reply{Key: "procedures.which", Buttons: []bot.Button{{Key: "procedures.button_fields", Payload: "procedures:fields"}}})
		return t.Remember(memoryFacet, found.Facet, contextTTL)
	}
	return s.unknown(ctx, t, text)
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

// sureQuestion is how sure the classifier must be that a text is a question
// before it is kept for the curators: an accusation in odd words must not be.
const sureQuestion = 0.7

const maxChoices = 6

// choose offers the procedures that fit.
func (s *service) choose(t *bot.Turn, found knowledge.Found) error {
	r := bot.Reply{Key: "procedures.choose"}
	for _, h := range found.Hits[:min(len(found.Hits), maxChoices)] {
		payload := "procedures:show:" + h.Entry.Code
		if found.Facet != "" && found.Facet != knowledge.Overview {
			payload = "procedures:facet:" + string(found.Facet) + ":" + h.Entry.Code
		}
		r.Buttons = append(r.Buttons, bot.Button{Title: shortName(h.Entry), Payload: payload})
	}
	t.Reply(r)
	return nil
}
