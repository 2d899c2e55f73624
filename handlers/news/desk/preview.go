package desk

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf16"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// bubble is a message in the look of its channel.
type bubble struct {
	Channel string
	Key     string // name of the channel
	Lang    string
	Text    string
	Buttons [][]bot.MessageButton
	Picture *fileView
	Letters int // as platforms count them
}

// bubbles are an item's messages in a language: the very bytes that channels carry.
// unfit says in words why there are none.
func (s *service) bubbles(r *http.Request, it items.Item, lang string) (out []bubble, unfit string, err error) {
	list, err := s.opt.Desk.Preview(r.Context(), it)
	if err != nil {
		if unfit, _ = s.explain(r, err); unfit != "" {
			return nil, unfit, nil
		}
		return nil, "", err
	}
	for _, p := range list {
		if p.Lang != lang {
			continue
		}
		b := bubble{Channel: p.Channel, Key: channelKey(p.Channel), Lang: p.Lang, Text: p.Message.Text, Buttons: p.Message.Buttons, Letters: len(utf16.Encode([]rune(p.Message.Text)))}
		if len(p.Message.Media) > 0 {
			b.Picture = s.file(r.Context(), it.Content.Picture)
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b bubble) int { return cmp.Or(byChannel(a.Channel, b.Channel), cmp.Compare(a.Lang, b.Lang)) })
	return out, "", nil
}

type previewData struct {
	Style    string
	Row      row
	Lang     string
	Vi, En   string // paths
	Bubbles  []bubble
	Unfit    string
	Article  *bot.Post // nil: it does not go by article
	Content  items.Content
	Picture  *fileView
	Back     string
	Hash     string
	Approved bool
}

// showPreview shows an item as each channel and the column carry it.
func (s *service) showPreview(w http.ResponseWriter, r *http.Request) {
	it, ok := s.find(w, r)
	if !ok {
		return
	}
	d := previewData{Style: stylePath, Row: s.head(r, it, s.namer(r)), Lang: "vi", Vi: itemPath(it.ID) + "/preview", En: itemPath(it.ID) + "/preview?as=en", Content: it.Content,
		Picture: s.file(r.Context(), it.Content.Picture), Back: itemPath(it.ID), Hash: it.Hash, Approved: it.Approver != ""}
	if r.URL.Query().Get("as") == "en" {
		d.Lang = "en"
	}
	var err error
	if d.Bubbles, d.Unfit, err = s.bubbles(r, it, d.Lang); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	if it.Content.Article {
		post, err := s.opt.Desk.ArticlePreview(r.Context(), it)
		if err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		d.Article = &post
	}
	s.render(w, r, http.StatusOK, "preview", d)
}

// publicPath is an item in the column, of handlers/news.
func publicPath(id int64) string { return "/tin/" + strconv.FormatInt(id, 10) }
