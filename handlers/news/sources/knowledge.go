package sources

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge"
)

// Knowledge is the published knowledge base, by revisions. It reads committed data.
type Knowledge interface {
	// Published is the revision that counts, 0 before the first. first and last say when the
	// revisions after another one were published; they are zero when there is none.
	Published(ctx context.Context, after int64) (revision int64, first, last time.Time, err error)
	// Changed calls f with every entry that was published after revision from, up to revision
	// to: as it was at from (nil: not there) and as it is at to (nil: withdrawn).
	Changed(ctx context.Context, from, to int64, f func(before, now *knowledge.Entry) error) error
	// Each calls f with every entry as of a revision.
	Each(ctx context.Context, revision int64, f func(*knowledge.Entry) error) error
}

// Times and numbers of proposals.
const (
	settleFor   = 10 * time.Minute // without another revision: what belongs together is one draft
	settleMost  = 2 * time.Hour
	maxNamed    = 40 // procedures that a draft names; beyond it counts
	maxInList   = 5  // of them in the summary
	maxNameShow = 120
)

// propose makes one draft of what changed in the knowledge base since the last one. What is
// there when the program first looks is no news.
func (s *service) propose(ctx context.Context) error {
	from, ok, err := s.proposed(ctx)
	if err != nil {
		return err
	}
	now := s.opt.Now()
	to, first, last, err := s.opt.Knowledge.Published(ctx, from)
	switch {
	case err != nil:
		return err
	case !ok && to == 0 || ok && to == from:
		return nil
	case !ok || to < from: // the first look; or revisions were taken back
		return s.markProposed(ctx, to, nil)
	case now.Sub(last) < settleFor && now.Sub(first) < settleMost:
		return nil // more may come
	case from == 0:
		return s.markProposed(ctx, to, nil)
	}
	d, err := s.compare(ctx, from, to)
	if err != nil {
		return err
	}
	c, ok := s.write(d)
	if !ok {
		return s.markProposed(ctx, to, nil)
	}
	return s.markProposed(ctx, to, &c)
}

// proposed is the revision up to which changes were proposed; false before the first look.
func (s *service) proposed(ctx context.Context) (n int64, ok bool, err error) {
	err = s.opt.Read.QueryRowContext(ctx, `select revision from news_sources_knowledge where id = 1`).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read what was proposed: %w", err)
	}
	return n, true, nil
}

// markProposed makes the draft, if there is one, and notes the revision in the same unit.
func (s *service) markProposed(ctx context.Context, revision int64, c *items.Content) error {
	return s.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `insert into news_sources_knowledge (id, revision, at) values (1, $1, $2)
			on conflict (id) do update set revision = excluded.revision, at = excluded.at`, revision, bot.Millis(s.opt.Now())); err != nil {
			return fmt.Errorf("write what was proposed: %w", err)
		}
		if c == nil {
			return nil
		}
		// The time is part of the key: after revisions were taken back their numbers may come again.
		key := "knowledge:" + strconv.FormatInt(revision, 10) + ":" + strconv.FormatInt(bot.Millis(s.opt.Now()), 10)
		_, err = s.opt.Desk.Draft(ctx, w, items.Actor{System: true}, *c, 0, key)
		return err
	})
}

// named is one procedure of a draft.
type named struct {
	code, name, field, note string
	heirs                   []string // codes of what replaces it
}

// difference is what citizens may want to know of several revisions.
type difference struct {
	fresh, changed, replaced, abolished []named
	laws                                []string
}

func (d *difference) procedures() int {
	return len(d.fresh) + len(d.changed) + len(d.replaced) + len(d.abolished)
}

