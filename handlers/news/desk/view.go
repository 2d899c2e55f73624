package desk

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

// row is an item in a list, and the head of its pages.
type row struct {
	ID        int64
	Path      string
	Title     string
	State     items.State
	StateKey  string
	NextKey   string // what has to be done
	Live      bool   // it is being sent, or was
	Topics    []string
	Source    string
	Places    string
	Author    string
	Editor    string
	Updated   time.Time
	Scheduled time.Time
	Finished  time.Time
	Urgent    bool
	Quiet     bool
	Corrects  string // path of the item that it corrects
	Mine      bool
}

func stateKey(st items.State) string { return "news.desk_state_" + string(st) }

// namer finds names of officers, each once.
func (s *service) namer(r *http.Request) func(ref string) string {
	known := map[string]string{"": ""}
	return func(ref string) string {
		if name, ok := known[ref]; ok {
			return name
		}
		known[ref] = s.nameOf(r, ref)
		return known[ref]
	}
}

// nameOf is who stands behind "staff:12" or "job".
func (s *service) nameOf(r *http.Request, ref string) string {
	id, ok := strings.CutPrefix(ref, "staff:")
	if !ok {
		return s.kit.T(r, "news.desk_by_system")
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err == nil {
		var o bot.Officer
		if o, err = s.opt.Staff.Officer(r.Context(), n); err == nil {
			return o.Name
		}
	}
	return "#" + id // an account that cannot be read keeps its number
}

// head is an item as lists and heads of pages show it.
func (s *service) head(r *http.Request, it items.Item, name func(string) string) row {
	lang := s.kit.Lang(r)
	v := row{
		ID: it.ID, Path: itemPath(it.ID), Title: it.Content.Title, State: it.State, StateKey: stateKey(it.State), NextKey: "news.desk_next_" + string(it.State),
		Live: it.State.Public(), Source: s.opt.Desk.Source(lang, it.Content), Places: s.placeNames(r, it.Content.Places, maxShown), Author: name(it.Author), Updated: it.Updated,
		Scheduled: it.Scheduled, Finished: it.Finished, Urgent: it.Urgent, Quiet: it.Content.Quiet, Mine: it.Author == actor(r).Ref(),
	}
	if it.Editor != it.Author {
		v.Editor = name(it.Editor)
	}
	for _, t := range it.Content.Topics {
		v.Topics = append(v.Topics, s.opt.Desk.TopicName(lang, t))
	}
	if it.Corrects != 0 {
		v.Corrects = itemPath(it.Corrects)
	}
	return v
}

// maxShown is how many places a line names.
const maxShown = 5

// placeNames names communes on one line, the first most of them.
func (s *service) placeNames(r *http.Request, ids []string, most int) string {
	if len(ids) == 0 {
		return s.kit.T(r, "news.desk_everywhere")
	}
	var names []string
	for _, id := range ids[:min(len(ids), most)] {
		names = append(names, s.placeName(id))
	}
	out := strings.Join(names, ", ")
	if more := len(ids) - most; more > 0 {
		out += " " + s.kit.T(r, "news.desk_more", "count", more)
	}
	return out
}

// placeName is the name of a commune, its id when the directory lost it.
func (s *service) placeName(id string) string {
	d := s.opt.Directory()
	if p, ok := d.Place(id); ok {
		return d.Title(p, nil)
	}
	return id
}

// channelKeys are the names of channels.
var channelKeys = map[string]string{"telegram": "news.channel_telegram", "zalo": "news.channel_zalo", "zalobot": "news.channel_zalobot", "webchat": "news.channel_webchat"}

func channelKey(name string) string {
	if key := channelKeys[name]; key != "" {
		return key
	}
	return "news.channel_other"
}

// channelOrder is how channels are shown: those with the most people first.
var channelOrder = []string{"zalo", "telegram", "webchat", "zalobot"}

func byChannel(a, b string) int {
	at := func(name string) int {
		if i := slices.Index(channelOrder, name); i >= 0 {
			return i
		}
		return len(channelOrder)
	}
	if d := at(a) - at(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// linkFor is how long a link to a file on a page works.
const linkFor = time.Hour

// fileView is a file on a page.
type fileView struct {
	ID, Name    string
	Thumb, Full string // addresses
}

// file is a file of an item; nil when there is none, or it cannot be read.
func (s *service) file(ctx context.Context, id string) *fileView {
	if s.opt.Media == nil || id == "" {
		return nil
	}
	list, err := s.opt.Media.Items(ctx, nil, id)
	if err != nil {
		s.opt.Log.Error("the file of an item cannot be read", "err", err)
	}
	if len(list) == 0 || list[0].State != media.Ready {
		return nil
	}
	v := &fileView{ID: id, Name: list[0].Name, Full: s.opt.Media.Link(id, media.ForStaff, false, linkFor)}
	if list[0].Width > 0 {
		v.Thumb = s.opt.Media.Link(id, media.ForStaff, true, linkFor)
	}
	return v
}

// explain puts an error that an officer reads into words; "" for any other.
func (s *service) explain(r *http.Request, err error) (string, int) {
	var e *bot.Error
	if !errors.As(err, &e) || e.Code == bot.NotFound || e.Key == "" {
		return "", 0
	}
	status := http.StatusUnprocessableEntity
	switch e.Code {
	case bot.Conflict:
		status = http.StatusConflict
	case bot.Denied:
		status = http.StatusForbidden
	}
	return s.kit.T(r, e.Key, s.said(r, e.Args)...), status
}

// said puts the names of channels in place of their ids.
func (s *service) said(r *http.Request, args []any) []any {
	args = slices.Clone(args)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i+1].(string); ok && args[i] == "channel" {
			args[i+1] = s.kit.T(r, channelKey(name))
		}
	}
	return args
}

// readDay reads 2026-11-29 or 29/11/2026 as midnight in Vietnam.
func readDay(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "02/01/2006", "2/1/2006", "02-01-2006"} {
		if t, err := time.ParseInLocation(layout, text, calendar.Zone); err == nil && t.Year() >= 2000 && t.Year() <= 2100 {
			return t, true
		}
	}
	return time.Time{}, false
}

// topicOptions are the topics an item may have.
func (s *service) topicOptions(r *http.Request, first string) []web.Option {
	var out []web.Option
	if first != "" {
		out = append(out, web.Option{Label: s.kit.T(r, first)})
	}
	for _, t := range s.opt.Desk.Topics() {
		out = append(out, web.Option{Value: t, Label: s.opt.Desk.TopicName(s.kit.Lang(r), t)})
	}
	return out
}

// sourceOptions are the kinds of sources.
func (s *service) sourceOptions(r *http.Request, first string) []web.Option {
	var out []web.Option
	if first != "" {
		out = append(out, web.Option{Label: s.kit.T(r, first)})
	}
	for _, k := range items.SourceKinds() {
		out = append(out, web.Option{Value: k, Label: s.opt.Desk.Source(s.kit.Lang(r), items.Content{SourceKind: k})})
	}
	return out
}
