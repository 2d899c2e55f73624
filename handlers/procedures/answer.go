package procedures

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/stale"
	"cchcbot/knowledge"
)

// Sizes of an answer: a card fits a phone's screen, details a few of them.
const (
	maxLines     = 12  // papers or steps in one message
	maxLineRunes = 220 // of one of them
	maxTextRunes = 700 // of a facet that is one text
	maxNameRunes = 72  // two lines of a phone
)

// vietnam is where procedures come into force; it has no summer time.
var vietnam = time.FixedZone("ICT", 7*60*60)

// facetKeys are the text keys of each facet's button; cards offer them in this order.
var facetButtons = [...]struct {
	facet knowledge.Facet
	key   string
}{
	{knowledge.Documents, "procedures.button_documents"},
	{knowledge.Time, "procedures.button_time"},
	{knowledge.Fee, "procedures.button_fee"},
	{knowledge.Where, "procedures.button_where"},
	{knowledge.Online, "procedures.button_online"},
	{knowledge.Steps, "procedures.button_steps"},
	{knowledge.Conditions, "procedures.button_conditions"},
	{knowledge.Result, "procedures.button_result"},
	{knowledge.Legal, "procedures.button_legal"},
	{caseNotes, "procedures.button_cases"},
	{mistakeNotes, "procedures.button_mistakes"},
}

// Notes of a curator that nobody asks for in words: they have buttons, as sides do.
const (
	caseNotes    knowledge.Facet = "cases"
	mistakeNotes knowledge.Facet = "mistakes"
)

// wanted is what an answer shows of a procedure, and how.
type wanted struct {
	code      string
	facet     knowledge.Facet
	also      knowledge.Facet // a second side, "" for none
	family    []*knowledge.Entry
	page      int    // of a long list, from 0
	told      bool   // found in a long story: say what was understood
	bare      bool   // without buttons: another answer follows that has them
	before    string // code of the procedure that the answer before was about, "" for none
	situation string // id of the situation of life it belongs to, "" for none
}

// answer shows a procedure, the asked side first, and remembers it for follow-ups.
func (s *service) answer(ctx context.Context, t *bot.Turn, w wanted) error {
	e, err := s.opt.Live.Entry(ctx, w.code)
	if bot.IsCode(err, bot.NotFound) {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.gone"}
	}
	if err != nil {
		return err
	}
	if !e.InForceOn(t.Now().In(vietnam)) {
		return s.notInForce(ctx, t, e, w.facet)
	}
	if err := t.Remember(memoryCode, e.Code, contextTTL); err != nil {
		return err
	}
	t.Reply(s.compose(t.Now(), e, w))
	return nil
}

// notInForce says what became of a procedure, or from when it counts, and shows the one that replaced it.
func (s *service) notInForce(ctx context.Context, t *bot.Turn, e *knowledge.Entry, f knowledge.Facet) error {
	day := t.Now().In(vietnam)
	h, err := s.heirs(ctx, e, day)
	if err != nil {
		return err
	}
	if h.now != nil {
		t.Reply(bot.Reply{Key: "procedures.replaced", Args: []any{"name", shortName(e), "next", shortName(h.now)}, Quiet: true})
		if err := t.Remember(memoryCode, h.now.Code, contextTTL); err != nil {
			return err
		}
		t.Reply(s.compose(t.Now(), h.now, wanted{facet: f}))
		return nil
	}
	r := bot.Reply{Args: []any{"name", shortName(e), "source", s.source(t.Now(), e)}, Buttons: []bot.Button{
		{Key: "procedures.button_fields", Payload: "procedures:fields"},
		{Key: "procedures.button_hotlines", Payload: "directory:hotlines"},
	}}
	more := func(key string, args ...any) { r.Key, r.Args = key, append(r.Args, args...) }
	switch {
	case e.Status == knowledge.Abolished:
		more("procedures.abolished", "decision", e.Decision)
	case e.Status.InForce() && toCome(e, day):
		more("procedures.not_yet", "day", dayMonthYear(e.ValidFrom))
	case h.coming != nil:
		more("procedures.replaced_coming", "next", shortName(h.coming), "day", dayMonthYear(h.coming.ValidFrom))
	case h.unknown != "":
		next := ""
		if name := s.opt.Listed(h.unknown); name != "" {
			next = shortName(&knowledge.Entry{Name: name})
		}
		more("procedures.replaced_unknown", "code", h.unknown, "next", next)
	default:
		more("procedures.ended", "day", dayMonthYear(e.ValidTo))
	}
	t.Reply(r)
	return nil
}

