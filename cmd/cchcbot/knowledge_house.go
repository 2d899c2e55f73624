package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"

	"cchcbot/bot"
	"cchcbot/bot/telegram"
	"cchcbot/bot/webchat"
	"cchcbot/bot/zalo"
	"cchcbot/bot/zalobot"
	"cchcbot/handlers/procedures"
	"cchcbot/handlers/procedures/desk"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/index"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

// procedures are the options of the feature that answers from the knowledge base.
func (h *house) procedures(o houseOptions) procedures.Options {
	opt := procedures.Options{
		Live: h.live, Read: o.Knowledge.db.Read(), Sealer: o.Data.keys, Fields: menuFields(h.directory()), PublicURL: o.PublicURL, Now: o.Now, Parts: h.knowledgeParts,
		Broken:  func(address string) bool { return h.stale != nil && h.stale.Broken(address) },
		Hotline: func() string { c, _ := h.directory().Contact(contactHelpLine); return c.Phone },
	}
	if c, ok := h.directory().Contact(contactPortal); ok {
		opt.Portal = c.URL
	}
	opt.Listed, opt.Fee = listed, content.ShownFee
	opt.StaleAfter = staleAfter(o)
	if o.Metrics != nil {
		opt.Observe = o.Metrics.seen
	}
	return opt
}

// nationalList is read when somebody first asks for it.
var nationalList = sync.OnceValues(content.National)

// listed is the name that the national list has for a code; "" for none, and where the list cannot be read.
func listed(code string) string {
	list, err := nationalList()
	if err != nil {
		return ""
	}
	r, _ := list.Record(code)
	return r.Name
}

// staleAfter is how old facts may grow, 0 where no setting says it.
func staleAfter(o houseOptions) time.Duration {
	if o.Config == nil {
		return 0
	}
	return time.Duration(o.Config.StaleDays) * 24 * time.Hour
}

