package desk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/handlers/news/plain"
)

type choice struct {
	Value, Label string
	On           bool
}

type editData struct {
	Style      string
	TitleKey   string
	Action     string
	Back       string
	BackKey    string
	Plain      string // where the words are looked at
	Version    int64
	Form       *web.Form
	Problem    string
	Theirs     []difference // what somebody else wrote meanwhile
	Who        string
	Topics     []choice
	More       []choice // topics that are fields of procedures
	MoreOpen   bool     // one of them is chosen
	Sources    []web.Option
	Picture    *fileView
	Attachment *fileView
	Article    bool // items can go by article
	Uploads    bool
	Findings   []findingView
	Looked     bool
	Corrects   string // title of the item that is corrected
	Sent       string // how many got it
	ToCome     []row  // other corrections of it, not sent yet
	Approved   bool   // saving voids an approval
}

// sheet is what is being written: a new item, one that is there, or a correction of one.
type sheet struct {
	it       items.Item // zero when it is new
	corrects items.Item // zero when it corrects none
}

func (sh sheet) path() string {
	switch {
	case sh.corrects.ID != 0:
		return itemPath(sh.corrects.ID) + "/correct"
	case sh.it.ID != 0:
		return itemPath(sh.it.ID) + "/edit"
	}
	return newPath
}

func (sh sheet) titleKey() string {
	switch {
	case sh.corrects.ID != 0:
		return "news.desk_correct_title"
	case sh.it.ID != 0:
		return "news.desk_edit_title"
	}
	return "news.desk_new_title"
}

func (s *service) showNew(w http.ResponseWriter, r *http.Request) {
	f := s.kit.NewForm(url.Values{"source_kind": {items.SourceDepartment}})
	s.ask(w, r, http.StatusOK, sheet{}, f, editData{})
}

func (s *service) postNew(w http.ResponseWriter, r *http.Request) { s.save(w, r, sheet{}) }

// showEdit shows an item as a form, when it can be changed.
func (s *service) showEdit(w http.ResponseWriter, r *http.Request) {
	it, ok := s.find(w, r)
	if !ok || !s.can(w, r, it, items.Edit) {
		return
	}
	s.ask(w, r, http.StatusOK, sheet{it: it}, s.fill(it.Content), editData{})
}

func (s *service) postEdit(w http.ResponseWriter, r *http.Request) {
	if it, ok := s.find(w, r); ok {
		s.save(w, r, sheet{it: it})
	}
}

// showCorrect shows an item that was sent as the form of its correction.
func (s *service) showCorrect(w http.ResponseWriter, r *http.Request) {
	it, ok := s.find(w, r)
	if !ok || !s.correctable(w, r, it) {
		return
	}
	s.ask(w, r, http.StatusOK, sheet{corrects: it}, s.fill(it.Content), editData{})
}

func (s *service) postCorrect(w http.ResponseWriter, r *http.Request) {
	if it, ok := s.find(w, r); ok && s.correctable(w, r, it) {
		s.save(w, r, sheet{corrects: it})
	}
}

// correctable reports whether the officer may correct an item; it answers when he may not.
func (s *service) correctable(w http.ResponseWriter, r *http.Request, it items.Item) bool {
	who, err := s.opt.Desk.Who(r.Context(), it, actor(r))
	switch {
	case err != nil:
		s.kit.Fail(w, r, err)
	case who&(items.ByEditor|items.ByApprover) == 0:
		s.kit.Fail(w, r, &bot.Error{Code: bot.Denied, Key: "news.denied_action"})
	case !it.State.Public():
		s.notNow(w, r, it)
	default:
		return true
	}
	return false
}

// can reports whether the officer may do something to an item now; it answers when he may not.
func (s *service) can(w http.ResponseWriter, r *http.Request, it items.Item, a items.Action) bool {
	may, err := s.may(r, it)
	if err != nil {
		s.kit.Fail(w, r, err)
		return false
	}
	switch {
	case slices.Contains(may, a):
		return true
	case a == items.Again && (it.State == items.Done || it.State == items.Corrected):
		s.kit.Done(w, r, itemPath(it.ID), web.Flash{Key: "news.desk_nobody_again", Warning: true})
	default:
		s.notNow(w, r, it)
	}
	return false
}

// may lists what the officer may do to an item now. Sending again is nothing to do while there is nobody to send to.
func (s *service) may(r *http.Request, it items.Item) ([]items.Action, error) {
	may, err := s.opt.Desk.May(r.Context(), it, actor(r))
	at := slices.Index(may, items.Again)
	if err != nil || at < 0 {
		return may, err
	}
	n, err := s.opt.Desk.CountAgain(r.Context(), it)
	if err == nil && n == 0 {
		may = slices.Delete(may, at, at+1)
	}
	return may, err
}

// notNow leads back to an item and says that it is at another step.
func (s *service) notNow(w http.ResponseWriter, r *http.Request, it items.Item) {
	s.kit.Done(w, r, itemPath(it.ID), web.Flash{Key: "news.desk_not_now", Args: []any{"state", s.kit.T(r, stateKey(it.State))}, Warning: true})
}

