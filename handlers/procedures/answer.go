package procedures

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// Sizes of an answer: a card fits a phone's screen, details a few of them.
const (
	maxLines     = 12  // papers or steps in one message
	maxLineRunes = 220 // of one of them
	maxTextRunes = 700 // of a facet that is one text
	maxNameRunes = 72  // two lines of a phone
	staleAfter   = 365 * 24 * time.Hour
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
}

// answer shows a procedure, the asked side first, and remembers it for follow-ups.
func (s *service) answer(ctx context.Context, t *bot.Turn, code string, f knowledge.Facet, family []*knowledge.Entry) error {
	e, err := s.opt.Live.Entry(ctx, code)
	if bot.IsCode(err, bot.NotFound) {
		return &bot.Error{Code: bot.NotFound, Key: "procedures.gone"}
	}
	if err != nil {
		return err
	}
	if !e.InForceOn(t.Now().In(vietnam)) {
		return s.notInForce(ctx, t, e, f)
	}
	if err := t.Remember(memoryCode, e.Code, contextTTL); err != nil {
		return err
	}
	t.Reply(s.compose(t.Now(), e, f, family))
	return nil
}

// notInForce says what became of a procedure and shows the one that replaced it.
func (s *service) notInForce(ctx context.Context, t *bot.Turn, e *knowledge.Entry, f knowledge.Facet) error {
	for _, code := range e.ReplacedBy {
		next, err := s.opt.Live.Entry(ctx, code)
		if bot.IsCode(err, bot.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if !next.InForceOn(t.Now().In(vietnam)) {
			continue
		}
		t.Reply(bot.Reply{Key: "procedures.replaced", Args: []any{"name", shortName(e), "next", shortName(next)}, Quiet: true})
		if err := t.Remember(memoryCode, next.Code, contextTTL); err != nil {
			return err
		}
		t.Reply(s.compose(t.Now(), next, f, nil))
		return nil
	}
	t.Reply(bot.Reply{
		Key: "procedures.abolished", Args: []any{"name", shortName(e), "decision", e.Decision, "source", source(t.Now(), e)},
		Buttons: []bot.Button{
			{Key: "procedures.button_fields", Payload: "procedures:fields"},
			{Key: "procedures.button_hotlines", Payload: "directory:hotlines"},
		},
	})
	return nil
}

// compose is the text and the buttons for one side of a procedure. It is a
// function of the entry and the day alone.
func (s *service) compose(now time.Time, e *knowledge.Entry, f knowledge.Facet, family []*knowledge.Entry) bot.Reply {
	args := []any{
		"name", shortName(e), "source", source(now, e), "link", s.pageURL(e.Code),
	}
	key := "procedures.facet_" + string(f)
	switch f {
	case knowledge.Documents:
		lines, rest := documentLines(e)
		args = append(args, "lines", lines, "rest", rest)
	case knowledge.Forms:
		lines, rest := formLines(e)
		args = append(args, "lines", lines, "rest", rest)
	case knowledge.Steps:
		lines, rest := stepLines(e)
		args = append(args, "lines", lines, "rest", rest)
	case knowledge.Legal:
		lines, rest := clipLines(e.LegalBasis)
		args = append(args, "lines", lines, "rest", rest, "decision", e.Decision)
	case knowledge.Result:
		lines, rest := clipLines(e.Results)
		args = append(args, "lines", lines, "rest", rest)
	case knowledge.Time:
		text, cut := clip(e.Time, maxTextRunes)
		args = append(args, "text", text, "cut", cut)
	case knowledge.Fee:
		text, cut := clip(e.Fee, maxTextRunes)
		args = append(args, "text", text, "cut", cut)
	case knowledge.Conditions:
		text, cut := clip(e.Conditions, maxTextRunes)
		args = append(args, "text", text, "cut", cut, "audience", strings.Join(e.Audience[:min(len(e.Audience), 4)], ", "))
	case knowledge.Where:
		args = append(args, "agency", e.Agency, "commune", atDesk(e), "methods", methodNames(e), "levels", levels(e, family))
	case knowledge.Online:
		args = append(args, "full", e.OnlineFull, "online", e.OnlineFull || hasOnline(e), "url", s.onlineURL(e))
	default:
		f, key = knowledge.Overview, "procedures.card"
		c := fit(e, stale(now, e))
		always, sometimes := papers(e)
		args = append(args, "summary", c.summary, "time", c.time, "fee", c.fee, "agency", c.agency,
			"papers", len(always), "cases", len(sometimes), "online", e.OnlineFull || hasOnline(e), "full", e.OnlineFull)
	}
	return bot.Reply{Key: key, Args: args, Buttons: s.buttons(e, f)}
}

// buttons offers the sides that were not asked, likeliest first, six in all.
func (s *service) buttons(e *knowledge.Entry, shown knowledge.Facet) []bot.Button {
	var bs []bot.Button
	if shown == knowledge.Where && atCommune(e) {
		bs = append(bs, bot.Button{Key: "procedures.button_find_office", Payload: "directory:find"})
	}
	for _, fb := range facetButtons {
		if len(bs) == 4 {
			break
		}
		if fb.facet != shown && has(e, fb.facet) {
			bs = append(bs, bot.Button{Key: fb.key, Payload: facetPayload(fb.facet, e.Code)})
		}
	}
	return append(bs,
		bot.Button{Key: "procedures.button_more", Payload: "procedures:more:" + e.Code},
		bot.Button{Key: "procedures.button_rate", Payload: "procedures:rate:" + e.Code})
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
	}
	return false
}

