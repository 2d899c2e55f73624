package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/vietnamese"
)

// KnowledgeCmd groups the commands on the knowledge base.
type KnowledgeCmd struct {
	Import ImportCmd `cmd:"" help:"Take in procedures from YAML, JSON Lines or Excel files. All of them or none."`
	Export ExportCmd `cmd:"" help:"Write what is published."`
	Check  CheckCmd  `cmd:"" help:"Hold the published entries to every rule of the content."`
	Exam   ExamCmd   `cmd:"" help:"Ask labelled questions and print the scores."`
	Gaps   GapsCmd   `cmd:"" help:"List questions nobody could answer, for the curators."`

	Revisions RevisionsCmd `cmd:"" help:"List what was published, and when."`
	Rollback  RollbackCmd  `cmd:"" help:"Answer from another revision, at once and without losing any."`
}

// ImportCmd is `cchcbot knowledge import`.
type ImportCmd struct {
	Files  []string `arg:"" name:"file" help:"Files ending in .yaml, .jsonl, .jsonl.gz or .xlsx."`
	DryRun bool     `help:"Only report what would change."`
	All    bool     `help:"List every row of the report, not the first 20 of each kind."`
	Gone   bool     `help:"Propose to abolish reviewed entries that the national file does not have any more."`

	reading func() // called between reading and publishing, by tests
}

// Help is the example below --help.
func (ImportCmd) Help() string {
	return "Example:\n  cchcbot knowledge import --dry-run procedures.jsonl.gz\n\n" +
		"Reviewed entries keep their words: a file without summaries and aliases only fills what they leave empty.\n" +
		"What it would change besides becomes drafts in the console, which an officer reviews; the same file proposes nothing twice."
}

// importReport is what an import found, in the order of the rows.
type importReport struct {
	added, changed, unchanged int
	refused, notes, unknown   []string
	changes                   []entries.Change
	national                  *content.NationalList // what curated rows are compared with
	records                   []*knowledge.Entry    // of the national file, that meet words of ours
	ahead                     []*knowledge.Entry    // that count from a day to come
}

// Run imports the files in one revision.
func (c *ImportCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	d, err := openData(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	national, err := content.National()
	if err != nil {
		return err
	}
	rep := &importReport{national: national}
	seen := map[string]string{}
	for _, name := range c.Files {
		if err := c.read(ctx, d, io, name, rep, seen); err != nil {
			return fmt.Errorf("nothing was imported: %w", err)
		}
	}
	rep.print(io.out, c.All)
	book, err := d.files(cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	if err := c.fit(ctx, book, rep, seen); err != nil {
		return err
	}
	switch {
	case c.DryRun:
		if err := c.propose(ctx, book, rep, seen, io.out); err != nil {
			return err
		}
		fmt.Fprintln(io.out, "dry run: nothing was written")
		return nil
	case len(rep.changes) == 0:
		fmt.Fprintln(io.out, "nothing to change")
	default:
		if c.reading != nil {
			c.reading()
		}
		rev, moved, err := d.publish(ctx, "import", strings.Join(baseNames(c.Files), ", "), rep.changes)
		if err != nil {
			return fmt.Errorf("nothing was imported: %w", err)
		}
		for _, code := range moved {
			rep.refused = append(rep.refused, code)
			fmt.Fprintf(io.out, "%s %s: somebody changed the entry while the file was read; it stays, import the file again\n", seen[code], code)
		}
		fmt.Fprintf(io.out, "published as revision %d; a running bot takes it up within seconds\n", rev)
	}
	if err := c.propose(ctx, book, rep, seen, io.out); err != nil {
		return err
	}
	if n := len(rep.refused); n > 0 {
		return fmt.Errorf("%d rows were refused, see above; the others were taken", n)
	}
	return nil
}

func baseNames(files []string) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = filepath.Base(f)
	}
	return out
}

