package procedures

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// How many procedures or fields a page of a menu shows; two or three more
// buttons turn the page and lead back.
const (
	perPage       = 7
	fieldsPerPage = 10
)

// fields shows the fields of the menu.
func (s *service) fields(_ context.Context, t *bot.Turn) error {
	counts := map[string]int{}
	for _, f := range s.opt.Live.Fields() {
		counts[f.Field] = f.Count
	}
	var shown []Field
	for _, f := range s.opt.Fields {
		if slices.ContainsFunc(f.Names, func(name string) bool { return counts[name] > 0 }) {
			shown = append(shown, f)
		}
	}
	page, last := pageOf(t.Arg(), len(shown), fieldsPerPage)
	r := bot.Reply{Key: "procedures.fields"}
	for _, f := range shown[page*fieldsPerPage : min(len(shown), (page+1)*fieldsPerPage)] {
		r.Buttons = append(r.Buttons, bot.Button{Title: inLang(f.Title, t.Lang()), Payload: "procedures:field:" + f.ID + ":0"})
	}
	r.Buttons = append(r.Buttons, turnPage("procedures:fields:", page, last)...)
	if page == 0 && len(s.opt.Live.Situations()) > 0 {
		r.Buttons = append(r.Buttons, bot.Button{Key: "procedures.button_situations", Payload: "procedures:situations"})
	}
	t.Reply(r)
	return nil
}

// field lists the procedures of one field.
func (s *service) field(_ context.Context, t *bot.Turn) error {
	id, pageArg, _ := strings.Cut(t.Arg(), ":")
	i := slices.IndexFunc(s.opt.Fields, func(f Field) bool { return f.ID == id })
	if i < 0 {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.no_field"}
	}
	f := s.opt.Fields[i]
	var entries []*knowledge.Entry
	for _, name := range f.Names {
		entries = append(entries, s.opt.Live.InField(name)...)
	}
	if len(entries) == 0 {
		t.Reply(bot.Reply{Key: "procedures.no_entries", Buttons: []bot.Button{{Key: "procedures.button_fields", Payload: "procedures:fields"}}})
		return nil
	}
	page, last := pageOf(pageArg, len(entries), perPage)
	r := bot.Reply{Key: "procedures.field", Args: []any{"field", inLang(f.Title, t.Lang()), "count", len(entries), "page", page + 1, "pages", last + 1}}
	for _, e := range entries[page*perPage : min(len(entries), (page+1)*perPage)] {
		r.Buttons = append(r.Buttons, bot.Button{Title: shortName(e), Payload: "procedures:show:" + e.Code})
	}
	r.Buttons = append(r.Buttons, turnPage("procedures:field:"+id+":", page, last)...)
	r.Buttons = append(r.Buttons, bot.Button{Key: "procedures.button_fields", Payload: "procedures:fields"})
	t.Reply(r)
	return nil
}

// pageOf reads a page number that came from outside.
func pageOf(arg string, items, size int) (page, last int) {
	n, err := strconv.Atoi(arg)
	if err != nil {
		n = 0
	}
	return pageAt(n, items, size)
}

// pageAt keeps a page number within what there is.
func pageAt(n, items, size int) (page, last int) {
	last = max((items-1)/size, 0)
	return min(max(n, 0), last), last
}

func turnPage(prefix string, page, last int) []bot.Button {
	var bs []bot.Button
	if page < last {
		bs = append(bs, bot.Button{Key: "procedures.button_next", Payload: prefix + strconv.Itoa(page+1)})
	}
	if page > 0 {
		bs = append(bs, bot.Button{Key: "procedures.button_previous", Payload: prefix + strconv.Itoa(page-1)})
	}
	return bs
}

// show is the card of the procedure a button names.
func (s *service) show(ctx context.Context, t *bot.Turn) error {
	return s.answer(ctx, t, wanted{code: t.Arg(), facet: knowledge.Overview})
}

// facet is one side of the procedure a button names, of a long list one page.
func (s *service) facet(ctx context.Context, t *bot.Turn) error {
	name, code, _ := strings.Cut(t.Arg(), ":")
	code, pageArg, _ := strings.Cut(code, ":")
	f := knowledge.Facet(name)
	if !slices.Contains(knowledge.Facets[:], f) && f != caseNotes && f != mistakeNotes {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.gone"}
	}
	page, _ := pageOf(pageArg, knowledge.MaxListLength*maxLines, maxLines)
	return s.answer(ctx, t, wanted{code: code, facet: f, page: page})
}

// more lists every side that the entry has, and its page.
func (s *service) more(ctx context.Context, t *bot.Turn) error {
	e, err := s.opt.Live.Entry(ctx, t.Arg())
	if bot.IsCode(err, bot.NotFound) {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.gone"}
	}
	if err != nil {
		return err
	}
	r := bot.Reply{Key: "procedures.more", Args: []any{"name", shortName(e)}}
	for _, fb := range facetButtons {
		if fb.facet == mistakeNotes && has(e, caseNotes) {
			continue // a button there; a channel shows twelve at most
		}
		if has(e, fb.facet) {
			r.Buttons = append(r.Buttons, bot.Button{Key: fb.key, Payload: facetPayload(fb.facet, e.Code)})
		}
	}
	if len(formLines(e)) > 0 {
		r.Buttons = append(r.Buttons, bot.Button{Key: "procedures.button_forms", Payload: facetPayload(knowledge.Forms, e.Code)})
	}
	if u := s.pageURL(e.Code); u != "" {
		r.Buttons = append(r.Buttons, bot.Button{Key: "procedures.button_page", URL: u})
	}
	if err := t.Remember(memoryCode, e.Code, contextTTL); err != nil {
		return err
	}
	t.Reply(r)
	return nil
}
