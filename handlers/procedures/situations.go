package procedures

import (
	"context"
	"slices"
	"strconv"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// situationsPerPage is how many situations of life a page of the menu shows.
const situationsPerPage = 10

// situations shows the situations of life.
func (s *service) situations(_ context.Context, t *bot.Turn) error {
	list := s.opt.Live.Situations()
	page, last := pageOf(t.Arg(), len(list), situationsPerPage)
	r := bot.Reply{Key: "procedures.situations"}
	for _, e := range list[page*situationsPerPage : min(len(list), (page+1)*situationsPerPage)] {
		r.Buttons = append(r.Buttons, bot.Button{Title: inLang(e.Title, t.Lang()), Payload: "procedures:situation:" + e.ID})
	}
	r.Buttons = append(r.Buttons, turnPage("procedures:situations:", page, last)...)
	r.Buttons = append(r.Buttons, bot.Button{Key: "procedures.button_fields", Payload: "procedures:fields"})
	t.Reply(r)
	return nil
}

// situation shows the procedures of the situation that a button names.
func (s *service) situation(_ context.Context, t *bot.Turn) error { return s.follows(t, t.Arg()) }

// follows lists what is done in a situation of life, in its order.
func (s *service) follows(t *bot.Turn, id string) error {
	list := s.opt.Live.Situations()
	i := slices.IndexFunc(list, func(l knowledge.Situation) bool { return l.ID == id })
	if i < 0 {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.no_situation"}
	}
	var lines []string
	r := bot.Reply{Key: "procedures.situation"}
	for _, f := range list[i].Follows {
		e, ok := s.opt.Live.ByCode(f.Code)
		if !ok {
			continue
		}
		lines = append(lines, strconv.Itoa(len(lines)+1)+". "+inLang(f.Why, t.Lang()))
		r.Buttons = append(r.Buttons, bot.Button{Title: shortName(e), Payload: "procedures:show:" + e.Code})
	}
	r.Args = []any{"title", inLang(list[i].Title, t.Lang()), "lines", lines}
	t.Forget(memoryChoice)
	t.Reply(r)
	return nil
}

// inLang is a text of data in a language, in Vietnamese where it has none.
func inLang(texts map[string]string, lang string) string {
	if s := texts[lang]; s != "" {
		return s
	}
	return texts["vi"]
}