// parts are the sides of a procedure whose change concerns a citizen; the names are text keys.
func parts(a, b *knowledge.Entry) (keys []string) {
	for _, p := range []struct {
		key  string
		same bool
	}{
		{"news.knowledge_part_name", a.Name == b.Name},
		{"news.knowledge_part_papers", alike(a.Documents, b.Documents)},
		{"news.knowledge_part_steps", alike(a.Steps, b.Steps)},
		{"news.knowledge_part_time", a.Time == b.Time},
		{"news.knowledge_part_fee", a.Fee == b.Fee},
		{"news.knowledge_part_methods", alike(a.Methods, b.Methods)},
		{"news.knowledge_part_conditions", a.Conditions == b.Conditions},
		{"news.knowledge_part_results", alike(a.Results, b.Results)},
		{"news.knowledge_part_agency", a.Agency == b.Agency},
	} {
		if !p.same {
			keys = append(keys, p.key)
		}
	}
	return keys
}

func alike[T any](a, b []T) bool { return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b) }

// compare reads what changed between two revisions.
func (s *service) compare(ctx context.Context, from, to int64) (*difference, error) {
	d := &difference{}
	laws := map[string]string{}  // by key
	names := map[string]string{} // of what was published, by code
	err := s.opt.Knowledge.Changed(ctx, from, to, func(before, now *knowledge.Entry) error {
		s.sort(d, before, now)
		if now != nil {
			names[now.Code] = cut(s.opt.Clean(now.Name), maxNameShow)
		}
		if now == nil || !now.Status.InForce() {
			return nil
		}
		for _, l := range now.LegalBasis {
			if before == nil || !slices.Contains(before.LegalBasis, l) {
				laws[lawKey(s.opt.Fold(l))] = l
			}
		}
		return nil
	})
	for i, n := range d.replaced {
		var by []string
		for _, code := range n.heirs {
			by = append(by, cmp.Or(names[code], code))
		}
		if len(by) > 0 {
			d.replaced[i].note = s.word("news.knowledge_by", "name", strings.Join(by, ", "))
		}
	}
	if err != nil || len(laws) == 0 {
		return d, err
	}
	// New is what no entry named before.
	err = s.opt.Knowledge.Each(ctx, from, func(e *knowledge.Entry) error {
		for _, l := range e.LegalBasis {
			delete(laws, lawKey(s.opt.Fold(l)))
		}
		return nil
	})
	d.laws = slices.Sorted(maps.Values(laws))
	return d, err
}

var lawNumber = regexp.MustCompile(`\d{1,4}/\d{4}/[a-z0-9-]+`)

// lawKey is how a legal text is known again, whatever stands around its number: 123/2015/nd-cp.
func lawKey(folded string) string {
	if n := lawNumber.FindString(folded); n != "" {
		return n
	}
	return folded
}

// sort puts an entry where it belongs.
func (s *service) sort(d *difference, before, now *knowledge.Entry) {
	e := cmp.Or(now, before)
	if e == nil || e.Kind != knowledge.Procedure {
		return
	}
	n := named{code: e.Code, name: cut(s.opt.Clean(e.Name), maxNameShow), field: e.Field}
	was := before != nil && before.Status.InForce()
	switch {
	case now == nil || now.Status == knowledge.Abolished:
		if now == nil {
			n.code = "" // its page is gone
		}
		if was {
			d.abolished = append(d.abolished, n)
		}
	case now.Status == knowledge.Replaced:
		if was {
			n.heirs = now.ReplacedBy
			d.replaced = append(d.replaced, n)
		}
	case !was:
		d.fresh = append(d.fresh, n)
	default:
		var names []string
		for _, key := range parts(before, now) {
			names = append(names, s.word(key))
		}
		if n.note = strings.Join(names, ", "); n.note != "" {
			d.changed = append(d.changed, n)
		}
	}
}

// word is a text in the language of drafts.
func (s *service) word(key string, args ...any) string {
	m := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		m[fmt.Sprint(args[i])] = args[i+1]
	}
	text, err := s.opt.Render("vi", key, m)
	if err != nil {
		s.opt.Log.Error("a text of a draft cannot be rendered", "key", key, "err", err)
	}
	return text
}

// group is a kind of change with its words.
type group struct {
	count, list string // text keys
	of          []named
}

