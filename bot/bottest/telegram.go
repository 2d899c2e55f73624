package bottest

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/telegram"
	"cchcbot/knowledge/vietnamese"
)

// TelegramToken is the token of the bot on the fake Telegram.
const TelegramToken = "770001:AAfakeFAKEfakeFAKEfakeFAKEfakeFAKE_12"

// TelegramDriver drives bot/telegram through a fake Bot API server, by polling
// or by webhook. In a group everything is typed as an answer to the bot's last
// message there, or with the bot's name in front.
type TelegramDriver struct {
	mode string
	fake *faketelegram.Server
	bot  *Bot
	stop func() // ends the channel's loop
	read map[int64]int

	mu      sync.Mutex
	handler http.Handler // of the channel that runs
}

// NewTelegramDriver returns a driver; mode is telegram.ModePoll or telegram.ModeWebhook.
func NewTelegramDriver(mode string) *TelegramDriver {
	return &TelegramDriver{mode: mode, read: map[int64]int{}}
}

// Name is the channel's name.
func (d *TelegramDriver) Name() string { return telegram.Name }

// Style is buttons, laid out as Telegram's limits have it.
func (d *TelegramDriver) Style() Style { return Buttons }

// Fake is the platform.
func (d *TelegramDriver) Fake() *faketelegram.Server { return d.fake }

// unpaced is the channel without its pace: the clock of tests stands still, and
// with it every budget.
type unpaced struct{ *telegram.Bot }

func (u unpaced) Limits() bot.Limits {
	l := u.Bot.Limits()
	l.Pace = bot.Pace{}
	return l
}

// ServeHTTP passes a delivery to the channel that runs.
func (d *TelegramDriver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	h := d.handler
	d.mu.Unlock()
	h.ServeHTTP(w, r)
}

// Open starts the channel. A restart keeps the platform: it did not restart.
func (d *TelegramDriver) Open(b *Bot) (bot.Channel, error) {
	d.bot = b
	if d.fake == nil {
		d.fake = faketelegram.New(faketelegram.Options{
			Token: TelegramToken, Now: b.Clock.Now, Client: &http.Client{Transport: faketelegram.Transport(d)},
		})
		b.t.Cleanup(func() {
			d.stop()
			d.fake.Close()
		})
	}
	if d.stop != nil {
		d.stop()
	}
	opt := telegram.Options{
		Token: TelegramToken, APIURL: "http://telegram.test", Mode: d.mode, Clean: vietnamese.Clean,
		HTTP: d.fake.Client(), Now: b.Clock.Now, Log: b.opt.Log, State: b.State,
	}
	if d.mode == telegram.ModeWebhook {
		opt.WebhookURL, opt.WebhookSecret = "https://bot.test/telegram/webhook", "webhook-secret-of-tests"
	}
	c, err := telegram.New(opt)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.handler = c.Webhook(b.Intake())
	d.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Poll(ctx, b.Intake()); err != nil {
			b.t.Errorf("the loop of telegram ended: %v", err)
		}
	}()
	d.stop = func() {
		cancel()
		<-done
	}
	return unpaced{c}, nil
}

// Chat is the chat's id.
func (d *TelegramDriver) Chat(who Citizen) string { return strconv.FormatInt(d.chat(who), 10) }

func (d *TelegramDriver) chat(who Citizen) int64 {
	if who.Group != "" {
		return d.fake.Group(who.Group).ID
	}
	return d.fake.Person(who.Name).ID
}

// Do does what the citizen does, and waits until the bot confirmed it.
func (d *TelegramDriver) Do(ctx context.Context, who Citizen, in Input) error {
	if who.Lang != "" {
		return fmt.Errorf("%w: Telegram's own language is none that a citizen chose", ErrCannot)
	}
	if err := d.act(who, in); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, arrivalLimit)
	defer cancel()
	if !d.fake.Confirmed(ctx.Done()) {
		return errors.New("the bot does not confirm an update")
	}
	return nil
}

