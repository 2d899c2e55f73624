package bottest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/bottest/fakezalo"
	"cchcbot/bot/zalo"
	"cchcbot/knowledge/vietnamese"
)

// What the Official Account of tests is known by.
const (
	ZaloApp       = "360846524940903967"
	ZaloAppSecret = "app-secret-of-tests"
	ZaloOA        = "388613280878808645"
	ZaloOASecret  = "oa-secret-of-tests"
)

// ZaloDriver drives bot/zalo through a fake platform: signed deliveries in,
// the OA API out. Choices are numbered, or buttons where the account may have them.
type ZaloDriver struct {
	buttons bool
	fake    *fakezalo.Server
	seed    string
	bot     *Bot
	read    map[string]int
	typed   pressable

	oa   *zalo.OA
	last time.Time // of the last thing that a citizen did

	mu      sync.Mutex
	handler http.Handler // of the channel that runs
}

// NewZaloDriver returns a driver of an account with or without buttons.
func NewZaloDriver(buttons bool) *ZaloDriver {
	return &ZaloDriver{buttons: buttons, read: map[string]int{}, typed: pressable{}}
}

// Name is the channel's name.
func (d *ZaloDriver) Name() string { return zalo.Name }

// Style is numbers, or a few buttons.
func (d *ZaloDriver) Style() Style {
	if d.buttons {
		return Few
	}
	return Numbers
}

// Fake is the platform.
func (d *ZaloDriver) Fake() *fakezalo.Server { return d.fake }

// unhurried is the channel without its pace: the clock of tests stands still.
type unhurried struct{ *zalo.OA }

func (u unhurried) Limits() bot.Limits {
	l := u.OA.Limits()
	l.Pace = bot.Pace{}
	return l
}

// ServeHTTP passes a delivery to the channel that runs.
func (d *ZaloDriver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	h := d.handler
	d.mu.Unlock()
	h.ServeHTTP(w, r)
}

// Open starts the channel. A restart keeps the platform: it did not restart.
func (d *ZaloDriver) Open(b *Bot) (bot.Channel, error) {
	d.bot = b
	if d.fake == nil {
		var err error
		d.fake, err = fakezalo.New(fakezalo.Options{
			AppID: ZaloApp, AppSecret: ZaloAppSecret, OASecret: ZaloOASecret, OAID: ZaloOA, Now: b.Clock.Now,
			WebhookURL: "https://bot.test/zalo/webhook", Client: &http.Client{Transport: faketelegram.Transport(d)},
			Buttons: d.buttons, RetryRefused: true, RetryAfter: time.Millisecond,
		})
		if err != nil {
			return nil, err
		}
		b.t.Cleanup(d.fake.Close)
		d.seed = d.fake.Grant()
	}
	opt := zalo.Options{
		AppID: ZaloApp, AppSecret: ZaloAppSecret, OASecret: ZaloOASecret, RefreshToken: d.seed,
		APIURL: "https://zalo.test", OAuthURL: "https://oauth.test", RedirectURL: "https://bot.test/zalo/oauth",
		Buttons: zalo.ButtonsOff, Vault: b.Store, Sealer: b.Sealer, Clean: vietnamese.Clean, HTTP: d.fake.Client(),
		Log: b.opt.Log, Now: b.Clock.Now, PaidFollowUps: true,
		Render: func(lang, key string, args map[string]any) (string, error) { return b.Words.Render(lang, key, args) },
	}
	if d.buttons {
		opt.Buttons = zalo.ButtonsOn
	}
	c, err := zalo.New(opt)
	if err != nil {
		return nil, err
	}
	d.oa, d.last = c, b.Clock.Now()
	d.mu.Lock()
	d.handler = c.Webhook(b.Intake())
	d.mu.Unlock()
	return unhurried{c}, nil
}

// Chat is the chat's id.
func (d *ZaloDriver) Chat(who Citizen) string {
	if who.Group != "" {
		return "group:" + d.fake.Group(who.Group)
	}
	return d.fake.Person(who.Name)
}

// Do does what the citizen does, and waits until the bot took everything in.
func (d *ZaloDriver) Do(ctx context.Context, who Citizen, in Input) error {
	if who.Lang != "" {
		return fmt.Errorf("%w: Zalo says nothing of a citizen's language", ErrCannot)
	}
	// A script that leaps over months leaves nobody to renew the tokens meanwhile.
	if now := d.bot.Clock.Now(); now.Sub(d.last) > tokenLeap {
		if err := d.agreeAgain(ctx); err != nil {
			return err
		}
	}
	d.last = d.bot.Clock.Now()
	if err := d.act(who, in); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, arrivalLimit)
	defer cancel()
	if !d.fake.Settled(ctx.Done()) {
		return errors.New("the bot does not take a delivery")
	}
	return nil
}

