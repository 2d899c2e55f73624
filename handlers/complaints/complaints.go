// Package complaints is the citizen's side of a complaint (phản ánh, kiến nghị,
// góp ý, khen): from the first words to the answer and what the citizen thinks of it.
//
// What a case is and who may do what to it is package cases' business; this
// package talks. It asks for the kind with plain questions, fills in a form that
// can be interrupted and taken up again, shows the citizen's own cases, and tells
// what happens to them. What the law does not let the bot take (khiếu nại, tố
// cáo) is guided: see guide.go.
//
// The other sides of a complaint (agencies, console, register) are packages
// below this one; [New] makes one feature of all of them.
package complaints

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/agencies"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/desk"
	"cchcbot/handlers/complaints/register"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/intent"
)

//go:embed text/*.toml
var texts embed.FS

//go:embed sql/*.sql
var schema embed.FS

// Office is a place citizens are sent to; empty when the data knows none that may be shown.
type Office struct{ Name, Address string }

// Reader reads committed data, outside a unit of work. *sql.DB implements it.
type Reader = cases.Reader

// Options is what the feature works with. Desk, Read, Sealer, Directory, Phone,
// Reception, Texts and Fold are required.
type Options struct {
	Desk      *cases.Desk
	Read      Reader
	Sealer    bot.Sealer
	Works     *bot.Works                  // for jobs; nil leaves them out
	Directory func() *directory.Directory // of today
	Media     Media                       // nil: no files are taken
	Staff     bot.Staff                   // nil: nobody files for visitors
	// Texts renders the words a visitor agrees to, which are kept with the case.
	Texts bot.Texts
	// Classify says what kind of message a text is: what was written in several
	// messages is looked at once more as a whole before it is filed.
	Classify func(text string) bot.Intent
	// Answers reports whether a text is a question on a procedure that the bot
	// answers, so that it is not taken for an answer of the form. nil: none is.
	Answers func(text string) bool
	// Knows reports whether a text may want a procedure or tells a situation that the bot
	// knows, also where it would ask back which: then nobody is asked whether he complains.
	// nil: as Answers.
	Knows func(text string) bool
	// Phone returns the number of a published line by id ("khan-cap-113"), "" when it may not be shown.
	Phone func(id string) string
	// Reception is where citizens are received in person for complaints and denunciations.
	Reception func() Office
	// Fold makes texts comparable: lower case, without marks.
	Fold func(string) string
	// Similar finds what was answered and published about the same thing nearby, to
	// be read before the same is sent again. nil: nothing is looked for.
	Similar func(ctx context.Context, field, placeID, words string) ([]register.Published, error)
	// PublicURL is the address of this program, "" when it has none.
	PublicURL string
	// Parts are the other sides of complaints.
	Parts []bot.Feature
}

type service struct {
	opt    Options
	form   bot.Conversation
	add    bot.Conversation
	rate   bot.Conversation
	again  bot.Conversation // reopening
	status bot.Conversation
	// phrases are those of phrases.tsv, by kind.
	phrases map[string][]string
}

// Lines of the directory that texts name.
const (
	linePolice  = "khan-cap-113"
	lineFire    = "khan-cap-114"
	lineMedical = "khan-cap-115"
	linePortal  = "dvc-tong-dai"
)

// Fields of the directory that kinds have when the words name no other.
const (
	fieldConduct = "can-bo-cong-chuc"
	fieldRule    = "phan-anh-quy-dinh"
	fieldIdea    = "cai-cach-hanh-chinh"
)

// New checks the options and returns the feature. It listens to the desk.
func New(opt Options) (bot.Feature, error) {
	if opt.Desk == nil || opt.Read == nil || opt.Sealer == nil || opt.Directory == nil || opt.Phone == nil ||
		opt.Reception == nil || opt.Texts == nil || opt.Fold == nil {
		return bot.Feature{}, errors.New("complaints: needs Desk, Read, Sealer, Directory, Phone, Reception, Texts and Fold")
	}
	for _, id := range []string{fieldConduct, fieldRule, fieldIdea} {
		if _, ok := opt.Directory().Field(id); !ok {
			return bot.Feature{}, fmt.Errorf("complaints: the directory has no field %q", id)
		}
	}
	if opt.Classify == nil {
		opt.Classify = func(string) bot.Intent { return bot.Intent{} }
	}
	if opt.Answers == nil {
		opt.Answers = func(string) bool { return false }
	}
	if opt.Knows == nil {
		opt.Knows = opt.Answers
	}
	phrases, err := loadPhrases()
	if err != nil {
		return bot.Feature{}, fmt.Errorf("complaints: %w", err)
	}
	s := &service{opt: opt, phrases: phrases}
	s.form, s.add, s.rate, s.again, s.status = keeping{s.complaintForm(), s}, s.addForm(), s.rateForm(), s.reopenForm(), s.statusForm()
	opt.Desk.Listen(s.tell)
	if opt.Media != nil {
		opt.Media.Notify(s.fetched)
	}
	f := bot.Feature{
		Name:          "complaints",
		Routes:        s.routes(),
		Conversations: []bot.Conversation{s.form, s.add, s.rate, s.again, s.status},
		Schema:        Schema(),
		Texts:         texts,
		Commands: []bot.CommandHelp{
			{Command: "phananh", Key: "complaints.command_start"}, {Command: "viec", Key: "complaints.command_mine"},
		},
		Export:  s.export,
		Forget:  s.forget,
		Dropped: s.dropped,
	}
	if opt.Works != nil {
		f.Jobs = opt.Desk.Jobs(opt.Works)
	}
	return join(f, opt.Parts), nil
}