func (d *TelegramDriver) act(who Citizen, in Input) error {
	p := d.fake.Person(who.Name)
	var group *faketelegram.Chat
	if who.Group != "" {
		group = d.fake.Group(who.Group)
		if in.Event == bot.EventNone {
			d.fake.Admit(group)
		}
	}
	if in.Event != bot.EventNone {
		return d.event(p, group, in.Event)
	}
	msg := faketelegram.Incoming{From: p, Chat: group, Text: in.Text, Phone: in.Phone}
	switch {
	case in.Press != "":
		return d.press(p, group, in.Press)
	case in.Button != "":
		d.fake.Forge(p, group, in.Button)
		return nil
	case in.Place != nil:
		msg.Lat, msg.Lon = &in.Place.Lat, &in.Place.Lon
	case in.Media != "":
		if err := attach(&msg, in); err != nil {
			return err
		}
	}
	if in.Reply {
		if in.Edited {
			return fmt.Errorf("%w: the fake Telegram changes no message", ErrCannot)
		}
		chat := p.ID
		if group != nil {
			chat = group.ID
		}
		to, err := d.find(chat, in.To)
		if err != nil {
			return err
		}
		msg.ReplyTo = to.ID
		d.fake.Send(msg)
		return nil
	}
	if group != nil && !strings.HasPrefix(in.Text, "/") {
		if shown := d.fake.Shown(group.ID); len(shown) > 0 {
			msg.ReplyTo = shown[len(shown)-1].ID
		} else if in.Text != "" {
			msg.Text = "@cchc_bot " + in.Text
		}
	}
	d.fake.Send(msg)
	return nil
}

// attach adds a file to a message as Telegram sends it.
func attach(msg *faketelegram.Incoming, in Input) error {
	name, data, err := in.Contents()
	if err != nil {
		return err
	}
	switch in.Media {
	case bot.Photo:
		msg.Photo = data
	case bot.Document:
		msg.Document, msg.Name, msg.Type = data, name, mime.TypeByExtension(path.Ext(name))
	case bot.Voice:
		msg.Voice = data
	case bot.Video:
		msg.Video = data
	case bot.Sticker:
		msg.Sticker = true
	}
	return nil
}

func (d *TelegramDriver) event(p *faketelegram.Person, group *faketelegram.Chat, e bot.Event) error {
	switch {
	case group == nil && e == bot.EventFollowed:
		d.fake.Follow(p)
	case group == nil && e == bot.EventUnfollowed:
		d.fake.Block(p)
	case group != nil && e == bot.EventJoined:
		d.fake.Join(p, group)
	case group != nil && e == bot.EventLeft:
		d.fake.Kick(p, group)
	default:
		return fmt.Errorf("%w: Telegram reports no %s here", ErrCannot, e)
	}
	return nil
}

// find returns the latest message of a chat with a button of that title, or the
// latest at all without one.
func (d *TelegramDriver) find(chat int64, title string) (*faketelegram.Message, error) {
	shown := d.fake.Shown(chat)
	for i := len(shown) - 1; i >= 0; i-- {
		if title == "" {
			return &shown[i], nil
		}
		for _, row := range shown[i].Buttons {
			for _, b := range row {
				if sameButton(SaidButton{Title: title}, SaidButton{Title: b.Title}) {
					return &shown[i], nil
				}
			}
		}
	}
	return nil, fmt.Errorf("no message so far has a button [%s]", title)
}

// press presses the latest button with that title, which Telegram may have cut.
func (d *TelegramDriver) press(p *faketelegram.Person, group *faketelegram.Chat, title string) error {
	chat := p.ID
	if group != nil {
		chat = group.ID
	}
	shown := d.fake.Shown(chat)
	for i := len(shown) - 1; i >= 0; i-- {
		for _, row := range shown[i].Buttons {
			for _, b := range row {
				if !sameButton(SaidButton{Title: title}, SaidButton{Title: b.Title}) {
					continue
				}
				if b.Data != "" {
					_, err := d.fake.PressData(p, group, b.Data)
					return err
				}
				_, err := d.fake.Press(p, group, b.Title)
				return err
			}
		}
	}
	return fmt.Errorf("no message so far has a button [%s]", title)
}

// Seen returns the new messages of the citizen's chat.
func (d *TelegramDriver) Seen(who Citizen) []Said {
	chat := d.chat(who)
	shown := d.fake.Shown(chat)
	var out []Said
	for _, m := range shown[d.read[chat]:] {
		s := Said{Text: m.Text}
		for _, x := range m.Media {
			s.Media = append(s.Media, x.Kind)
		}
		for _, row := range m.Buttons {
			var r []SaidButton
			for _, b := range row {
				url := b.URL
				if b.Request != "" {
					url = "?" + b.Request
				}
				r = append(r, SaidButton{Title: b.Title, Payload: b.Data, URL: url})
			}
			s.Buttons = append(s.Buttons, r)
		}
		out = append(out, s)
	}
	d.read[chat] = len(shown)
	return out
}
