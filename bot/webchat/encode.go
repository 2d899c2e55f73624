package webchat

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"cchcbot/bot"
)

// wireMessage is a message as the page gets it.
type wireMessage struct {
	ID      string         `json:"id"`
	Lang    string         `json:"lang,omitempty"`
	Text    string         `json:"text"`
	Buttons [][]wireButton `json:"buttons"`
	Media   []wireMedia    `json:"media"`
}

type wireButton struct {
	Title   string      `json:"title"`
	Payload string      `json:"payload,omitempty"`
	URL     string      `json:"url,omitempty"`
	Request bot.Request `json:"request,omitempty"`
}

type wireMedia struct {
	Kind bot.MediaKind `json:"kind"`
	URL  string        `json:"url,omitempty"`
	Name string        `json:"name,omitempty"`
	Type string        `json:"type,omitempty"`
	Size int64         `json:"size,omitempty"`
	Alt  string        `json:"alt,omitempty"`
}

// encode writes m for the page. Addresses that a browser should not open are left out.
func encode(m bot.Message) ([]byte, error) {
	w := wireMessage{ID: m.ID, Lang: m.Lang, Text: m.Text, Buttons: [][]wireButton{}, Media: []wireMedia{}}
	for _, row := range m.Buttons {
		var out []wireButton
		for _, b := range row {
			if b.URL != "" && !webURL(b.URL) {
				continue
			}
			out = append(out, wireButton{b.Title, b.Payload, b.URL, b.Request})
		}
		if len(out) > 0 {
			w.Buttons = append(w.Buttons, out)
		}
	}
	for _, f := range m.Media {
		out := wireMedia{Kind: f.Kind, Name: f.Name, Type: f.Type, Size: f.Size, Alt: f.Alt}
		if webURL(f.Ref) || strings.HasPrefix(f.Ref, "/") && !strings.HasPrefix(f.Ref, "//") && !strings.Contains(f.Ref, `\`) {
			out.URL = f.Ref
		}
		w.Media = append(w.Media, out)
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return b, nil
}

func webURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