// write makes the draft. It reports false when nothing changed that concerns citizens.
func (s *service) write(d *difference) (items.Content, bool) {
	groups := []group{
		{"news.knowledge_count_new", "news.knowledge_new", d.fresh},
		{"news.knowledge_count_changed", "news.knowledge_changed", d.changed},
		{"news.knowledge_count_replaced", "news.knowledge_replaced", d.replaced},
		{"news.knowledge_count_abolished", "news.knowledge_abolished", d.abolished},
	}
	var counts, short, long []string
	few := d.procedures() <= maxNamed
	for _, g := range groups {
		if len(g.of) == 0 {
			continue
		}
		counts = append(counts, s.word(g.count, "count", len(g.of)))
		if few {
			short = append(short, s.word(g.list, "list", s.listOf(g.of, maxInList, false)))
			long = append(long, s.word(g.list, "list", "\n"+s.listOf(g.of, maxNamed, true)))
		}
	}
	if len(d.laws) > 0 {
		counts = append(counts, s.word("news.knowledge_count_laws", "count", len(d.laws)))
		short = append(short, s.word("news.knowledge_laws", "list", s.lawsOf(d.laws, 3)))
		long = append(long, s.word("news.knowledge_laws", "list", s.lawsOf(d.laws, maxNamed)))
	}
	if len(counts) == 0 {
		return items.Content{}, false
	}
	if !few {
		fields := s.word("news.knowledge_fields", "list", s.fieldsOf(groups))
		short, long = append([]string{fields}, short...), append([]string{fields}, long...)
	}
	what := strings.Join(counts, ", ")
	c := items.Content{
		Title: cut(s.word("news.knowledge_title", "what", what), items.MaxTitle), Summary: cut(strings.Join(short, "\n"), items.MaxSummary),
		Body: cut(strings.Join(long, "\n\n"), items.MaxBody), SourceKind: items.SourceDepartment, SourceName: s.word("news.knowledge_source"), Topics: []string{items.TopicProcedures},
	}
	if d.procedures() == 1 {
		for _, g := range groups {
			for _, n := range g.of {
				c.Link = s.linkTo(n.code)
			}
		}
	}
	return c, true
}

// linkTo is the page of a procedure, "" when there is none or the program has no address.
func (s *service) linkTo(code string) string {
	if s.opt.PublicURL == "" || code == "" {
		return ""
	}
	return s.opt.PublicURL + "/tthc/" + code
}

// listOf names procedures: on one line, or each on its own with its link.
func (s *service) listOf(of []named, most int, links bool) string {
	var out []string
	for _, n := range of[:min(len(of), most)] {
		line := n.name
		if n.note != "" {
			line += " (" + n.note + ")"
		}
		if link := s.linkTo(n.code); links {
			line = "- " + line
			if link != "" {
				line += " " + link
			}
		}
		out = append(out, line)
	}
	if more := len(of) - most; more > 0 {
		out = append(out, s.word("news.knowledge_more", "count", more))
	}
	if links {
		return strings.Join(out, "\n")
	}
	return strings.Join(out, "; ")
}

func (s *service) lawsOf(laws []string, most int) string {
	var out []string
	for _, l := range laws[:min(len(laws), most)] {
		out = append(out, cut(s.opt.Clean(l), maxNameShow))
	}
	if more := len(laws) - most; more > 0 {
		out = append(out, s.word("news.knowledge_more", "count", more))
	}
	return strings.Join(out, "; ")
}

// fieldsOf counts procedures by field, the largest first.
func (s *service) fieldsOf(groups []group) string {
	n := map[string]int{}
	for _, g := range groups {
		for _, x := range g.of {
			if x.field != "" {
				n[x.field]++
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(n[b]-n[a], strings.Compare(a, b)) })
	var out []string
	for _, f := range names[:min(len(names), 2*maxInList)] {
		out = append(out, fmt.Sprintf("%s (%d)", f, n[f]))
	}
	if more := len(names) - len(out); more > 0 {
		out = append(out, s.word("news.knowledge_more", "count", more))
	}
	return strings.Join(out, "; ")
}
