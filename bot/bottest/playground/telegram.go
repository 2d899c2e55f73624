package playground

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cchcbot/bot/bottest/faketelegram"
)

// What citizens can do on several platforms, as the page knows it.
const (
	doFollow   = "follow"
	doBlock    = "block"
	doPhoto    = "photo"
	doLocation = "location"
	doSticker  = "sticker"
	doContact  = "contact"
)

// A place in the city of Hải Dương, and a number that belongs to nobody.
var (
	placeLat, placeLon = 20.9401, 106.3330
	ownNumber          = "84900000000"
)

// Telegram is the fake Telegram as a platform of the page.
type Telegram struct{ fake *faketelegram.Server }

// NewTelegram wraps the fake.
func NewTelegram(fake *faketelegram.Server) *Telegram { return &Telegram{fake} }

// Name is "telegram".
func (*Telegram) Name() string { return "telegram" }

// Actions are what a citizen can do on Telegram.
func (*Telegram) Actions() []string {
	return []string{doFollow, doLocation, doPhoto, doSticker, doContact, doBlock}
}

// Say types a text in the private chat.
func (p *Telegram) Say(person, text string) error {
	p.fake.Type(p.fake.Person(person), text)
	return nil
}

// Do does one of Actions.
func (p *Telegram) Do(person, action string) error {
	who := p.fake.Person(person)
	switch action {
	case doFollow:
		p.fake.Follow(who)
	case doBlock:
		p.fake.Block(who)
	case doLocation:
		p.fake.Send(faketelegram.Incoming{From: who, Lat: &placeLat, Lon: &placeLon})
	case doPhoto:
		p.fake.Send(faketelegram.Incoming{From: who, Photo: picture()})
	case doSticker:
		p.fake.Send(faketelegram.Incoming{From: who, Sticker: true})
	case doContact:
		p.fake.Send(faketelegram.Incoming{From: who, Phone: "+" + ownNumber})
	default:
		return errors.New("nobody can do that on Telegram")
	}
	return nil
}

// Press presses a button by the number of its message and its place there.
func (p *Telegram) Press(person, id string) error {
	who := p.fake.Person(person)
	var message, row, column int
	if _, err := fmt.Sscanf(id, "%d.%d.%d", &message, &row, &column); err != nil {
		return errors.New("there is no such button")
	}
	shown := p.fake.Shown(who.ID)
	if message < 0 || message >= len(shown) || row < 0 || row >= len(shown[message].Buttons) ||
		column < 0 || column >= len(shown[message].Buttons[row]) {
		return errors.New("the button is gone")
	}
	b := shown[message].Buttons[row][column]
	if b.Data != "" {
		_, err := p.fake.PressData(who, nil, b.Data)
		return err
	}
	_, err := p.fake.Press(who, nil, b.Title)
	return err
}

// Shown is what the bot wrote.
func (p *Telegram) Shown(person string) []Bubble {
	var out []Bubble
	for i, m := range p.fake.Shown(p.fake.Person(person).ID) {
		b := Bubble{Text: m.Text}
		for _, x := range m.Media {
			b.Media = append(b.Media, strings.TrimSpace(x.Kind+" "+x.Name))
		}
		for r, row := range m.Buttons {
			var line []Button
			for c, k := range row {
				one := Button{Title: k.Title, URL: k.URL}
				if k.URL == "" {
					one.ID = strconv.Itoa(i) + "." + strconv.Itoa(r) + "." + strconv.Itoa(c)
				}
				line = append(line, one)
			}
			b.Buttons = append(b.Buttons, line)
		}
		out = append(out, b)
	}
	return out
}

// Note is empty: everything that goes on is in the chat.
func (*Telegram) Note(string) string { return "" }
