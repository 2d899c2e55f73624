package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"cchcbot/bot"
	"cchcbot/handlers/procedures"
	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/exam"
)

// KnowledgeCmd groups the commands on the knowledge base.
type KnowledgeCmd struct {
	Import ImportCmd `cmd:"" help:"Take in procedures from YAML, JSON Lines or Excel files. All of them or none."`
	Export ExportCmd `cmd:"" help:"Write what is published."`
	Check  CheckCmd  `cmd:"" help:"Hold the published entries to every rule of the content."`
	Exam   ExamCmd   `cmd:"" help:"Ask labelled questions and print the scores."`
	Gaps   GapsCmd   `cmd:"" help:"List questions nobody could answer, for the curators."`
}

// ImportCmd is `cchcbot knowledge import`.
type ImportCmd struct {
	Files  []string `arg:"" name:"file" help:"Files ending in .yaml, .jsonl, .jsonl.gz or .xlsx."`
	DryRun bool     `help:"Only report what would change."`
	All    bool     `help:"List every row of the report, not the first 20 of each kind."`
}

// Help is the example below --help.
func (ImportCmd) Help() string {
	return "Example:\n  cchcbot knowledge import --dry-run procedures.jsonl.gz\n\n" +
		"Reviewed entries keep their words: a file without summaries and aliases only fills what they leave empty."
}

// importReport is what an import found, in the order of the rows.
type importReport struct {
	added, changed, unchanged int
	refused, notes, unknown   []string
	changes                   []procedures.Change
}

// Run imports the files in one revision.
func (c *ImportCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	d, err := openData(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	rep := &importReport{}
	seen := map[string]string{}
	for _, name := range c.Files {
		if err := c.read(ctx, d, io, name, rep, seen); err != nil {
			return fmt.Errorf("nothing was imported: %w", err)
		}
	}
	rep.print(io.out, c.All)
	switch {
	case c.DryRun:
		fmt.Fprintln(io.out, "dry run: nothing was written")
		return nil
	case len(rep.changes) == 0:
		fmt.Fprintln(io.out, "nothing to change")
	default:
		rev, err := d.publish(ctx, "import", strings.Join(baseNames(c.Files), ", "), rep.changes)
		if err != nil {
			return fmt.Errorf("nothing was imported: %w", err)
		}
		fmt.Fprintf(io.out, "published as revision %d; a running bot takes it up within seconds\n", rev)
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
	return content.Read(ctx, name, f, content.ReadOptions{Normalize: norm.NFC.String}, func(row content.Row) error {
		bar.add(1)
		where := fmt.Sprintf("%s:%d", filepath.Base(name), row.Number)
		return rep.take(ctx, d, where, row, seen)
	})
}

// take decides what a row means for what is published.
func (rep *importReport) take(ctx context.Context, d *data, where string, row content.Row, seen map[string]string) error {
	code := ""
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
	return rep.compare(ctx, d, where, row.Entry)
}

func (rep *importReport) compare(ctx context.Context, d *data, where string, e *knowledge.Entry) error {
	rec, err := procedures.GetRecord(ctx, d.db.Read(), e.Code)
	if bot.IsCode(err, bot.NotFound) {
		rep.added++
		rep.changes = append(rep.changes, procedures.Change{Entry: e, Origin: procedures.OriginImport, New: true})
		return nil
	}
	if err != nil {
		return err
	}
	next, origin := e, rec.Origin
	switch {
	case content.IsCurated(e):
		// Somebody wrote these words, in a YAML file or in an exported sheet: they count.
		if rec.Origin != procedures.OriginImport || content.IsCurated(rec.Entry) {
			origin = procedures.OriginEdited
		}
	case rec.Origin != procedures.OriginImport:
		for _, f := range content.Review(rec.Entry, e) {
			rep.notes = append(rep.notes, fmt.Sprintf("%s %s: %s", where, e.Code, f.Text))
		}
		next = content.Merge(rec.Entry, e)
	}
	if len(content.Compare(rec.Entry, next)) == 0 {
		rep.unchanged++
		return nil
	}
	rep.changed++
	rep.changes = append(rep.changes, procedures.Change{Entry: next, Origin: origin})
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
	var entries iter.Seq[*knowledge.Entry] = func(yield func(*knowledge.Entry) bool) {
		readErr = procedures.Each(ctx, d.db.Read(), func(rec procedures.Record) error {
			n++
			if !yield(rec.Entry) {
				return errStop
			}
			return nil
		})
	}
	if err := content.Write(out, c.Format, entries); err != nil {
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
	err = procedures.Each(ctx, d.db.Read(), func(rec procedures.Record) error {
		all = append(all, rec.Entry)
		curated[rec.Entry.Code] = rec.Origin != procedures.OriginImport || content.IsCurated(rec.Entry)
		return nil
	})
	if err != nil {
		return err
	}
	findings := content.Check(all, content.CheckOptions{
		Curated: func(e *knowledge.Entry) bool { return curated[e.Code] }, NFC: norm.NFC.IsNormalString,
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

// ExamCmd is `cchcbot knowledge exam`.
type ExamCmd struct {
	File string `arg:"" optional:"" help:"Labelled questions, one JSON object a line; the built-in ones when left out."`
	JSON bool   `help:"Print the scores as one JSON object."`
	Miss bool   `help:"List the questions that were not answered right."`
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
	bar := newBar(io.err, len(questions), "asking")
	var missed []exam.Answer
	rep, err := exam.Run(ctx, questions, a.found, exam.Options{
		Progress: func(done, _ int) { bar.set(done) },
		Each: func(a exam.Answer) {
			if a.Rank != 1 && !a.Question.OutOfScope {
				missed = append(missed, a)
			}
		},
	})
	bar.done()
	if err != nil {
		return err
	}
	if c.Miss {
		for _, m := range missed {
			fmt.Fprintf(io.out, "%-8s rank %d  %s\n", m.Found.Outcome, m.Rank, m.Question.Text)
		}
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
func (d *data) seed(ctx context.Context) error {
	digest := content.Digest()
	last, err := procedures.Seed(ctx, d.db.Read())
	if err != nil || last == digest {
		return err
	}
	entries, err := content.Embedded()
	if err != nil {
		return err
	}
	var changes []procedures.Change
	for _, e := range entries {
		rec, err := procedures.GetRecord(ctx, d.db.Read(), e.Code)
		switch {
		case bot.IsCode(err, bot.NotFound):
			changes = append(changes, procedures.Change{Entry: e, Origin: procedures.OriginEmbedded, New: true})
			continue
		case err != nil:
			return err
		case rec.Origin == procedures.OriginEdited:
			continue
		}
		next := content.Merge(e, rec.Entry)
		if len(content.Compare(rec.Entry, next)) > 0 {
			changes = append(changes, procedures.Change{Entry: next, Origin: procedures.OriginEmbedded})
		}
	}
	return d.write(ctx, func(tx bot.Tx) error {
		if _, err := procedures.Publish(ctx, tx, time.Now(), "cchcbot", "entries that come with the program", changes); err != nil {
			return err
		}
		return procedures.SetSeed(ctx, tx, digest)
	})
}

// publish writes a new revision.
func (d *data) publish(ctx context.Context, actor, note string, changes []procedures.Change) (rev int64, err error) {
	slices.SortFunc(changes, func(a, b procedures.Change) int { return strings.Compare(a.Entry.Code, b.Entry.Code) })
	err = d.write(ctx, func(tx bot.Tx) error {
		rev, err = procedures.Publish(ctx, tx, time.Now(), actor, note, changes)
		return err
	})
	return rev, err
}