// openKnowledge builds the one door to the knowledge base, its jobs and its console.
func (h *house) openKnowledge(o houseOptions) (err error) {
	read := o.Knowledge.db.Read()
	list := nationalList
	h.entries, err = entries.New(entries.Options{
		Read: read, Directory: h.directory, Clean: vietnamese.Clean, Fold: vietnamese.Fold, Audit: h.store.Audit, Now: o.Now, Log: o.Log,
		Check: func(ctx context.Context, e *knowledge.Entry) ([]entries.Finding, error) {
			return checkEntry(ctx, read, list, e)
		},
		Published: func(ctx context.Context) {
			if err := h.live.Refresh(ctx); err != nil { // the job tries again within seconds
				o.Log.Error("what was published is not loaded yet", "err", err)
			}
		},
	})
	if err != nil {
		return err
	}
	preview, err := procedures.NewPreview(h.procedures(o))
	if err != nil {
		return err
	}
	trial := &trial{h: h, o: o}
	pages, err := desk.New(desk.Options{
		Desk: h.entries, Console: h.console, Read: read, Do: h.works.Do, Search: h.live, Staff: h.store, Card: preview.Card, Page: preview.Page,
		Compose: h.composeAnywhere, Channels: func() []string { return previewed },
		Explain: trial.explain, StaleAfter: staleAfter(o), Fold: vietnamese.Fold, Clean: vietnamese.Clean, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return err
	}
	h.knowledgeParts = []bot.Feature{pages, {Name: "procedures", Jobs: h.entries.Jobs(h.works)}}
	return nil
}

// previewed are the channels for which the console shows a card, also where one is not switched on.
var previewed = []string{webchat.Name, zalo.Name, zalobot.Name, telegram.Name}

// composeAnywhere composes a message for a channel that is switched on as it can take it now; for another as it would.
func (h *house) composeAnywhere(out bot.Outgoing) ([]bot.Queued, error) {
	c := *h.works.Composer
	if _, on := c.Channels[out.To.Channel]; !on {
		c.Channels = map[string]bot.Limiter{
			webchat.Name: new(webchat.Chat), telegram.Name: new(telegram.Bot), zalobot.Name: new(zalobot.Bot),
			// Without its account nobody knows whether the account may show buttons: the choices are numbered.
			zalo.Name: bot.Limits{Text: 2000, Unit: bot.UTF16},
		}
	}
	return c.Compose(out)
}

// checkEntry holds an entry to the rules of the content, beside what is published.
func checkEntry(ctx context.Context, read entries.Reader, list func() (*content.NationalList, error), e *knowledge.Entry) ([]entries.Finding, error) {
	national, err := list()
	if err != nil {
		return nil, err
	}
	all, err := entries.Heads(ctx, read)
	if err != nil {
		return nil, err
	}
	// What somebody wrote is held to the rules, and stays so; an everyday name for a national record need only be its own.
	curated := content.IsWritten(e) || slices.ContainsFunc(all, func(x *knowledge.Entry) bool { return x.Code == e.Code && content.IsWritten(x) })
	all = append(slices.DeleteFunc(all, func(x *knowledge.Entry) bool { return x.Code == e.Code }), e)
	var out []entries.Finding
	for _, f := range content.Check(all, content.CheckOptions{
		NFC: norm.NFC.IsNormalString, National: national,
		// The others are here for their names, which one entry must not share with another.
		Curated: func(x *knowledge.Entry) bool { return x == e && curated },
		Fold:    vietnamese.Fold, Splits: splitsOf(all, time.Now),
	}) {
		if f.Code != e.Code {
			continue
		}
		// A procedure that ends need not be mended first; and the national list may be older than the law that is entered.
		out = append(out, findingOf(f, f.Severity == content.Error && e.Status.InForce() && !strings.Contains(f.Text, "national")))
	}
	return out, nil
}

// What the check says, as an officer reads it.
var findings = []struct {
	says *regexp.Regexp
	key  string
	args []string
}{
	{regexp.MustCompile(`^is empty`), "procedures.finding_empty", nil},
	{regexp.MustCompile(`^has (\d+), a curated entry has at least (\d+)`), "procedures.finding_few", []string{"have", "least"}},
	{regexp.MustCompile(`^"(.*)" stands twice`), "procedures.finding_twice", []string{"text"}},
	{regexp.MustCompile(`^"(.*)" is also (?:an alias|the name) of ([^;]+);`), "procedures.finding_shared", []string{"text", "code"}},
	{regexp.MustCompile(`^a sentence has (\d+) words, at most (\d+)`), "procedures.finding_long", []string{"have", "most"}},
	{regexp.MustCompile(`phone number`), "procedures.finding_phone", nil},
	{regexp.MustCompile(`^names "(.*)", which no entry has`), "procedures.finding_unknown", []string{"code"}},
	{regexp.MustCompile(`^holds the invisible`), "procedures.finding_hidden", nil},
	{regexp.MustCompile(`^is not in the national list of ([0-9-]+)`), "procedures.finding_national_code", []string{"day"}},
	{regexp.MustCompile(`^is not the national name "(.*)"`), "procedures.finding_national_name", []string{"name"}},
	{regexp.MustCompile(`the national list says nothing of a fee`), "procedures.finding_national_silent", nil},
	{regexp.MustCompile(`the national list (?:names |has )?(.*)$`), "procedures.finding_national_fee", []string{"fee"}},
}

func findingOf(f content.Finding, isError bool) entries.Finding {
	out := entries.Finding{Key: f.Field, Words: "procedures.finding_other", Args: []any{"text", f.Text}, Error: isError}
	for _, w := range findings {
		m := w.says.FindStringSubmatch(f.Text)
		if m == nil {
			continue
		}
		out.Words, out.Args = w.key, nil
		for i, name := range w.args {
			out.Args = append(out.Args, name, m[i+1])
		}
		break
	}
	return out
}

// trial answers the questions of the box in the console: from what is published, or with a draft in its place. The
// last index with a draft is kept, since an officer asks several questions.
type trial struct {
	h *house
	o houseOptions

	mu    sync.Mutex
	key   string
	index knowledge.Searcher
}

// explainer is an index that tells how it found.
type explainer interface {
	Explain(knowledge.Query) index.Explanation
}

func (t *trial) explain(ctx context.Context, question string, with *knowledge.Entry) (desk.Explanation, error) {
	text := vietnamese.Clean(question)
	in := t.h.classify(text)
	out := desk.Explanation{Intent: in.Name}
	if outcome, other := outcomeOf(intent.Kind(in.Name)); other {
		out.Outcome, out.Reason = outcome, "other"
		return out, nil
	}
	if in.Rest != "" {
		text = in.Rest
	}
	searcher := t.h.live.Searcher()
	if with != nil {
		var err error
		if searcher, err = t.with(ctx, with); err != nil {
			return out, err
		}
	}
	x, ok := searcher.(explainer)
	if !ok {
		return out, nil
	}
	e := x.Explain(knowledge.Query{Text: text, Limit: 6})
	out.Search, out.Outcome, out.Reason, out.Facet, out.Second = true, e.Found.Outcome, string(e.Reason), e.Found.Facet, e.Second
	out.Scope, out.Sure = e.Scope, e.Sure
	var read []string
	for _, w := range e.Read {
		out.Words = append(out.Words, desk.Word{Text: w.Text, Weight: w.Weight})
		read = append(read, w.Text)
	}
	if s := strings.Join(read, " "); s != vietnamese.Lower(text) {
		out.Repaired = s
	}
	for _, m := range e.Expansions {
		out.Expansions = append(out.Expansions, desk.Expansion{From: m.From, To: m.To})
	}
	for _, h := range e.Found.Hits {
		out.Shown = append(out.Shown, h.Entry.Code)
	}
	if e.Found.Outcome == knowledge.Answer {
		out.Shown = out.Shown[:min(1, len(out.Shown))]
	} else if e.Found.Outcome != knowledge.Choose {
		out.Shown = nil
	}
	for _, c := range e.Candidates {
		d := desk.Candidate{Code: c.Entry.Code, Name: c.Entry.Name, Score: c.Score}
		for _, f := range c.Features {
			d.Parts = append(d.Parts, desk.Part{Name: f.Name, Value: f.Value, Points: f.Points})
		}
		out.Candidates = append(out.Candidates, d)
	}
	return out, nil
}

// with builds the index of what is published with a draft in the place of its entry.
func (t *trial) with(ctx context.Context, e *knowledge.Entry) (knowledge.Searcher, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	revision, err := entries.Published(ctx, t.o.Knowledge.db.Read())
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%d %s", revision, text)
	if t.index != nil && t.key == key {
		return t.index, nil
	}
	all, err := entries.Heads(ctx, t.o.Knowledge.db.Read())
	if err != nil {
		return nil, err
	}
	all = append(slices.DeleteFunc(all, func(x *knowledge.Entry) bool { return x.Code == e.Code }), e)
	now := t.o.Now
	if first, err := time.ParseInLocation(time.DateOnly, e.ValidFrom, vietnam); err == nil && first.After(now()) {
		now = func() time.Time { return first } // as it will be answered on its day
	}
	if t.index, err = buildIndex(now)(all); err != nil {
		return nil, err
	}
	t.key = key
	return t.index, nil
}