// source is the last line of every card: where the facts come from, of which
// day, who confirmed them if anybody did, and a warning when they are old.
func source(now time.Time, e *knowledge.Entry) bot.Phrase {
	if e.Kind == knowledge.Explainer { // no procedure of the national database: the law is the source
		return bot.Phrase{Key: "procedures.source_law", Args: []any{
			"law", lawOf(e), "date", dayMonthYear(e.Updated), "stale", stale(now, e),
		}}
	}
	return bot.Phrase{Key: "procedures.source", Args: []any{
		"code", e.Code, "date", dayMonthYear(e.Updated), "stale", stale(now, e),
		"verified_at", dayMonthYear(e.VerifiedAt), "verified_by", e.VerifiedBy,
	}}
}

// lawOf is what an explainer rests on.
func lawOf(e *knowledge.Entry) string {
	return strings.Join(e.LegalBasis[:min(len(e.LegalBasis), 2)], "; ")
}

// stale reports whether the entry's facts are so old that one should ask again.
func stale(now time.Time, e *knowledge.Entry) bool {
	day, err := time.Parse(time.DateOnly, max(e.Updated, e.VerifiedAt))
	return err != nil || now.Sub(day) > staleAfter
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
	for _, f := range family {
		if f.Level != "" && f.Level != e.Level && !slices.Contains(out, f.Level) {
			out = append(out, f.Level)
		}
	}
	return strings.Join(out, ", ")
}

func (s *service) pageURL(code string) string {
	if s.base == nil {
		return ""
	}
	return s.base.JoinPath("tthc", code).String()
}

func (s *service) onlineURL(e *knowledge.Entry) string {
	for _, u := range []string{e.OnlineURL, e.SourceURL, s.opt.Portal} {
		if p, err := url.Parse(u); err == nil && p.Host != "" {
			return u
		}
	}
	return ""
}

// Sizes of a card, in letters and in lines of a narrow phone. Whoever wants a
// side in full has its button below.
const (
	cardLine  = 40
	cardLines = 12
	cardFact  = 160 // letters of a fact, where there is room
)

// The letters before each fact in the longer language of the catalog.
const (
	labelTime   = len("* Mat bao lau: ")
	labelFee    = len("* Le phi: ")
	labelAgency = len("* Noi giai quyet: ")
)

// card is what the overview says of a procedure.
type card struct{ summary, time, fee, agency string }

// fit makes a card that fits the screen. What it is about and the facts share
// the lines: first the summary is cut to its first sentence, then long facts to
// two lines, then the summary to what is left.
func fit(e *knowledge.Entry, stale bool) card {
	whole := card{time: shorten(e.Time, cardFact), fee: shorten(e.Fee, cardFact), agency: shorten(e.Agency, cardFact)}
	short := card{
		time: twoLines(labelTime, whole.time), fee: twoLines(labelFee, whole.fee), agency: twoLines(labelAgency, whole.agency),
	}
	first := e.Summary
	if i := strings.Index(first, ". "); i >= 0 {
		first = first[:i+1]
	}
	fixed := fixedLines(e, stale)
	for _, c := range [...]card{whole, short} {
		left := cardLines - fixed - c.lines()
		for _, summary := range [...]string{e.Summary, first} {
			if linesOf(0, summary) <= left {
				c.summary = summary
				return c
			}
		}
	}
	if left := cardLines - fixed - short.lines(); left > 1 {
		short.summary = shorten(first, left*(cardLine-4))
	}
	return short
}

func (c card) lines() int {
	return linesOf(labelTime, c.time) + linesOf(labelFee, c.fee) + linesOf(labelAgency, c.agency)
}

// fixedLines are those of the name, the papers and the source.
func fixedLines(e *knowledge.Entry, stale bool) int {
	n := linesOf(0, shortName(e)) + 2
	if e.Kind == knowledge.Explainer {
		n += linesOf(0, lawOf(e)) - 1
	}
	if stale {
		n++
	}
	online := e.OnlineFull || hasOnline(e)
	switch {
	case online && len(e.Documents) > 0:
		n += 2
	case online || len(e.Documents) > 0:
		n++
	}
	return n
}

// linesOf is how many lines a text takes behind a label, broken at words; none
// when it is empty.
func linesOf(label int, text string) int {
	if text == "" {
		return 0
	}
	lines, used := 1, label-1
	for word := range strings.FieldsSeq(text) {
		size := utf8.RuneCountInString(word)
		if used+1+size > cardLine && used > 0 {
			lines, used = lines+1, size
			continue
		}
		used += 1 + size
	}
	return lines
}

// twoLines shortens a fact to two lines.
func twoLines(label int, text string) string {
	short := text
	for n := 2*cardLine - label; linesOf(label, short) > 2; n -= 4 {
		short = shorten(text, n)
	}
	return short
}

// shorten cuts a text to at most n letters, after a sentence or a clause where
// it can: half a fee is worse than none.
func shorten(text string, n int) string {
	short, cut := clip(text, n)
	if !cut {
		return short
	}
	const least = 12 // bytes that say something
	for _, end := range []string{". ", "; "} {
		if i := strings.LastIndex(short, end); i >= least {
			return short[:i] + "…"
		}
	}
	return short
}

// clip cuts a text at a word so that it has at most n letters.
func clip(text string, n int) (string, bool) {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) <= n {
		return text, false
	}
	cut := string([]rune(text)[:n-1])
	if i := strings.LastIndexAny(cut, " \n"); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:.-\n") + "…", true
}