func (c *ImportCmd) read(ctx context.Context, d *data, io streams, name string, rep *importReport, seen map[string]string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	bar := newBar(io.err, -1, "reading "+filepath.Base(name))
	defer bar.done()
	return content.Read(ctx, name, f, content.ReadOptions{Normalize: norm.NFC.String, Known: func(code string) bool {
		_, err := entries.Get(ctx, d.db.Read(), code)
		return err == nil
	}, Skipped: func(n int) {
		rep.notes = append(rep.notes, fmt.Sprintf("%s: %d rows of papers, steps and ways are left out: their procedures are not in the main sheet and stay as they are", filepath.Base(name), n))
	}}, func(row content.Row) error {
		bar.add(1)
		where := fmt.Sprintf("%s:%d", filepath.Base(name), row.Number)
		if row.Sheet != "" {
			where += " sheet " + row.Sheet
		}
		return rep.take(ctx, d, where, row, seen)
	})
}

// take decides what a row means for what is published.
func (rep *importReport) take(ctx context.Context, d *data, where string, row content.Row, seen map[string]string) error {
	code := row.Code
	if row.Entry != nil {
		code = row.Entry.Code
	}
	for _, key := range row.Unknown {
		rep.unknown = append(rep.unknown, fmt.Sprintf("%s %s: unknown key %s, left out", where, code, key))
	}
	for _, n := range row.Notes {
		rep.notes = append(rep.notes, fmt.Sprintf("%s %s: %s", where, code, n))
	}
	problems := row.Problems
	if row.Entry == nil && len(problems) == 0 {
		problems = []knowledge.Problem{{Field: "row", Reason: "cannot be read"}}
	}
	if first, dup := seen[code]; dup && len(problems) == 0 {
		problems = []knowledge.Problem{{Field: "code", Reason: "stands already at " + first}}
	}
	if len(problems) > 0 {
		texts := make([]string, len(problems))
		for i, p := range problems {
			texts[i] = p.String()
		}
		rep.refused = append(rep.refused, fmt.Sprintf("%s %s: %s", where, code, strings.Join(texts, "; ")))
		return nil
	}
	seen[code] = where
	return rep.compare(ctx, d, where, row)
}

func (rep *importReport) compare(ctx context.Context, d *data, where string, row content.Row) error {
	e := row.Entry
	rec, err := entries.GetRecord(ctx, d.db.Read(), e.Code)
	if bot.IsCode(err, bot.NotFound) {
		rep.added++
		rep.changes = append(rep.changes, entries.Change{Entry: e, Origin: entries.OriginImport, New: true})
		return nil
	}
	if err != nil {
		return err
	}
	content.Keep(rec.Entry, e, row.Absent)
	m := exchangeContent().Meet(rec, e, time.Now())
	next, origin := m.Next, m.Origin
	if content.IsCurated(e) {
		for _, f := range content.CompareNational(e, rep.national) {
			rep.notes = append(rep.notes, fmt.Sprintf("%s %s: %s %s", where, e.Code, f.Field, f.Text))
		}
	}
	if m.Look {
		for _, f := range content.Review(rec.Entry, e) {
			rep.notes = append(rep.notes, fmt.Sprintf("%s %s: %s", where, e.Code, f.Text))
		}
		rep.records = append(rep.records, e)
	}
	if m.Ahead {
		rep.notes = append(rep.notes, fmt.Sprintf("%s %s: counts from %s: proposed, what is published stays until then", where, e.Code, entries.Day(e)))
		rep.ahead = append(rep.ahead, e)
	}
	if len(content.Compare(rec.Entry, next)) == 0 {
		rep.unchanged++
		return nil
	}
	rep.changed++
	rep.changes = append(rep.changes, entries.Change{Entry: next, Origin: origin, Was: &rec})
	return nil
}