// compose is the text and the buttons of an answer. It is a function of the
// entry, the day and what is wanted alone.
func (s *service) compose(now time.Time, e *knowledge.Entry, w wanted) bot.Reply {
	e = s.readable(e)
	if e.Kind == knowledge.Explainer {
		// It has no papers or fee to be silent about: it tells what it is about.
		if !has(e, w.facet) {
			w.facet = knowledge.Overview
		}
		if w.also != "" && !has(e, w.also) {
			w.also = ""
		}
	}
	r := bot.Reply{Buttons: s.buttons(e, w)}
	switch {
	case w.bare:
		r.Buttons = nil
	case w.page > 0:
		r.Buttons = slices.DeleteFunc(r.Buttons, func(b bot.Button) bool { return b.Key == "procedures.button_rate" })
	}
	if w.also != "" {
		one := unnamed
		if !has(e, w.also) {
			one = hushed
		}
		r.Key = "procedures.two_sides"
		r.Args = []any{
			"name", shortName(e), "source", s.source(now, e),
			"one", s.side(now, e, w, w.facet, one), "two", s.side(now, e, w, w.also, unnamed),
		}
		return r
	}
	style := named
	if w.told && w.facet != knowledge.Overview && w.facet != "" {
		r.Key = "procedures.told"
		r.Args = []any{"name", shortName(e), "answer", s.side(now, e, w, w.facet, untitled)}
		return r
	}
	if w.told {
		style = understood
	}
	side := s.side(now, e, w, w.facet, style)
	r.Key, r.Args = side.Key, side.Args
	return r
}

// styles of a side: how it says which procedure it is about.
const (
	named      = iota // beside the answer
	untitled          // not at all: the line before said it
	understood        // "Anh/chị hỏi về: …" in front
	unnamed           // not at all, and without the source: part of an answer
	hushed            // likewise, and who knows what the source leaves out is said by the other part
)

// side is the text of one side of a procedure.
func (s *service) side(now time.Time, e *knowledge.Entry, w wanted, f knowledge.Facet, style int) bot.Phrase {
	part := style == unnamed || style == hushed
	args := []any{"link", s.pageURL(e.Code), "told", style == understood, "label", part}
	if style == hushed {
		args = append(args, "ask", "")
	} else {
		args = append(args, "ask", s.whoKnows(e))
	}
	if style == named || style == understood {
		args = append(args, "name", shortName(e))
	} else {
		args = append(args, "name", "")
	}
	if part {
		args = append(args, "source", "")
	} else {
		args = append(args, "source", s.source(now, e))
	}
	lines := func(all []string) {
		parts := inParts(all)
		page, last := pageAt(w.page, len(parts), 1)
		var shown []string
		if len(parts) > 0 {
			shown = parts[page]
		}
		args = append(args, "lines", shown, "page", page+1, "pages", last+1, "cut", anyCut(shown))
	}
	switch f {
	case knowledge.Documents, knowledge.Forms, knowledge.Steps, knowledge.Result:
		lines(listed(e, f))
		if f == knowledge.Steps && e.Kind == knowledge.Explainer {
			return bot.Phrase{Key: "procedures.note_points", Args: args}
		}
	case knowledge.Legal:
		lines(listed(e, f))
		args = append(args, "decision", e.Decision)
	case caseNotes:
		lines(listed(e, f))
		return bot.Phrase{Key: "procedures.note_cases", Args: args}
	case mistakeNotes:
		lines(listed(e, f))
		return bot.Phrase{Key: "procedures.note_mistakes", Args: args}
	case knowledge.Time:
		text, cut := clip(e.Time, maxTextRunes)
		args = append(args, "text", text, "cut", cut)
	case knowledge.Fee:
		text, cut := clip(e.Fee, maxTextRunes)
		args = append(args, "text", text, "cut", cut)
	case knowledge.Conditions:
		// Many questions of this kind are answered by what a curator wrote elsewhere.
		text, cut := clip(e.Conditions, maxTextRunes)
		args = append(args, "text", text, "cut", cut, "summary", e.Summary, "lines", cutLines(e.Cases),
			"audience", strings.Join(e.Audience[:min(len(e.Audience), 4)], ", "))
	case knowledge.Where:
		args = append(args, "agency", e.Agency, "commune", atDesk(e), "methods", methodNames(e), "levels", levels(e, w.family))
	case knowledge.Online:
		args = append(args, "full", e.OnlineFull, "online", e.OnlineFull || hasOnline(e), "url", s.onlineURL(e), "agency", e.Agency)
	default:
		c := fit(e, s.doubt(now, e) != "")
		always, sometimes := papers(e)
		args = append(args, "summary", c.summary, "time", c.time, "fee", c.fee, "fees", c.fees, "agency", c.agency,
			"papers", len(always), "cases", len(sometimes), "online", e.OnlineFull || hasOnline(e), "full", e.OnlineFull)
		return bot.Phrase{Key: "procedures.card", Args: args}
	}
	return bot.Phrase{Key: "procedures.facet_" + string(f), Args: args}
}

