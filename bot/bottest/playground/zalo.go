package playground

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cchcbot/bot/bottest/fakezalo"
	"cchcbot/bot/bottest/fakezalobot"
)

// More of what citizens and officers can do.
const (
	doUnfollow = "unfollow"
	doChatNow  = "chatnow"
	doFile     = "file"
	doVoice    = "voice"
	doWithdraw = "withdraw"
	doOfficer  = "officer"
	doHandBack = "handback"
)

// What an officer types: a greeting in no language, and the word that gives a
// chat back to the bot.
const (
	officerWord  = "👋"
	handBackWord = "#bot"
)

// Zalo is the fake Official Account as a platform of the page.
type Zalo struct{ fake *fakezalo.Server }

// NewZalo wraps the fake.
func NewZalo(fake *fakezalo.Server) *Zalo { return &Zalo{fake} }

// Name is "zalo".
func (*Zalo) Name() string { return "zalo" }

// Actions are what a citizen can do on Zalo, and an officer in the account's app.
func (*Zalo) Actions() []string {
	return []string{doFollow, doChatNow, doLocation, doPhoto, doFile, doSticker, doContact, doUnfollow, doOfficer, doHandBack, doWithdraw}
}

// Say types a text.
func (p *Zalo) Say(person, text string) error {
	p.fake.Type(person, text)
	return nil
}

// stickerOf is an address as Zalo gives a sticker; nothing stands behind it.
const stickerOf = "https://photo-stal.zdn.vn/example.jpg"

// Do does one of Actions.
func (p *Zalo) Do(person, action string) error {
	switch action {
	case doFollow:
		p.fake.Follow(person)
	case doUnfollow:
		p.fake.Unfollow(person)
	case doChatNow:
		p.fake.ChatNow(person)
	case doLocation:
		p.fake.Locate(person, placeLat, placeLon)
	case doPhoto:
		p.fake.AttachFile(person, "image", "", "", picture())
	case doFile:
		p.fake.AttachFile(person, "file", "", paperName, []byte(paper))
	case doSticker:
		p.fake.Attach(person, "sticker", "", stickerOf)
	case doContact:
		p.fake.SubmitInfo(person, ownNumber)
	case doOfficer:
		p.fake.AdminType(person, officerWord)
	case doHandBack:
		p.fake.AdminType(person, handBackWord)
	case doWithdraw:
		p.fake.Withdraw(person)
	default:
		return errors.New("nobody can do that on Zalo")
	}
	return nil
}

// Press presses a button by the number of its message and its own.
func (p *Zalo) Press(person, id string) error {
	var message, button int
	if _, err := fmt.Sscanf(id, "%d.%d", &message, &button); err != nil {
		return errors.New("there is no such button")
	}
	shown := p.fake.Shown(person)
	if message < 0 || message >= len(shown) || button < 0 || button >= len(shown[message].Buttons) {
		return errors.New("the button is gone")
	}
	p.fake.Type(person, shown[message].Buttons[button].Payload) // what a query does
	return nil
}

// Shown is what the account and its officers wrote.
func (p *Zalo) Shown(person string) []Bubble {
	var out []Bubble
	for i, m := range p.fake.Shown(person) {
		b := Bubble{Text: m.Text, Media: m.Media, At: m.At}
		if m.From == "officer" {
			b.By = "officer" // the page has the word for it
		}
		for j, k := range m.Buttons {
			one := Button{Title: k.Title}
			switch k.Type {
			case "oa.query.show", "oa.query.hide":
				one.ID = strconv.Itoa(i) + "." + strconv.Itoa(j)
			default:
				one.URL = k.Payload
			}
			b.Buttons = append(b.Buttons, []Button{one})
		}
		out = append(out, b)
	}
	return out
}

// Note is empty: everything that goes on is in the chat.
func (*Zalo) Note(string) string { return "" }

// Zalobot is the fake Zalo Bot Platform as a platform of the page.
type Zalobot struct{ fake *fakezalobot.Server }

// NewZalobot wraps the fake.
func NewZalobot(fake *fakezalobot.Server) *Zalobot { return &Zalobot{fake} }

// Name is "zalobot".
func (*Zalobot) Name() string { return "zalobot" }

// Actions are what a citizen can do there besides typing.
func (*Zalobot) Actions() []string { return []string{doPhoto, doSticker, doVoice, doFile} }

// Say types a text in the private chat.
func (p *Zalobot) Say(person, text string) error {
	p.fake.Type(p.fake.Person(person), text)
	return nil
}

// Press fails: there are no buttons.
func (*Zalobot) Press(string, string) error {
	return errors.New("there are no buttons on this platform")
}

// Do does one of Actions.
func (p *Zalobot) Do(person, action string) error {
	in := fakezalobot.Incoming{From: p.fake.Person(person)}
	switch action {
	case doPhoto:
		in.Photo = picture()
	case doSticker:
		in.Sticker = true
	case doVoice:
		in.Voice = []byte("#!AMR\n")
	case doFile:
		in.Unsupported = true
	default:
		return errors.New("nobody can do that on this platform")
	}
	p.fake.Send(in)
	return nil
}

// Shown is what the bot wrote.
func (p *Zalobot) Shown(person string) []Bubble {
	var out []Bubble
	for _, m := range p.fake.Shown(p.fake.Person(person).ID) {
		b := Bubble{Text: m.Text}
		for kind, is := range map[string]string{"photo": m.Photo, "sticker": m.Sticker, "voice": m.Voice} {
			if is != "" {
				b.Media = append(b.Media, strings.TrimSpace(kind))
			}
		}
		out = append(out, b)
	}
	return out
}

// Note is empty: everything that goes on is in the chat.
func (*Zalobot) Note(string) string { return "" }
