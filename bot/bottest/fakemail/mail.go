package fakemail

import (
	"bytes"
	"errors"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"time"
)

// Mail is a mail as its reader sees it.
type Mail struct {
	Sender    string   // of the envelope
	To        []string // of the envelope
	From      string   // as shown
	Subject   string
	Text      string
	HTML      string
	Links     []string // addresses in the HTML part, in their order
	Header    mail.Header
	MessageID string
	Encrypted bool
	At        time.Time
	Raw       []byte
}

var errParts = errors.New("fakemail: a part cannot be read")

var href = regexp.MustCompile(`href="([^"]*)"`)

// read reads a mail of one text, or of several forms of it.
func read(raw []byte) (Mail, error) {
	in, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, err
	}
	word := new(mime.WordDecoder)
	m := Mail{Header: in.Header, MessageID: strings.Trim(in.Header.Get("Message-ID"), "<>")}
	if m.Subject, err = word.DecodeHeader(in.Header.Get("Subject")); err != nil {
		return m, err
	}
	if m.From, err = word.DecodeHeader(in.Header.Get("From")); err != nil {
		return m, err
	}
	if err := m.part(textproto.MIMEHeader(in.Header), in.Body, 0); err != nil {
		return m, err
	}
	for _, found := range href.FindAllStringSubmatch(m.HTML, -1) {
		m.Links = append(m.Links, html.UnescapeString(found[1]))
	}
	return m, nil
}

func (m *Mail) part(h textproto.MIMEHeader, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || depth > 4 {
		return errParts
	}
	if strings.HasPrefix(kind, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.part(p.Header, p, depth+1); err != nil {
				return err
			}
		}
	}
	if strings.EqualFold(h.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	switch kind {
	case "text/plain":
		m.Text = text
	case "text/html":
		m.HTML = text
	}
	return nil
}
