package email

import (
	"errors"
	"fmt"
	"html"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"cchcbot/bot"
)

// sender is who mails are from.
type sender struct{ name, address, domain string }

// parseFrom reads "Name <address>" or an address.
func parseFrom(s string) (sender, error) {
	a, err := mail.ParseAddress(s)
	if err != nil || !ValidAddress(a.Address) || a.Name != oneLine(a.Name) || utf8.RuneCountInString(a.Name) > 100 {
		return sender{}, errors.New("email: MAIL_FROM has to be an address, or like: Hoi dap <hoidap@example.vn>")
	}
	_, domain, _ := strings.Cut(a.Address, "@")
	return sender{name: a.Name, address: a.Address, domain: domain}, nil
}

// messageID makes the Message-ID of a message: the same whenever it is sent.
func (s *Sender) messageID(id string) string {
	var b strings.Builder
	for _, r := range id {
		if alnum(r) || r == '-' {
			b.WriteRune(r)
		}
	}
	return b.String() + "@" + s.from.domain
}

// compose writes a mail.
func (s *Sender) compose(m bot.Message, id string) (*gomail.Msg, error) {
	subject, body := split(m.Text)
	if subject == "" {
		return nil, errors.New("there is nothing to say")
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	if err := msg.FromFormat(s.from.name, s.from.address); err != nil {
		return nil, errors.New("the sender's address cannot be written")
	}
	if err := msg.To(m.To.Chat); err != nil {
		return nil, errors.New("the address cannot be written")
	}
	msg.Subject(subject)
	msg.SetMessageIDWithValue(id)
	msg.SetDateWithValue(s.now())
	// RFC 3834: nobody's vacation notice answers a machine. The second one says it to Exchange.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	if m.Lang == "vi" || m.Lang == "en" {
		msg.SetGenHeader("Content-Language", m.Lang)
	}
	links := linksOf(m.Buttons)
	msg.SetBodyString(gomail.TypeTextPlain, plainBody(body, links))
	msg.AddAlternativeString(gomail.TypeTextHTML, htmlBody(m.Lang, subject, body, links))
	return msg, nil
}

// split takes the first line off as the subject. A text of one line is both.
func split(text string) (subject, body string) {
	text = printable(text)
	first, rest, _ := strings.Cut(text, "\n")
	subject, rest = oneLine(first), strings.TrimSpace(rest)
	if rest == "" {
		rest = subject
	}
	if r := []rune(subject); len(r) > maxSubject {
		subject = strings.TrimSpace(string(r[:maxSubject-1])) + "…"
	}
	return subject, rest
}

// printable removes what mail programs could stumble over or be fooled by.
func printable(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, s))
}

// oneLine is a text as a header takes it.
func oneLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

type linked struct{ title, url string }

// linksOf are the buttons that open an address of the web.
func linksOf(rows [][]bot.MessageButton) []linked {
	var out []linked
	for _, row := range rows {
		for _, b := range row {
			u, err := url.Parse(b.URL)
			if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
				continue
			}
			out = append(out, linked{title: oneLine(b.Title), url: u.String()})
		}
	}
	return out
}

func plainBody(body string, links []linked) string {
	var b strings.Builder
	b.WriteString(body)
	for _, l := range links {
		fmt.Fprintf(&b, "\n\n%s:\n%s", l.title, l.url)
	}
	b.WriteString("\n")
	return b.String()
}

// The looks of the HTML part. Mail programs read styles only where they are used.
const (
	htmlHead = `<!doctype html><html lang="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title></head>` +
		`<body style="margin:0;padding:16px;font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff"><div style="max-width:40em;margin:0 auto">`
	htmlLink = `<p style="margin:20px 0"><a href="%s" style="display:inline-block;padding:12px 20px;border-radius:6px;background:#a4161a;color:#fff;text-decoration:none">%s</a></p>`
	htmlTail = `</div></body></html>`
)

func htmlBody(lang, subject, body string, links []linked) string {
	if lang != "en" {
		lang = "vi"
	}
	var b strings.Builder
	fmt.Fprintf(&b, htmlHead, lang, html.EscapeString(subject))
	for para := range strings.SplitSeq(body, "\n\n") {
		b.WriteString(`<p style="margin:0 0 12px">` + strings.ReplaceAll(html.EscapeString(strings.TrimSpace(para)), "\n", "<br>") + "</p>\n")
	}
	for _, l := range links {
		fmt.Fprintf(&b, htmlLink+"\n", html.EscapeString(l.url), html.EscapeString(l.title))
	}
	b.WriteString(htmlTail)
	return b.String()
}