func (rep *importReport) print(w io.Writer, all bool) {
	for _, list := range []struct {
		title string
		rows  []string
	}{{"refused", rep.refused}, {"unknown keys", rep.unknown}, {"to look at", rep.notes}} {
		if len(list.rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s (%d):\n", list.title, len(list.rows))
		for i, row := range list.rows {
			if i == 20 && !all {
				fmt.Fprintf(w, "  … and %d more; --all lists them\n", len(list.rows)-i)
				break
			}
			fmt.Fprintln(w, " ", row)
		}
	}
	fmt.Fprintf(w, "%d new, %d changed, %d unchanged, %d refused\n", rep.added, rep.changed, rep.unchanged, len(rep.refused))
}

// ExportCmd is `cchcbot knowledge export`.
type ExportCmd struct {
	Format string `enum:"jsonl,xlsx,yaml" default:"jsonl" help:"jsonl, xlsx or yaml."`
	File   string `arg:"" optional:"" help:"Where to write; standard output when left out."`
}

// Help is the example below --help.
func (ExportCmd) Help() string {
	return "Example:\n  cchcbot knowledge export --format xlsx thu-tuc.xlsx"
}

// Run writes the published entries.
func (c *ExportCmd) Run(ctx context.Context, cfg *Config, io streams) (err error) {
	d, err := openData(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	out := io.out
	if c.File != "" {
		f, ferr := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(ferr, os.ErrExist) {
			return fmt.Errorf("%s exists already; choose another name or remove it first", c.File)
		}
		if ferr != nil {
			return ferr
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	n := 0
	var readErr error
	var all iter.Seq[*knowledge.Entry] = func(yield func(*knowledge.Entry) bool) {
		readErr = entries.Each(ctx, d.db.Read(), func(rec entries.Record) error {
			n++
			if !yield(rec.Entry) {
				return errStop
			}
			return nil
		})
	}
	if err := content.Write(out, c.Format, all); err != nil {
		return err
	}
	if readErr != nil && !errors.Is(readErr, errStop) {
		return readErr
	}
	fmt.Fprintf(io.err, "%d entries written\n", n)
	return nil
}

var errStop = errors.New("stop")

// CheckCmd is `cchcbot knowledge check`.
type CheckCmd struct{}

// Help is the example below --help.
func (CheckCmd) Help() string { return "Example:\n  cchcbot knowledge check" }

// Run prints every finding and fails when one is an error.
func (c *CheckCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	d, err := openData(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	var all []*knowledge.Entry
	curated := map[string]bool{}
	err = entries.Each(ctx, d.db.Read(), func(rec entries.Record) error {
		all = append(all, rec.Entry)
		curated[rec.Entry.Code] = rec.Origin == entries.OriginEmbedded || content.IsWritten(rec.Entry)
		return nil
	})
	if err != nil {
		return err
	}
	national, err := content.National()
	if err != nil {
		return err
	}
	findings := content.Check(all, content.CheckOptions{
		Curated: func(e *knowledge.Entry) bool { return curated[e.Code] }, NFC: norm.NFC.IsNormalString, National: national,
		Fold: vietnamese.Fold, Splits: splitsOf(all, time.Now),
	})
	for _, f := range findings {
		fmt.Fprintln(io.out, f)
	}
	n := 0
	for _, is := range curated {
		if is {
			n++
		}
	}
	fmt.Fprintf(io.out, "%d entries checked, %d of them reviewed content; %d findings\n", len(all), n, len(findings))
	if content.HasErrors(findings) {
		return errors.New("some entries break a rule; see above")
	}
	return nil
}

// splitsOf tells whether a question back can tell two of the entries apart that share an alias, and the alias does not
// answer it: then it is the name of one of them. The index that knows is built when it is first asked.
func splitsOf(all []*knowledge.Entry, now func() time.Time) func(alias string, a, b *knowledge.Entry) bool {
	built := sync.OnceValues(func() (knowledge.Searcher, error) { return buildIndex(now)(all) })
	return func(alias string, a, b *knowledge.Entry) bool {
		s, err := built()
		if err != nil {
			return false // it is a finding then, and no question of ours
		}
		both := []string{a.Code, b.Code}
		_, can := s.Split(both, nil)
		_, answered := s.Pick(alias, both)
		return can && !answered
	}
}

// ExamCmd is `cchcbot knowledge exam`.
type ExamCmd struct {
	File string `arg:"" optional:"" help:"Labelled questions, one JSON object a line; the built-in ones when left out."`
	JSON bool   `help:"Print the scores as one JSON object."`
	Miss bool   `help:"List the questions that were not answered right, by cause."`
}

// Help is the example below --help.
func (ExamCmd) Help() string {
	return "Example:\n  cchcbot knowledge exam questions.jsonl --miss"
}

// Run asks every question.
func (c *ExamCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	questions, err := c.questions()
	if err != nil {
		return err
	}
	log := cfg.Logger(io.err)
	d, err := openData(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer d.Close()
	a, err := newAsker(ctx, d, log)
	if err != nil {
		return err
	}
	bar := newBar(io.err, 2*len(questions), "asking")
	answers := make([]exam.Answer, 0, len(questions))
	rep, err := exam.Run(ctx, questions, a.found, exam.Options{
		Progress: func(done, _ int) { bar.set(done) },
		Each:     func(a exam.Answer) { answers = append(answers, a) },
		Curated:  a.curated,
		Toneless: true,
	})
	bar.done()
	if err != nil {
		return err
	}
	if c.Miss {
		a.listMissed(io.out, answers)
	}
	if c.JSON {
		return json.NewEncoder(io.out).Encode(rep)
	}
	return exam.WriteText(io.out, rep)
}

func (c *ExamCmd) questions() ([]exam.Question, error) {
	if c.File == "" {
		return exam.Basic()
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return exam.Read(f)
}

// seed brings the embedded entries in when they are new to this database, and
// leaves those alone that an officer edited.
func (d *data) seed(ctx context.Context, log *slog.Logger) error {
	digest := content.Digest()
	last, err := entries.Seed(ctx, d.db.Read())
	if err != nil || last == digest {
		return err
	}
	shipped, err := content.Embedded()
	if err != nil {
		return err
	}
	var changes []entries.Change
	for _, e := range shipped {
		rec, err := entries.GetRecord(ctx, d.db.Read(), e.Code)
		switch {
		case bot.IsCode(err, bot.NotFound):
			changes = append(changes, entries.Change{Entry: e, Origin: entries.OriginEmbedded, New: true})
			continue
		case err != nil:
			return err
		case rec.Origin == entries.OriginEdited:
			continue
		case rec.Origin == entries.OriginImport && content.IsCurated(rec.Entry):
			// An operator brought in words of their own; these stay, whatever the program now says.
			if len(content.Compare(rec.Entry, content.Merge(e, rec.Entry))) > 0 {
				log.Info("a reviewed entry that was imported stays; the program has another text of it", "code", e.Code)
			}
			continue
		}
		next := content.Merge(e, rec.Entry)
		next.ValidFrom, next.ValidTo = cmp.Or(next.ValidFrom, rec.Entry.ValidFrom), cmp.Or(next.ValidTo, rec.Entry.ValidTo) // they count already
		if len(content.Compare(rec.Entry, next)) > 0 {
			changes = append(changes, entries.Change{Entry: next, Origin: entries.OriginEmbedded, Was: &rec})
		}
	}
	return d.write(ctx, func(tx bot.Tx) error {
		still, moved, err := entries.Unmoved(ctx, tx, changes)
		if err != nil {
			return err
		}
		if _, err := entries.PublishAll(ctx, tx, time.Now(), "cchcbot", "entries that come with the program", still); err != nil || len(moved) > 0 {
			return err // what somebody changed at this moment is looked at by the next start
		}
		return entries.SetSeed(ctx, tx, digest)
	})
}

// publish writes a new revision of the changes, but for those whose entry somebody changed since they were made: their codes are moved.
func (d *data) publish(ctx context.Context, actor, note string, changes []entries.Change) (rev int64, moved []string, err error) {
	slices.SortFunc(changes, func(a, b entries.Change) int { return strings.Compare(a.Entry.Code, b.Entry.Code) })
	err = d.write(ctx, func(tx bot.Tx) error {
		var still []entries.Change
		if still, moved, err = entries.Unmoved(ctx, tx, changes); err != nil {
			return err
		}
		rev, err = entries.PublishAll(ctx, tx, time.Now(), actor, note, still)
		return err
	})
	return rev, moved, err
}
