package desk

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

func (s *service) roll(r *http.Request, to int64, reason string, from, now *int64) error {
	err := s.opt.Do(r.Context(), func(ctx context.Context, work *bot.Work) (err error) {
		*from, *now, err = s.opt.Desk.Rollback(ctx, work, actor(r), to, reason)
		return err
	})
	if err == nil {
		s.opt.Desk.Changed(context.WithoutCancel(r.Context()))
	}
	return err
}

// messageView is a message as a channel shows it.
type messageView struct {
	Text    string
	Buttons [][]bot.MessageButton
}

// channelView is what one channel shows of a side of an entry.
type channelView struct {
	Name     string
	Key      string // text key of its name
	Messages []messageView
	Problem  bool
}

type previewData struct {
	Style      string
	Form       *web.Form
	Code, Name string
	Channels   []channelView
	Facets     []web.Option
	Gone       bool
	Back, Page string
	Path       string
	Revision   string
}

// showPreview shows what the bot says of an entry: as it is published, or as a revision has it.
func (s *service) showPreview(w http.ResponseWriter, r *http.Request) {
	e, revision, ok := s.revision(w, r)
	if !ok {
		return
	}
	path := entryPath + r.PathValue("code")
	tail := ""
	if revision != "" {
		tail = "?revision=" + revision
	}
	s.preview(w, r, e, previewData{Back: path, Path: path + "/preview", Page: path + "/page" + tail, Revision: revision})
}

// revision is the entry of a request's path, at the revision it names.
func (s *service) revision(w http.ResponseWriter, r *http.Request) (*knowledge.Entry, string, bool) {
	text := r.URL.Query().Get("revision")
	if text == "" {
		rec, ok := s.entry(w, r)
		return rec.Entry, "", ok
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.kit.NotFound(w, r)
		return nil, "", false
	}
	k, err := entries.At(r.Context(), s.opt.Read, r.PathValue("code"), n)
	if err == nil && k.Entry == nil {
		err = &bot.Error{Code: bot.NotFound, Key: "procedures.error_no_revision"}
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return nil, "", false
	}
	return k.Entry, strconv.FormatInt(n, 10), true
}

func (s *service) showPage(w http.ResponseWriter, r *http.Request) {
	if e, _, ok := s.revision(w, r); ok {
		s.opt.Page(w, e)
	}
}

// showDraftPreview shows what the bot would say with a draft.
func (s *service) showDraftPreview(w http.ResponseWriter, r *http.Request) {
	x, ok := s.draft(w, r)
	if !ok {
		return
	}
	path := draftPath + strconv.FormatInt(x.ID, 10)
	s.preview(w, r, x.Entry, previewData{Back: path, Path: path + "/preview", Page: path + "/page"})
}

func (s *service) showDraftPage(w http.ResponseWriter, r *http.Request) {
	if x, ok := s.draft(w, r); ok {
		s.opt.Page(w, x.Entry)
	}
}

// preview composes the very messages for every channel.
func (s *service) preview(w http.ResponseWriter, r *http.Request, e *knowledge.Entry, d previewData) {
	facet := knowledge.Facet(r.URL.Query().Get("facet"))
	if !slices.Contains(knowledge.Facets[:], facet) {
		facet = knowledge.Overview
	}
	f := s.kit.NewForm(r.URL.Query())
	f.Set("facet", string(facet))
	d.Style, d.Form, d.Code, d.Name, d.Gone = stylePath, f, e.Code, e.Name, !e.InForceOn(s.counts(e))
	for _, x := range knowledge.Facets {
		d.Facets = append(d.Facets, web.Option{Value: string(x), Label: s.kit.T(r, "procedures.desk_facet_"+string(x))})
	}
	reply := s.opt.Card(e, facet)
	for _, name := range s.opt.Channels() {
		c := channelView{Name: name, Key: "procedures.desk_channel_" + name}
		list, err := s.opt.Compose(bot.Outgoing{To: bot.Address{Channel: name, Chat: "preview"}, Lang: s.kit.Lang(r), Reply: reply, Lane: bot.LaneReply})
		if err != nil {
			s.opt.Log.Warn("a card cannot be composed", "channel", name, "code", e.Code, "err", err)
			c.Problem = true
		}
		for _, q := range list {
			c.Messages = append(c.Messages, messageView{Text: q.Message.Text, Buttons: q.Message.Buttons})
		}
		d.Channels = append(d.Channels, c)
	}
	s.render(w, r, http.StatusOK, "preview", d)
}
