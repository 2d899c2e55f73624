package bottest

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"cchcbot/bot"
)

// Citizen is who writes in a script, and where.
type Citizen struct {
	Name  string // "Lan"; also the channel's user id
	Lang  string // as the platform reports it
	Group string // the group's name, "" in a private chat
}

// Driver plays citizens on one channel, so that a script runs through any of
// them. What goes in takes the way it takes in production, and what is seen is
// what the channel shows.
type Driver interface {
	// Name is the channel's name.
	Name() string
	// Open returns the channel for a bot that starts. A second call is a restart.
	Open(b *Bot) (bot.Channel, error)
	// Do hands over what a citizen did and returns when the bot is done with it.
	Do(ctx context.Context, who Citizen, in Input) error
	// Seen returns what the citizen saw since the last call.
	Seen(who Citizen) []Said
	// Chat is the id of the chat that the citizen writes in, "" when not known yet.
	Chat(who Citizen) string
	// Style is how the channel shows choices.
	Style() Style
}

// FakeDriver drives the fake channel.
type FakeDriver struct {
	name    string
	limits  bot.Limits
	bot     *Bot
	fake    *Fake
	read    int // messages of fake handed out so far
	waiting map[string][]Said
	buttons pressable
	updates int
}

// replyTo is the platform's id of the message that an input answers.
func (d *FakeDriver) replyTo(chat string, in Input) (string, error) {
	sent := d.fake.Sent()
	for i := len(sent) - 1; i >= 0; i-- {
		if sent[i].To.Chat == chat && (in.To == "" || said(sent[i]).shows(in.To)) {
			return fmt.Sprintf("%s-%d", d.name, i+1), nil
		}
	}
	return "", fmt.Errorf("no message so far has a button [%s]", in.To)
}

// shows reports whether a message has a button, or a numbered choice, of that title.
func (s Said) shows(title string) bool {
	for _, row := range s.Buttons {
		for _, b := range row {
			if sameButton(SaidButton{Title: title}, SaidButton{Title: b.Title}) {
				return true
			}
		}
	}
	for _, m := range numbered.FindAllStringSubmatch(s.Text, -1) {
		if m[2] == title {
			return true
		}
	}
	return false
}

// NewFakeDriver returns a driver of a fake channel with these limits.
func NewFakeDriver(name string, limits bot.Limits) *FakeDriver {
	return &FakeDriver{name: name, limits: limits, waiting: map[string][]Said{}, buttons: pressable{}}
}

// Open returns the fake channel. A restart keeps it: the platform did not restart.
func (d *FakeDriver) Open(b *Bot) (bot.Channel, error) {
	d.bot = b
	if d.fake == nil {
		d.fake = NewFake(d.name, d.limits)
	}
	return d.fake, nil
}

// Name is the channel's name.
func (d *FakeDriver) Name() string { return d.name }

// Chat is the citizen's chat.
func (d *FakeDriver) Chat(who Citizen) string { return who.Chat() }

// Fake is the channel.
func (d *FakeDriver) Fake() *Fake { return d.fake }

// Style tells whether the channel has buttons.
func (d *FakeDriver) Style() Style {
	if d.limits.Buttons == 0 {
		return Numbers
	}
	return Rows
}

// Chat is the chat of a citizen: a group's, or a private one named after them.
func (c Citizen) Chat() string {
	if c.Group != "" {
		return "group:" + c.Group
	}
	return c.Name
}

// Do accepts an update as the fake platform would send it.
func (d *FakeDriver) Do(ctx context.Context, who Citizen, in Input) error {
	d.updates++
	u := bot.Update{
		ID: fmt.Sprintf("u%d", d.updates), Channel: d.name, Chat: who.Chat(), Group: who.Group != "",
		From: bot.Sender{ID: who.Name, Name: who.Name, Language: who.Lang, Phone: in.Phone}, At: d.bot.Clock.Now(),
		Text: in.Text, Button: in.Button, Place: in.Place, Event: in.Event,
	}
	if in.Media != "" {
		name, data, err := in.Contents()
		if err != nil {
			return err
		}
		ref := fmt.Sprintf("file-%d", d.updates)
		d.fake.Put(ref, func() ([]byte, error) { return data, nil })
		u.Media = []bot.Media{{Kind: in.Media, Ref: ref, Name: name, Size: int64(len(data))}}
	}
	if u.Edited = in.Edited; in.Reply {
		to, err := d.replyTo(who.Chat(), in)
		if err != nil {
			return err
		}
		u.ReplyTo = to
	}
	if in.Press != "" {
		payload, typed, err := d.buttons.find(who.Chat(), in.Press)
		if err != nil {
			return err
		}
		u.Button, u.Text = payload, typed
		// A press says which message it was below; what is typed in a group is heard as an answer only.
		if payload != "" || who.Group != "" {
			if u.ReplyTo, err = d.replyTo(who.Chat(), Input{To: in.Press}); err != nil {
				return err
			}
		}
	}
	return d.bot.Intake().Accept(ctx, u)
}

// Seen returns the new messages of the citizen's chat.
func (d *FakeDriver) Seen(who Citizen) []Said {
	sent := d.fake.Sent()
	for _, m := range sent[d.read:] {
		d.waiting[m.To.Chat] = append(d.waiting[m.To.Chat], said(m))
		d.buttons.add(m.To.Chat, said(m))
	}
	d.read = len(sent)
	out := d.waiting[who.Chat()]
	delete(d.waiting, who.Chat())
	return out
}

func said(m bot.Message) Said {
	s := Said{Text: m.Text}
	for _, x := range m.Media {
		s.Media = append(s.Media, strings.TrimSpace(string(x.Kind)+" "+x.Alt))
	}
	for _, row := range m.Buttons {
		var r []SaidButton
		for _, b := range row {
			url := b.URL
			if b.Request != bot.RequestNothing {
				url = "?" + string(b.Request)
			}
			r = append(r, SaidButton{Title: b.Title, Payload: b.Payload, URL: url})
		}
		s.Buttons = append(s.Buttons, r)
	}
	return s
}

// pressable remembers the last messages of each chat, to find a button by its title.
type pressable map[string][]Said

const pressableMessages = 40

func (p pressable) add(chat string, s Said) {
	list := append(p[chat], s)
	p[chat] = list[max(0, len(list)-pressableMessages):]
}

var numbered = regexp.MustCompile(`(?m)^(\d{1,2})\. (.+)$`)

// find returns what pressing the latest button of that title sends, or, where
// choices are numbered, what has to be typed.
func (p pressable) find(chat, title string) (payload, typed string, err error) {
	list := p[chat]
	for i := len(list) - 1; i >= 0; i-- {
		for _, row := range list[i].Buttons {
			for _, b := range row {
				if !sameButton(SaidButton{Title: title}, SaidButton{Title: b.Title}) {
					continue
				}
				if b.URL != "" {
					return "", "", fmt.Errorf("[%s] opens %s and sends nothing", title, b.URL)
				}
				return b.Payload, "", nil
			}
		}
		if len(list[i].Buttons) > 0 {
			continue
		}
		for _, m := range numbered.FindAllStringSubmatch(list[i].Text, -1) {
			if m[2] == title && i == len(list)-1 {
				return "", m[1], nil // only the last menu's numbers count
			}
		}
		if strings.Contains(list[i].Text, title) {
			return "", title, nil
		}
	}
	return "", "", fmt.Errorf("no message so far has a button [%s]", title)
}