// whoKnows is the line for what the source does not say: who decides, who helps,
// and where the source is.
func (s *service) whoKnows(e *knowledge.Entry) bot.Phrase {
	phone := ""
	if s.opt.Hotline != nil {
		phone = s.opt.Hotline()
	}
	return bot.Phrase{Key: "procedures.who_knows", Args: []any{"agency", shorten(e.Agency, cardFact), "phone", phone, "url", webLink(e.SourceURL)}}
}

// webLink is an address that may be shown, "" for any other text.
func webLink(u string) string {
	if p, err := url.Parse(u); err == nil && p.Host != "" {
		return u
	}
	return ""
}

// buttons offers the sides that were not asked, likeliest first, six in all. The
// next page of a long list, the rest of a situation and the answer before take
// the place of a side.
func (s *service) buttons(e *knowledge.Entry, w wanted) []bot.Button {
	var bs []bot.Button
	sides := 4
	if w.also == "" && w.page+1 < len(inParts(listed(e, w.facet))) {
		bs = append(bs, bot.Button{
			Key: "procedures.button_rest", Payload: facetPayload(w.facet, e.Code) + ":" + strconv.Itoa(w.page+1),
		})
	}
	if w.facet == knowledge.Where && atCommune(e) {
		bs = append(bs, bot.Button{Key: "procedures.button_find_office", Payload: "directory:find"})
	}
	if w.situation != "" {
		sides--
	}
	if w.before != "" {
		sides--
	}
	// Who reads the papers should see what others forget.
	mistakes := (w.facet == knowledge.Documents || w.facet == caseNotes) && has(e, mistakeNotes)
	if mistakes {
		sides--
	}
	for _, fb := range facetButtons {
		if len(bs) >= sides {
			break
		}
		if fb.facet != w.facet && fb.facet != w.also && has(e, fb.facet) && (fb.facet != mistakeNotes || !mistakes) {
			key := fb.key
			if fb.facet == knowledge.Steps && e.Kind == knowledge.Explainer {
				key = "procedures.button_points"
			}
			bs = append(bs, bot.Button{Key: key, Payload: facetPayload(fb.facet, e.Code)})
		}
	}
	if mistakes {
		bs = append(bs, bot.Button{Key: "procedures.button_mistakes", Payload: facetPayload(mistakeNotes, e.Code)})
	}
	if w.situation != "" {
		bs = append(bs, bot.Button{Key: "procedures.button_situation", Payload: "procedures:situation:" + w.situation})
	}
	if w.before != "" {
		bs = append(bs, bot.Button{Key: "procedures.button_before", Payload: "procedures:more:" + w.before})
	}
	return append(bs,
		bot.Button{Key: "procedures.button_more", Payload: "procedures:more:" + e.Code},
		bot.Button{Key: "procedures.button_rate", Payload: "procedures:rate:" + e.Code})
}

// listed are the lines of a side that is a list, nil for any other side.
func listed(e *knowledge.Entry, f knowledge.Facet) []string {
	switch f {
	case knowledge.Documents:
		return documentLines(e)
	case knowledge.Forms:
		return formLines(e)
	case knowledge.Steps:
		return stepLines(e)
	case knowledge.Legal:
		return cutLines(e.LegalBasis)
	case knowledge.Result:
		return cutLines(e.Results)
	case caseNotes:
		return cutLines(e.Cases)
	case mistakeNotes:
		return cutLines(e.Mistakes)
	}
	return nil
}

func facetPayload(f knowledge.Facet, code string) string {
	return "procedures:facet:" + string(f) + ":" + code
}

// has reports whether the entry says anything about a side.
func has(e *knowledge.Entry, f knowledge.Facet) bool {
	switch f {
	case knowledge.Documents:
		return len(e.Documents) > 0
	case knowledge.Time:
		return e.Time != ""
	case knowledge.Fee:
		return e.Fee != ""
	case knowledge.Where:
		return e.Agency != ""
	case knowledge.Online:
		return e.OnlineFull || hasOnline(e)
	case knowledge.Steps:
		return len(e.Steps) > 0
	case knowledge.Conditions:
		return e.Conditions != ""
	case knowledge.Result:
		return len(e.Results) > 0
	case knowledge.Legal:
		return len(e.LegalBasis) > 0
	case caseNotes:
		return len(e.Cases) > 0
	case mistakeNotes:
		return len(e.Mistakes) > 0
	}
	return false
}

