package bottest_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/knowledge/vietnamese"
)

// sample is a small feature with everything that scripts and crash tests need:
// a form of several steps, rows of its own, a message to an office and one that
// comes a day later, a free-text answer in the middle of a form.
type sample struct {
	failures int // the next turns fail this often
	runs     int // submits that reached the handler
}

type idea struct {
	Name, Place string
	Photos      []bot.Media
}

func (s *sample) feature() bot.Feature {
	files := os.DirFS("testdata/sample")
	form := s.form()
	begin := func(ctx context.Context, t *bot.Turn) error { return t.Begin(ctx, form) }
	return bot.Feature{
		Name: "sample",
		Routes: []bot.Route{
			{Name: "sample.menu", Command: "start", Event: bot.EventFollowed, Words: "sample.words_menu", Handle: s.menu},
			{Name: "sample.begin", Button: "sample:begin", Words: "sample.words_begin", Handle: begin},
			{Name: "sample.news", Button: "sample:news", Handle: say("sample.hours")},
			{Name: "sample.hours", Intents: []string{"question"}, Digress: true, Handle: say("sample.hours")},
			{Name: "sample.drop", Intents: []string{"denunciation"}, Interrupt: true, Handle: func(_ context.Context, t *bot.Turn) error {
				t.Drop()
				t.Say("sample.dropped")
				return nil
			}},
			{Name: "sample.refused", Command: "secret", Handle: func(context.Context, *bot.Turn) error {
				return &bot.Error{Code: bot.Denied, Key: "sample.refused"}
			}},
			{Name: "sample.panic", Command: "panic", Handle: func(context.Context, *bot.Turn) error { panic("a mistake") }},
			{Name: "sample.fallback", Intents: []string{bot.IntentRest}, Handle: s.other},
		},
		Conversations: []bot.Conversation{form},
		Schema:        sub(files, "sql"),
		Texts:         files,
	}
}

func say(key string) bot.Handler {
	return func(_ context.Context, t *bot.Turn) error {
		t.Say(key)
		return nil
	}
}

func (s *sample) menu(_ context.Context, t *bot.Turn) error {
	t.Reply(bot.Reply{Key: "sample.welcome", Buttons: []bot.Button{
		{Key: "sample.button_begin", Payload: "sample:begin"}, {Key: "sample.button_news", Payload: "sample:news"},
	}})
	return nil
}

func (s *sample) other(_ context.Context, t *bot.Turn) error {
	if s.failures > 0 {
		s.failures--
		return errors.New("a fault")
	}
	t.Reply(bot.Reply{Key: "sample.fallback", Buttons: []bot.Button{{Key: "sample.button_begin", Payload: "sample:begin"}}})
	return nil
}

var places = []string{"ward", "commune", "hall"}

func (s *sample) form() bot.Conversation {
	return bot.NewForm(bot.Form[idea]{
		Name: "idea", Version: 1,
		Steps: []bot.Step[idea]{
			{Name: "name", Title: "sample.title_name", Ask: bot.Ask[idea]("sample.ask_name"), Accept: acceptName},
			{Name: "place", Title: "sample.title_place", Accept: bot.Pick(func(d *idea) *string { return &d.Place }, places...),
				Ask: bot.Ask[idea]("sample.ask_place",
					bot.Button{Key: "sample.ward", Payload: bot.Answer("ward")},
					bot.Button{Key: "sample.commune", Payload: bot.Answer("commune")},
					bot.Button{Key: "sample.hall", Payload: bot.Answer("hall")})},
			{Name: "photo", Title: "sample.title_photo", Optional: true, Ask: bot.Ask[idea]("sample.ask_photo"),
				Accept: bot.Photos(2, func(d *idea) *[]bot.Media { return &d.Photos })},
		},
		Review: func(_ context.Context, _ *bot.Turn, d idea) (bot.Reply, error) {
			return bot.Reply{Key: "sample.review", Args: []any{"name", d.Name, "place", bot.Words("sample." + d.Place)}}, nil
		},
		Submit: s.submit,
	})
}

// acceptName leaves questions to the routes that answer them.
func acceptName(ctx context.Context, t *bot.Turn, d *idea) error {
	if t.Intent().Name == "question" {
		return bot.Again("bot.need_text")
	}
	return bot.Text(2, 40, func(d *idea) *string { return &d.Name })(ctx, t, d)
}

func (s *sample) submit(ctx context.Context, t *bot.Turn, d idea) error {
	s.runs++
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	var number int64
	err = tx.QueryRowContext(ctx, `insert into sample_ideas (conversation, name, place, photos) values ($1, $2, $3, $4)
		on conflict (conversation) do update set name = excluded.name returning id`,
		t.ConversationID(), d.Name, d.Place, len(d.Photos)).Scan(&number)
	if err != nil {
		return err
	}
	if s.failures > 0 {
		s.failures--
		return errors.New("a fault after writing")
	}
	place := bot.Words("sample." + d.Place)
	t.Send(bot.Outgoing{
		To: bot.Address{Channel: "email", Chat: "office@example.vn"}, Thing: "idea",
		Reply: bot.Reply{Key: "sample.to_office", Args: []any{"number", number, "place", place}},
	})
	t.Send(bot.Outgoing{
		To: t.Address(), Lang: t.Lang(), Contact: t.Contact.ID, NotUntil: t.Now().Add(24 * time.Hour),
		Reply: bot.Reply{Key: "sample.tomorrow", Args: []any{"number", number}},
	})
	t.Say("sample.received", "number", number, "name", d.Name)
	return nil
}

// classify is as much of a classifier as the scripts need.
func classify(text string) bot.Intent {
	in := bot.Intent{Name: bot.IntentRest, Confidence: 1, Rest: text}
	switch folded := vietnamese.Fold(text); {
	case strings.Contains(folded, "to cao"):
		in.Name = "denunciation"
	case strings.HasSuffix(folded, "?") || strings.Contains(folded, "may gio"):
		in.Name = "question"
	}
	return in
}

// sampleMould is shared by all bots with the sample feature.
var sampleMould bottest.Mould

func sampleOptions(s *sample) bottest.Options {
	return bottest.Options{
		Features: []bot.Feature{s.feature()}, Classify: classify, Mould: &sampleMould,
		Channels: []bot.Channel{bottest.NewFake("email", bot.Limits{Text: 10000})},
	}
}
