package playground

import (
	"errors"
	"strings"

	"cchcbot/bot/bottest/fakemail"
)

// mailbox shows the mails that agencies got: all of them, or those to one address
// when it is given as the person.
type mailbox struct{ server *fakemail.Server }

// NewMailbox shows a fake mail server.
func NewMailbox(s *fakemail.Server) Platform { return mailbox{s} }

var errRead = errors.New("mails are only read here: follow the link in one to answer it")

func (mailbox) Name() string                   { return "email" }
func (mailbox) Say(_, _ string) error          { return errRead }
func (mailbox) Press(_, _ string) error        { return errRead }
func (mailbox) Actions() []string              { return []string{} }
func (mailbox) Do(_, _ string) error           { return errRead }
func (m mailbox) Note(string) string           { return m.server.Addr() }
func (m mailbox) Shown(person string) []Bubble { return bubbles(m.mails(person)) }

func (m mailbox) mails(person string) []fakemail.Mail {
	if strings.Contains(person, "@") {
		return m.server.To(person)
	}
	return m.server.Mails()
}

func bubbles(mails []fakemail.Mail) []Bubble {
	out := make([]Bubble, len(mails))
	for i, m := range mails {
		b := Bubble{By: strings.Join(m.To, ", "), Text: m.Subject + "\n\n" + strings.TrimSpace(m.Text), At: m.At}
		for _, link := range m.Links {
			b.Buttons = append(b.Buttons, []Button{{Title: link, URL: link}})
		}
		out[i] = b
	}
	return out
}
