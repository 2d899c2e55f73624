package bottest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalobot"
	"cchcbot/bot/zalobot"
	"cchcbot/knowledge/vietnamese"
)

// ZalobotToken is the token of the bot on the fake Zalo Bot Platform.
const ZalobotToken = "4410027:fakeFAKEfakeFAKEfakeFAKEfakeFAKE"

// ZalobotDriver drives bot/zalobot through a fake platform, by polling or by
// webhook. There are no buttons: what a script presses is typed, as its number
// or its title. In a group everything answers the bot's last message there, or
// has the bot's name in front.
type ZalobotDriver struct {
	mode string
	fake *fakezalobot.Server
	stop func() // ends the channel's loop
	read map[string]int

	mu      sync.Mutex
	handler http.Handler // of the channel that runs
}

// NewZalobotDriver returns a driver; mode is zalobot.ModePoll or zalobot.ModeWebhook.
func NewZalobotDriver(mode string) *ZalobotDriver {
	return &ZalobotDriver{mode: mode, read: map[string]int{}}
}

// Name is the channel's name.
func (d *ZalobotDriver) Name() string { return zalobot.Name }

// Style is numbers.
func (d *ZalobotDriver) Style() Style { return Numbers }

// Fake is the platform.
func (d *ZalobotDriver) Fake() *fakezalobot.Server { return d.fake }

// unpacedZalobot is the channel without its pace: the clock of tests stands
// still, and with it every budget.
type unpacedZalobot struct{ *zalobot.Bot }

func (u unpacedZalobot) Limits() bot.Limits {
	l := u.Bot.Limits()
	l.Pace = bot.Pace{}
	return l
}

// ServeHTTP passes a delivery to the channel that runs.
func (d *ZalobotDriver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	h := d.handler
	d.mu.Unlock()
	h.ServeHTTP(w, r)
}

// Open starts the channel. A restart keeps the platform: it did not restart.
func (d *ZalobotDriver) Open(b *Bot) (bot.Channel, error) {
	if d.fake == nil {
		d.fake = fakezalobot.New(fakezalobot.Options{
			Token: ZalobotToken, Now: b.Clock.Now, Client: &http.Client{Transport: fakezalobot.Transport(d)},
		})
		b.t.Cleanup(func() {
			d.stop()
			d.fake.Close()
		})
	}
	if d.stop != nil {
		d.stop()
	}
	opt := zalobot.Options{
		Token: ZalobotToken, APIURL: "http://zalobot.test", Mode: d.mode, Clean: vietnamese.Clean,
		HTTP: d.fake.Client(), Files: d.fake.Client(), Now: b.Clock.Now, Log: b.opt.Log,
	}
	if d.mode == zalobot.ModeWebhook {
		opt.WebhookURL, opt.WebhookSecret = "https://bot.test/zalobot/webhook", "webhook-secret-of-tests"
	}
	c, err := zalobot.New(opt)
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
			b.t.Errorf("the loop of zalobot ended: %v", err)
		}
	}()
	d.stop = func() {
		cancel()
		<-done
	}
	return unpacedZalobot{c}, nil
}

// Chat is the chat's id.
func (d *ZalobotDriver) Chat(who Citizen) string {
	if who.Group != "" {
		return d.fake.Group(who.Group).ID
	}
	return d.fake.Person(who.Name).ID
}

// Do does what the citizen does, and waits until the bot is done with it.
func (d *ZalobotDriver) Do(ctx context.Context, who Citizen, in Input) error {
	msg, err := d.incoming(who, in)
	if err != nil {
		return err
	}
	if _, heard := d.fake.Send(msg); !heard {
		return errors.New("the platform does not pass this on to the bot")
	}
	ctx, cancel := context.WithTimeout(ctx, arrivalLimit)
	defer cancel()
	if !d.fake.Confirmed(ctx.Done()) {
		return errors.New("the bot does not take an update")
	}
	return nil
}

func (d *ZalobotDriver) incoming(who Citizen, in Input) (fakezalobot.Incoming, error) {
	msg := fakezalobot.Incoming{From: d.fake.Person(who.Name), Text: in.Text}
	switch {
	case who.Lang != "":
		return msg, fmt.Errorf("%w: Zalo does not say which language a citizen chose", ErrCannot)
	case in.Event != bot.EventNone:
		return msg, fmt.Errorf("%w: a Zalo bot does not hear of %s", ErrCannot, in.Event)
	case in.Reply:
		return msg, fmt.Errorf("%w: a Zalo bot is not told what a message answers", ErrCannot)
	case in.Button != "":
		return msg, fmt.Errorf("%w: a Zalo bot has no buttons", ErrCannot)
	case in.Phone != "" || in.Place != nil:
		return msg, fmt.Errorf("%w: a Zalo bot gets neither places nor numbers", ErrCannot)
	case in.Press != "":
		typed, err := d.choice(d.Chat(who), in.Press)
		if err != nil {
			return msg, err
		}
		msg.Text = typed
	case in.Media == bot.Photo:
		_, data, err := in.Contents()
		if err != nil {
			return msg, err
		}
		msg.Photo = data
	case in.Media == bot.Sticker:
		msg.Sticker = true
	case in.Media == bot.Voice:
		msg.Voice = []byte("aac")
	case in.Media == bot.Video:
		return msg, fmt.Errorf("%w: a Zalo bot does not hear that it was a video", ErrCannot)
	case in.Media != "":
		msg.Unsupported = true
	}
	if who.Group != "" {
		msg.Group = d.fake.Group(who.Group)
		d.fake.Join(msg.Group)
		if shown := d.fake.Shown(msg.Group.ID); len(shown) > 0 {
			msg.ReplyTo = shown[len(shown)-1].ID
		} else {
			msg.Text = "@Trợ lý CCHC " + msg.Text
		}
	}
	return msg, nil
}

// choice is what has to be typed for a choice of that title.
func (d *ZalobotDriver) choice(chat, title string) (string, error) {
	p := pressable{}
	for _, m := range d.fake.Shown(chat) {
		p.add(chat, Said{Text: m.Text})
	}
	_, typed, err := p.find(chat, title)
	return typed, err
}

// Seen returns the new messages of the citizen's chat.
func (d *ZalobotDriver) Seen(who Citizen) []Said {
	chat := d.Chat(who)
	shown := d.fake.Shown(chat)
	var out []Said
	for _, m := range shown[d.read[chat]:] {
		s := Said{Text: m.Text}
		for _, x := range []struct{ kind, value string }{{"photo", m.Photo}, {"sticker", m.Sticker}, {"voice", m.Voice}} {
			if x.value != "" {
				s.Media = append(s.Media, x.kind)
			}
		}
		out = append(out, s)
	}
	d.read[chat] = len(shown)
	return out
}