// fill is a form with an item's words.
func (s *service) fill(c items.Content) *web.Form {
	v := url.Values{
		"title": {c.Title}, "summary": {c.Summary}, "body": {c.Body}, "link": {c.Link}, "source_kind": {c.SourceKind}, "source_name": {c.SourceName},
		"topics": c.Topics, "places": {s.lines(c.Places)}, "audience": {c.Audience}, "keep_picture": {c.Picture}, "keep_attachment": {c.Attachment},
	}
	for name, on := range map[string]bool{"quiet": c.Quiet, "article": c.Article} {
		if on {
			v.Set(name, "1")
		}
	}
	return s.kit.NewForm(v)
}

// ask renders the form with what was typed.
func (s *service) ask(w http.ResponseWriter, r *http.Request, status int, sh sheet, f *web.Form, d editData) {
	d.Style, d.TitleKey, d.Action, d.Plain, d.Form = stylePath, sh.titleKey(), sh.path(), checkPath, f
	d.Back, d.Version, d.Uploads, d.Sources = listPath, sh.it.Version, s.opt.Media != nil, s.sourceOptions(r, "")
	d.BackKey = "news.desk_back"
	if sh.it.ID == 0 && sh.corrects.ID == 0 {
		d.BackKey = "news.desk_title"
	}
	if sh.it.ID != 0 {
		d.Back = itemPath(sh.it.ID)
		d.Approved = sh.it.Approver != ""
	}
	if of := sh.corrects; of.ID != 0 {
		d.Back, d.Corrects = itemPath(of.ID), of.Content.Title
		var c items.Counting
		if err := s.opt.Desk.Count(r.Context(), items.Item{Corrects: of.ID}, &c, s.opt.Now()); err != nil {
			s.kit.Fail(w, r, err)
			return
		}
		d.Sent = web.Number(s.kit.Lang(r), c.People())
		var err error
		if d.ToCome, err = s.toCome(r, of.ID); err != nil {
			s.kit.Fail(w, r, err)
			return
		}
	}
	d.Article = s.opt.Desk.Publishes() || f.On("article")
	chosen := f.All("topics")
	for _, o := range s.topicOptions(r, "") {
		c := choice{o.Value, o.Label, slices.Contains(chosen, o.Value)}
		if slices.Contains(items.OwnTopics(), c.Value) {
			d.Topics = append(d.Topics, c)
		} else {
			d.More, d.MoreOpen = append(d.More, c), d.MoreOpen || c.On
		}
	}
	d.Picture, d.Attachment = s.file(r.Context(), f.Line("keep_picture")), s.file(r.Context(), f.Line("keep_attachment"))
	if d.Looked || sh.it.ID != 0 {
		d.Looked, d.Findings = true, s.findings(r, f)
	}
	s.render(w, r, status, "edit", d)
}

// save keeps what was typed: as a new draft or a new revision.
func (s *service) save(w http.ResponseWriter, r *http.Request, sh sheet) {
	// All in memory; what is wrong with the body the kit finds as well, and tells.
	_ = r.ParseMultipartForm(maxFiles)
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	if err := s.takeFiles(r, sh, f); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	c := s.typed(f)
	if f.Line("step") == "check" {
		s.ask(w, r, http.StatusOK, sh, s.unmarked(f), editData{Looked: true})
		return
	}
	if f.Failed() {
		s.ask(w, r, http.StatusUnprocessableEntity, sh, f, editData{Problem: s.kit.T(r, "news.desk_wrong_form")})
		return
	}
	it, err := s.keep(r, sh, f, c)
	if err != nil {
		s.notKept(w, r, sh, f, err)
		return
	}
	fl := web.Flash{Key: "news.desk_done_saved"}
	if sh.it.Approver != "" {
		fl = web.Flash{Key: "news.desk_done_void", Warning: true}
	}
	s.kit.Done(w, r, itemPath(it.ID), fl)
}

// unmarked is the form without mistakes: a look at the words asks for nothing.
func (s *service) unmarked(f *web.Form) *web.Form {
	v := url.Values{}
	for _, name := range []string{"title", "summary", "body", "link", "source_kind", "source_name", "topics", "places", "audience", "quiet", "article", "keep_picture", "keep_attachment"} {
		v[name] = f.All(name)
	}
	return s.kit.NewForm(v)
}