// Schema is the line of migrations "complaints": those of cases, from 0020 on
// this package's, then those of the other sides.
func Schema() fs.FS {
	sub, err := fs.Sub(schema, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return merged{cases.Schema(), sub, agencies.Schema(), desk.Schema(), register.Schema()}
}

// Texts is the catalog of all sides of complaints, for commands that need no feature.
func Texts() fs.FS { return texts }

func kinds(ks ...intent.Kind) []string {
	out := make([]string, len(ks))
	for i, k := range ks {
		out[i] = string(k)
	}
	return out
}

func (s *service) routes() []bot.Route {
	return []bot.Route{
		// What must not wait for the end of a form.
		{Name: "complaints.denunciation", Intents: kinds(intent.Denunciation), Interrupt: true, Handle: s.denunciation},
		{Name: "complaints.accuse", Button: "complaints:accuse", Handle: s.accuse},
		{Button: "complaints:protection", Handle: say("complaints.protection", buttonStart())},
		{Button: "complaints:writing", Handle: say("complaints.writing", buttonStart())},
		{Name: "complaints.decision", Button: "complaints:decision", Handle: s.decision},
		{Name: "complaints.formal", Intents: kinds(intent.FormalComplaint), Leave: true, Handle: s.formalComplaint},

		{Name: "complaints.start", Command: "phananh", Button: "complaints:start", Words: "complaints.words_start", Handle: s.start},
		{Name: "complaints.say", Intents: kinds(intent.Complaint), Leave: true, Handle: s.said},
		{Name: "complaints.own", Intents: kinds(intent.Question), Handle: s.own},
		{Name: "complaints.asked", Intents: kinds(intent.Question), Handle: s.asked},
		{Name: "complaints.perhaps", Intents: kinds(intent.Question, intent.Office), Handle: s.perhaps},
		{Button: "complaints:fresh", Handle: s.fresh},
		{Button: "complaints:overdue", Handle: s.overdue},
		{Button: "complaints:late", Handle: s.late},
		{Button: "complaints:anyway", Handle: s.anyway},
		{Name: "complaints.visitor", Command: "tiepdan", Button: "complaints:visitor", Handle: s.visitor},

		{Name: "complaints.mine", Command: "viec", Button: "complaints:mine", Words: "complaints.words_mine", Handle: s.mine},
		{Name: "complaints.status", Button: "complaints:status", Intents: kinds(intent.FeedbackStatus), Digress: true, Leave: true, Handle: s.where},
		{Button: "complaints:show", Words: "complaints.words_show", Handle: s.show},
		{Button: "complaints:answer", Handle: s.answer},
		{Button: "complaints:add", Words: "complaints.words_add", Handle: s.beginAdd},
		{Button: "complaints:withdraw", Words: "complaints.words_withdraw", Handle: s.askWithdraw},
		{Awaits: memoryWithdraw, Handle: s.withdrawAnswered},
		{Button: "complaints:withdrawn", Handle: s.withdraw},
		{Button: "complaints:restore", Handle: s.restore},
		{Button: "complaints:rate", Words: "complaints.words_rate", Handle: s.beginRate("")},
		{Button: "complaints:solved", Words: "complaints.words_solved", Handle: s.beginRate("yes")},
		{Button: "complaints:unsolved", Words: "complaints.words_unsolved", Handle: s.beginRate("no")},
		{Button: "complaints:reopen", Handle: s.beginReopen},
		{Button: "complaints:public", Words: "complaints.words_unpublish", Handle: s.consent},
	}
}

// say answers with fixed words.
func say(key string, buttons ...bot.Button) bot.Handler {
	return func(_ context.Context, t *bot.Turn) error {
		t.Reply(bot.Reply{Key: key, Buttons: buttons, Quiet: len(buttons) == 0})
		return nil
	}
}

func buttonStart() bot.Button {
	return bot.Button{Key: "complaints.button_start", Payload: "complaints:start"}
}

func buttonMine() bot.Button {
	return bot.Button{Key: "complaints.button_mine", Payload: "complaints:mine"}
}

func buttonOfficer() bot.Button {
	return bot.Button{Key: "complaints.button_officer", Payload: "directory:officer"}
}

// zone is Vietnam's: UTC+7 without summer time since 1975.
func zone() *time.Location { return time.FixedZone("ICT", 7*60*60) }

// today is the day of the turn in Vietnam.
func today(t *bot.Turn) time.Time {
	y, m, d := t.Now().In(zone()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone())
}
