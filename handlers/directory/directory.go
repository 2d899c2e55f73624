// Package directory tells citizens where to go and whom to call: the commune of
// today behind an old name or a shared location, its one-stop desk, who sees
// people there and when, telephone lines and portals.
//
// All facts come from knowledge/directory. What the data does not hold is said
// to be unconfirmed; nothing is filled in.
package directory

import (
	"embed"
	"errors"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/intent"

	places "cchcbot/knowledge/directory"
)

//go:embed text/*.toml
var texts embed.FS

// Options is what the feature works with.
type Options struct {
	// Directory returns the directory of the day whose units and offices count:
	// today, or the day of AS_OF. It is called once or twice a turn.
	Directory func() *places.Directory
}

type service struct {
	opt         Options
	placeForm   bot.Conversation // finds a commune, then shows its office
	officerForm bot.Conversation // finds a commune, then says whom to see there
}

// What the conversation remembers: the id of the commune last chosen. Neither
// a location nor the words that named the commune are kept.
const (
	memoryCommune = "directory.commune"
	communeDays   = 30
	communeTTL    = communeDays * 24 * time.Hour
)

// New checks the options and returns the feature.
func New(opt Options) (bot.Feature, error) {
	if opt.Directory == nil {
		return bot.Feature{}, errors.New("directory: needs Directory")
	}
	s := &service{opt: opt}
	s.placeForm = s.form(aimOffice)
	s.officerForm = s.form(aimOfficer)
	return bot.Feature{
		Name: "directory",
		Routes: []bot.Route{
			{
				Name: "directory.hotlines", Command: "hotline", Button: "directory:hotlines", Words: "directory.words_hotlines",
				Intents: []string{string(intent.Hotline)}, Digress: true, Leave: true, Handle: s.hotlines,
			},
			{
				Name: "directory.officer", Button: "directory:officer", Words: "directory.words_officer",
				Intents: []string{string(intent.Person)}, Leave: true, Handle: s.officer,
			},
			{
				Name: "directory.find", Command: "coquan", Button: "directory:find",
				Intents: []string{string(intent.Office), bot.IntentPlace}, Leave: true, Handle: s.find,
			},
			{Name: "directory.place", Button: "directory:place", Handle: s.place},
			{Name: "directory.change", Button: "directory:change", Words: "directory.words_change", Handle: s.change},
			{Name: "directory.hours", Button: "directory:hours", Handle: s.hours},
		},
		Conversations: []bot.Conversation{s.placeForm, s.officerForm},
		Texts:         texts,
		Commands: []bot.CommandHelp{
			{Command: "coquan", Key: "directory.command_find"},
			{Command: "hotline", Key: "directory.command_hotlines"},
		},
	}, nil
}

// An aim is what a commune is wanted for.
type aim struct {
	form   string // name of its conversation
	ask    string // text key that asks for the commune
	button string // payload that goes on with a commune, before its id
	again  string // payload that asks for another commune
}

var (
	aimOffice = aim{
		form: "directory.place", ask: "directory.ask_place",
		button: "directory:place:", again: "directory:change",
	}
	aimOfficer = aim{
		form: "directory.officer", ask: "directory.ask_officer",
		button: "directory:officer:", again: "directory:change:" + changeOfficer,
	}
)

// changeOfficer is the argument of the change button below an officer card.
const changeOfficer = "officer"

func (s *service) formOf(a aim) bot.Conversation {
	if a == aimOfficer {
		return s.officerForm
	}
	return s.placeForm
}

// Buttons below several answers.
func buttonHotlines() bot.Button {
	return bot.Button{Key: "directory.button_hotlines", Payload: "directory:hotlines"}
}

func buttonHours() bot.Button {
	return bot.Button{Key: "directory.button_hours", Payload: "directory:hours"}
}

func buttonFind() bot.Button {
	return bot.Button{Key: "directory.button_find", Payload: "directory:find"}
}