// tokenLeap is how far a script may leap before the account has to agree again.
const tokenLeap = 60 * 24 * time.Hour

func (d *ZaloDriver) agreeAgain(ctx context.Context) error {
	address, err := d.oa.Consent(ctx)
	if err != nil {
		return err
	}
	back, err := d.fake.Agree(address)
	if err != nil {
		return err
	}
	return d.oa.Exchange(ctx, back)
}

func (d *ZaloDriver) act(who Citizen, in Input) error {
	name := who.Name
	if who.Group != "" {
		if in.Text == "" || d.buttons || in.Edited {
			return fmt.Errorf("%w: groups of Zalo are driven by texts, and show no buttons", ErrCannot)
		}
		quote := ""
		for _, m := range d.fake.ShownGroup(who.Group) {
			if in.To == "" || (Said{Text: m.Text}).shows(in.To) {
				quote = m.ID
			}
		}
		text := in.Text
		if quote == "" {
			text = "[@" + ZaloOA + "] " + text
		}
		d.fake.TypeGroup(name, who.Group, text, quote)
		return nil
	}
	switch {
	case in.Reply:
		return fmt.Errorf("%w: answers to a message are driven in groups", ErrCannot)
	case in.Event != bot.EventNone:
		return d.event(name, in.Event)
	case in.Press != "":
		return d.press(who, in.Press)
	case in.Button != "":
		d.fake.Type(name, "#cchc "+in.Button)
	case in.Place != nil:
		d.fake.Locate(name, in.Place.Lat, in.Place.Lon)
	case in.Phone != "":
		d.fake.SubmitInfo(name, in.Phone)
	case in.Media != "":
		kind := map[bot.MediaKind]string{bot.Photo: "image", bot.Document: "file", bot.Voice: "audio", bot.Video: "video", bot.Sticker: "sticker", bot.Card: "business_card"}[in.Media]
		file, data, err := in.Contents()
		if err != nil {
			return err
		}
		if data == nil {
			d.fake.Attach(name, kind, in.Text, "https://photo.zdn.vn/1")
			return nil
		}
		d.fake.AttachFile(name, kind, in.Text, file, data)
	default:
		d.fake.Type(name, in.Text)
	}
	return nil
}

func (d *ZaloDriver) event(name string, e bot.Event) error {
	switch e {
	case bot.EventFollowed:
		d.fake.Follow(name)
	case bot.EventUnfollowed:
		d.fake.Unfollow(name)
	case bot.EventErase:
		d.fake.Withdraw(name)
	case bot.EventTakenOver:
		d.fake.AdminType(name, "Chào anh/chị, tôi là cán bộ trực.")
	case bot.EventHandedBack:
		d.fake.AdminType(name, "#bot")
	default:
		return fmt.Errorf("%w: Zalo reports no %s here", ErrCannot, e)
	}
	return nil
}

func (d *ZaloDriver) press(who Citizen, title string) error {
	shown := d.fake.Shown(who.Name)
	for i := len(shown) - 1; i >= 0; i-- {
		for _, b := range shown[i].Buttons {
			if sameButton(SaidButton{Title: title}, SaidButton{Title: b.Title}) {
				d.fake.Press(who.Name, b.Title)
				return nil
			}
		}
		if m := shown[i]; m.From == "oa" && len(m.Buttons) == 0 && strings.Contains(m.Text, title) {
			break // a later message offers it as a number or a word
		}
	}
	_, text, err := d.typed.find(who.Name, title)
	if err != nil {
		return err
	}
	d.fake.Type(who.Name, text)
	return nil
}

// Seen returns the new messages of the citizen's chat that the bot wrote.
func (d *ZaloDriver) Seen(who Citizen) []Said {
	shown := d.fake.Shown(who.Name)
	key := who.Name
	if who.Group != "" {
		shown, key = d.fake.ShownGroup(who.Group), "group:"+who.Group
	}
	var out []Said
	for _, m := range shown[d.read[key]:] {
		if m.From != "oa" {
			continue
		}
		s := Said{Text: m.Text}
		for _, b := range m.Buttons {
			one := SaidButton{Title: b.Title, Payload: b.Payload}
			if b.Type == "oa.open.url" {
				one = SaidButton{Title: b.Title, URL: b.Payload}
			}
			s.Buttons = append(s.Buttons, []SaidButton{one})
		}
		for _, x := range m.Media {
			if x == "image" {
				x = "photo"
			}
			s.Media = append(s.Media, x)
		}
		out = append(out, s)
		d.typed.add(key, s)
	}
	d.read[key] = len(shown)
	return out
}