// source is the last line of every card: where the facts come from, of which
// day, who confirmed them if anybody did, and a warning when they are old.
func (s *service) source(now time.Time, e *knowledge.Entry) bot.Phrase {
	if e.Kind == knowledge.Explainer { // no procedure of the national database: the law is the source
		return bot.Phrase{Key: "procedures.source_law", Args: []any{
			"law", lawOf(e), "date", dayMonthYear(e.Updated), "doubt", s.doubt(now, e), "ends", dayMonthYear(e.ValidTo),
		}}
	}
	return bot.Phrase{Key: "procedures.source", Args: []any{
		"code", e.Code, "date", dayMonthYear(e.Updated), "doubt", s.doubt(now, e), "ends", dayMonthYear(e.ValidTo),
		"verified_at", dayMonthYear(e.VerifiedAt), "verified_by", e.VerifiedBy,
	}}
}

// lawOf is what an explainer rests on.
func lawOf(e *knowledge.Entry) string {
	return strings.Join(e.LegalBasis[:min(len(e.LegalBasis), 2)], "; ")
}

// doubt is why one should check before going, "" for no reason: the entry ends soon, its source cannot be opened, or
// nobody looked at it for long.
func (s *service) doubt(now time.Time, e *knowledge.Entry) stale.Why {
	if why := stale.Is(now, s.opt.StaleAfter, e, s.opt.Broken); len(why) > 0 {
		return why[0]
	}
	return ""
}

func dayMonthYear(date string) string {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return d.Format("02/01/2006")
}

// plainName is the procedure's name as it stands on paper, without the word
// "Thủ tục" that every name could begin with.
func plainName(e *knowledge.Entry) string {
	name := strings.TrimSpace(e.Name)
	for _, prefix := range []string{"Thủ tục", "THỦ TỤC", "thủ tục"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = strings.TrimLeft(rest, " :")
			break
		}
	}
	return capital(name)
}

// shortName is what a procedure is called in a chat: its name where that is
// short, else what citizens call it, for some official names fill a screen.
func shortName(e *knowledge.Entry) string {
	name := plainName(e)
	shouts := name == strings.ToUpper(name) // some names of the source are in capitals
	switch {
	case (shouts || utf8.RuneCountInString(name) > maxNameRunes) && len(e.Aliases) > 0:
		name = capital(e.Aliases[0])
	case shouts:
		name = capital(strings.ToLower(name))
	}
	name, _ = clip(name, maxNameRunes)
	return name
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// atDesk reports whether the file goes to the one-stop desk of the commune: the
// commune's committee decides, and the entry does not name another place for
// filing. The police and the military command of a commune have doors of their own.
func atDesk(e *knowledge.Entry) bool {
	agency := strings.ToLower(e.Agency)
	committee := strings.Contains(agency, "nhân dân cấp xã") || strings.Contains(agency, "ubnd cấp xã")
	return committee && !strings.Contains(agency, "nộp") && !strings.Contains(agency, "công an")
}

// atCommune reports whether the commune's office is the place to go.
func atCommune(e *knowledge.Entry) bool {
	return strings.Contains(strings.ToLower(e.Level), "xã") || strings.Contains(strings.ToLower(e.Agency), "cấp xã")
}

func hasOnline(e *knowledge.Entry) bool {
	return slices.ContainsFunc(e.Methods, func(m knowledge.Method) bool {
		return strings.Contains(strings.ToLower(m.Channel), "trực tuyến")
	})
}

func methodNames(e *knowledge.Entry) string {
	var names []string
	for _, m := range e.Methods {
		if name := strings.ToLower(strings.TrimSpace(m.Channel)); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// levels lists at which levels a procedure of this name is also done.
func levels(e *knowledge.Entry, family []*knowledge.Entry) string {
	var out []string
	own := levelsOf(e)
	for _, f := range family {
		for _, level := range levelsOf(f) {
			same := func(o string) bool { return strings.EqualFold(o, level) } // "Cấp Xã"
			if !slices.ContainsFunc(own, same) && !slices.ContainsFunc(out, same) {
				out = append(out, level)
			}
		}
	}
	return strings.Join(out, ", ")
}

// levelsOf are the levels of one record: the source writes several as one text.
func levelsOf(e *knowledge.Entry) []string {
	var out []string
	for level := range strings.SplitSeq(e.Level, ",") {
		if level = strings.TrimSpace(level); level != "" {
			out = append(out, level)
		}
	}
	return out
}

func (s *service) pageURL(code string) string {
	if s.base == nil {
		return ""
	}
	return s.base.JoinPath("tthc", code).String()
}

func (s *service) onlineURL(e *knowledge.Entry) string {
	return cmp.Or(webLink(e.OnlineURL), webLink(e.SourceURL), webLink(s.opt.Portal))
}
