// Package menu is the front door: start, help, language, small talk, and what to
// do when a message is none of the bot's other business: an emergency, the
// citizen's own file, trouble with the portal.
package menu

import (
	"context"
	"embed"
	"errors"

	"cchcbot/bot"
	"cchcbot/knowledge/intent"
)

//go:embed text/*.toml
var texts embed.FS

// Options is what the feature works with.
type Options struct {
	// Phone returns the number of a published line by id ("khan-cap-113"), "" when it may not be shown.
	Phone func(id string) string
	// Portal is the address of the national portal.
	Portal string
	// Related returns the button of the procedure that a message about something else
	// speaks of, such as the one whose file is late. nil offers none.
	Related func(text string) (bot.Button, bool)
}

type service struct{ opt Options }

// New checks the options and returns the feature.
func New(opt Options) (bot.Feature, error) {
	if opt.Phone == nil || opt.Portal == "" {
		return bot.Feature{}, errors.New("menu: needs Phone and Portal")
	}
	s := &service{opt}
	say := func(key string, buttons ...bot.Button) bot.Handler {
		return func(_ context.Context, t *bot.Turn) error {
			t.Reply(bot.Reply{Key: key, Buttons: buttons, Quiet: len(buttons) == 0})
			return nil
		}
	}
	kind := func(ks ...intent.Kind) []string {
		out := make([]string, len(ks))
		for i, k := range ks {
			out[i] = string(k)
		}
		return out
	}
	return bot.Feature{
		Name: "menu",
		Routes: []bot.Route{
			// What must not wait for the end of a form.
			{Name: "menu.emergency", Intents: kind(intent.Emergency), Interrupt: true, Handle: s.emergency},

			{Name: "menu.start", Command: "start", Button: "menu:start", Event: bot.EventFollowed, Handle: s.start},
			{Name: "menu.help", Command: "help", Button: "menu:help", Words: "menu.words_help", Intents: kind(intent.Help), Leave: true, Handle: s.help},
			{Name: "menu.language", Command: "language", Button: "menu:language", Words: "menu.words_language", Handle: s.language},
			{Button: "menu:speak", Handle: s.speak},

			{Name: "menu.dossier", Command: "hoso", Button: "menu:dossier", Intents: kind(intent.DossierStatus), Leave: true, Handle: s.dossier},
			{Intents: kind(intent.PortalHelp), Leave: true, Handle: s.portalHelp},

			{Intents: kind(intent.Greeting), Handle: s.greeting},
			{Intents: kind(intent.Thanks), Handle: say("menu.welcome_thanks")},
			{Intents: kind(intent.Bye), Handle: say("menu.bye")},
			{Intents: kind(intent.Ack), Handle: s.ack},
			{Intents: kind(intent.Abuse), Handle: say("menu.abuse", officer())},
			{Intents: kind(intent.English), Handle: s.english},
			{Intents: kind(intent.Empty, intent.Gibberish), Handle: s.unreadable},
			{Intents: []string{bot.IntentMedia}, Handle: s.media},
		},
		Texts: texts,
		Commands: []bot.CommandHelp{
			{Command: "start", Key: "menu.command_start"}, {Command: "help", Key: "menu.command_help"},
			{Command: "hoso", Key: "menu.command_dossier"}, {Command: "language", Key: "menu.command_language"},
		},
	}, nil
}

func officer() bot.Button {
	return bot.Button{Key: "menu.button_officer", Payload: "directory:officer"}
}

// choices is the menu: what people come for most stands first.
func choices(t *bot.Turn) []bot.Button {
	other := "en"
	if t.Lang() == other {
		other = "vi"
	}
	return []bot.Button{
		{Key: "menu.button_procedures", Payload: "procedures:fields"},
		{Key: "menu.button_complaint", Payload: "complaints:start"},
		{Key: "menu.button_dossier", Payload: "menu:dossier"},
		{Key: "menu.button_office", Payload: "directory:find"},
		{Key: "menu.button_hotlines", Payload: "directory:hotlines"},
		{Key: "menu.button_language", Payload: "menu:speak:" + other}, // its title is the other language
	}
}

func (s *service) start(_ context.Context, t *bot.Turn) error {
	key := "menu.start"
	if t.Update.Event == bot.EventFollowed && !t.Contact.New {
		key = "menu.again"
	}
	t.Reply(bot.Reply{Key: key, Buttons: choices(t)})
	return nil
}

func (s *service) help(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{Key: "menu.help", Buttons: choices(t)})
	return nil
}

func (s *service) greeting(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{Key: "menu.greeting", Buttons: choices(t)[:5]})
	return nil
}

// ack answers "ok" and "vâng": after a finished talk silence is an answer too.
func (s *service) ack(_ context.Context, t *bot.Turn) error {
	if len(t.Session.Menu) > 0 || !t.Contact.New {
		return nil
	}
	t.Reply(bot.Reply{Key: "menu.greeting", Buttons: choices(t)[:5]})
	return nil
}

func (s *service) language(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{Key: "menu.language", Buttons: []bot.Button{
		{Key: "menu.button_vi", Payload: "menu:speak:vi"}, {Key: "menu.button_en", Payload: "menu:speak:en"},
	}})
	return nil
}

func (s *service) speak(ctx context.Context, t *bot.Turn) error {
	lang := t.Arg()
	if lang != "vi" && lang != "en" {
		return s.language(ctx, t)
	}
	t.SetLang(lang)
	t.Reply(bot.Reply{Key: "menu.language_set", Buttons: choices(t)[:5]})
	return nil
}

// english answers an English message in English, without changing the
// citizen's language: the offer to change it stands below.
func (s *service) english(_ context.Context, t *bot.Turn) error {
	if t.Lang() == "en" {
		return bot.ErrPass // an English question of somebody who chose English goes on to the search
	}
	t.ReplyIn("en")
	t.Reply(bot.Reply{Key: "menu.english", Buttons: []bot.Button{
		{Key: "menu.button_en", Payload: "menu:speak:en"},
		{Key: "menu.button_procedures", Payload: "procedures:fields"},
		{Key: "menu.button_hotlines", Payload: "directory:hotlines"},
	}})
	return nil
}

func (s *service) unreadable(_ context.Context, t *bot.Turn) error {
	if t.Update.From.Phone != "" {
		t.Reply(bot.Reply{Key: "menu.card", Quiet: true})
		return nil
	}
	t.Reply(bot.Reply{Key: "menu.unreadable", Buttons: choices(t)[:5]})
	return nil
}

// media answers what the bot cannot look into. A sticker alone gets no lecture.
func (s *service) media(_ context.Context, t *bot.Turn) error {
	switch bot.MediaKind(t.Intent().Hint) {
	case bot.Sticker:
		if !t.Contact.New && len(t.Session.Menu) > 0 {
			return nil
		}
		t.Reply(bot.Reply{Key: "menu.greeting", Buttons: choices(t)[:5]})
	case bot.Voice:
		t.Reply(bot.Reply{Key: "menu.voice", Quiet: true})
	case bot.Photo, bot.Video:
		t.Reply(bot.Reply{Key: "menu.photo", Buttons: []bot.Button{{Key: "menu.button_complaint", Payload: "complaints:start"}}})
	case bot.Card:
		t.Reply(bot.Reply{Key: "menu.card", Quiet: true})
	default:
		t.Reply(bot.Reply{Key: "menu.file", Quiet: true})
	}
	return nil
}