// typed reads the form. What is missing is noted beside its field; the rest package items checks.
func (s *service) typed(f *web.Form) items.Content {
	c := items.Content{
		Title: f.Line("title"), Summary: f.Get("summary"), Body: f.Get("body"), Link: f.Line("link"), SourceKind: f.Line("source_kind"), SourceName: f.Line("source_name"),
		Topics: f.All("topics"), Audience: f.Line("audience"), Picture: f.Line("keep_picture"), Attachment: f.Line("keep_attachment"), Quiet: f.On("quiet"), Article: f.On("article"),
	}
	for _, x := range []struct {
		field, text, key string
		most             int
		need             bool
	}{
		{"title", c.Title, "news.invalid_title", items.MaxTitle, true}, {"summary", c.Summary, "news.invalid_summary", items.MaxSummary, true},
		{"body", c.Body, "news.invalid_body", items.MaxBody, false},
	} {
		if n := utf8.RuneCountInString(x.text); n > x.most || x.need && n == 0 {
			f.Fail(x.field, x.key, "most", x.most)
		}
	}
	if len(c.Topics) == 0 || len(c.Topics) > items.MaxTopics {
		f.Fail("topics", "news.invalid_topics", "most", items.MaxTopics)
	}
	c.Places = s.places(f)
	return c
}

// keep writes the draft or the revision and gives it its files, in one unit of work.
func (s *service) keep(r *http.Request, sh sheet, f *web.Form, c items.Content) (it items.Item, err error) {
	a := actor(r)
	version, err := strconv.ParseInt(f.Line("version"), 10, 64)
	if sh.it.ID != 0 && (err != nil || version < 1) {
		return it, &bot.Error{Code: bot.Conflict, Key: "news.conflict_changed"}
	}
	err = s.opt.Do(r.Context(), func(ctx context.Context, w *bot.Work) (err error) {
		if sh.it.ID == 0 {
			it, err = s.opt.Desk.Draft(ctx, w, a, c, sh.corrects.ID, "")
		} else {
			it, err = s.opt.Desk.Do(ctx, w, sh.it.ID, a, items.Command{Action: items.Edit, Version: version, Content: c})
		}
		if err != nil {
			return err
		}
		return s.attach(ctx, w, a.Ref(), it)
	})
	if isSame(err) && sh.it.ID != 0 {
		return sh.it, nil // nothing was changed
	}
	return it, err
}

func isSame(err error) bool {
	var e *bot.Error
	return errors.As(err, &e) && e.Key == "news.conflict_same"
}

// fieldOf is the field that a refusal of package items is about.
func fieldOf(err error) string {
	var e *bot.Error
	if !errors.As(err, &e) {
		return ""
	}
	return map[string]string{
		"news.invalid_title": "title", "news.invalid_summary": "summary", "news.invalid_body": "body", "news.invalid_source": "source_name", "news.invalid_audience": "audience",
		"news.invalid_link": "link", "news.invalid_topics": "topics", "news.invalid_places": "places", "news.invalid_file": "picture", "news.invalid_article": "article",
	}[e.Key]
}

// notKept shows the form again with what was typed, and what somebody else wrote meanwhile.
func (s *service) notKept(w http.ResponseWriter, r *http.Request, sh sheet, f *web.Form, err error) {
	problem, status := s.explain(r, err)
	if problem == "" {
		s.kit.Fail(w, r, err)
		return
	}
	d := editData{Problem: problem}
	if field := fieldOf(err); field != "" {
		f.FailWith(field, err)
		d.Problem = s.kit.T(r, "news.desk_wrong_form")
	}
	if sh.it.ID != 0 {
		now, gerr := s.opt.Desk.Get(r.Context(), sh.it.ID, actor(r))
		if gerr != nil {
			s.kit.Fail(w, r, gerr)
			return
		}
		may, merr := s.opt.Desk.May(r.Context(), now, actor(r))
		if merr != nil {
			s.kit.Fail(w, r, merr)
			return
		}
		if status == http.StatusConflict && slices.Contains(may, items.Edit) {
			d.Theirs, d.Who = s.differences(r, now.Content, s.typed(s.unmarked(f))), s.nameOf(r, now.Editor)
			d.Problem = s.kit.T(r, "news.desk_conflict_form", "name", d.Who, "when", web.When(now.Updated))
		}
		sh.it = now
	}
	s.ask(w, r, status, sh, f, d)
}

// findingView is a finding for the template.
type findingView struct {
	Key, FieldKey, Quote, Plainer string
	Count                         int
}

// findings are what could be said plainer.
func (s *service) findings(r *http.Request, f *web.Form) []findingView {
	var out []findingView
	for _, x := range s.words.Check(plain.Text{Title: f.Line("title"), Summary: f.Get("summary"), Body: f.Get("body")}) {
		v := findingView{Key: plainKey(x.Rule), Quote: x.Quote, Plainer: x.Plainer, Count: x.Count}
		if x.Field != "" {
			v.FieldKey = "news.desk_field_" + x.Field
		}
		out = append(out, v)
	}
	return out
}

// postPlain looks at the words of the form beside it.
func (s *service) postPlain(w http.ResponseWriter, r *http.Request) {
	f, err := s.kit.Form(r)
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	s.kit.Fragment(w, r, s.views["edit"], "findings", editData{Findings: s.findings(r, f), Looked: true})
}

// plainKey is the text key of what a rule says.
func plainKey(rule plain.Rule) string {
	key := "news.desk_plain_" + string(rule)
	if rule == plain.LongTitle || rule == plain.LongSummary {
		key += "_long"
	}
	return key
}
