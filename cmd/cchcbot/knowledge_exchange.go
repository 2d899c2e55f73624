package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"time"

	"golang.org/x/text/unicode/norm"

	"cchcbot/bot"
	"cchcbot/bot/words"
	"cchcbot/handlers/procedures"
	"cchcbot/handlers/procedures/entries"
	entryfiles "cchcbot/handlers/procedures/exchange"
	"cchcbot/knowledge"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/vietnamese"
)

// fileLimits bound what a file may cost in a console that others work in meanwhile.
// A workbook of all procedures has 45,000 papers.
var fileLimits = content.Limits{File: entryfiles.MaxFile, Text: 128 << 20, Rows: 60_000, Cells: 2_000_000}

// exchangeContent is what package content knows of files, as officers read it.
func exchangeContent() entryfiles.Content {
	return entryfiles.Content{Curated: content.IsCurated, Merge: content.Merge, Keep: content.Keep, FeeMoved: content.FeeMoved, Write: content.Write, Read: readRows}
}

func readRows(ctx context.Context, name string, r io.Reader, known func(string) bool, row func(entryfiles.Row) error) error {
	skipped := 0
	err := content.Read(ctx, name, r, content.ReadOptions{
		Normalize: norm.NFC.String, Limits: fileLimits, Known: known, Skipped: func(n int) { skipped = n },
	}, func(x content.Row) error {
		out := entryfiles.Row{Number: x.Number, Sheet: x.Sheet, Code: x.Code, Entry: x.Entry, Absent: x.Absent}
		for _, u := range x.Unknown {
			out.Unknown = append(out.Unknown, strangerOf(u))
		}
		for _, p := range x.Problems {
			out.Refused = append(out.Refused, reasonOf(p))
		}
		return row(out)
	})
	if err == nil && skipped > 0 {
		err = row(entryfiles.Row{Skipped: skipped})
	}
	for _, f := range []struct {
		is  error
		key string
	}{{content.ErrTooLarge, "procedures.exchange_too_large"}, {content.ErrBroken, "procedures.exchange_broken"}, {content.ErrFormat, "procedures.exchange_format"}} {
		if errors.Is(err, f.is) {
			return &bot.Error{Code: bot.Invalid, Key: f.key, Args: []any{"most", entryfiles.MaxFile >> 20}, Detail: err.Error()}
		}
	}
	return err
}

// What the reader of files says, as an officer reads it; the first that fits counts.
var rowReasons = []struct {
	says *regexp.Regexp
	key  string
}{
	{regexp.MustCompile(`^"(.*)" has lost zeros`), "procedures.exchange_wrong_zeros"},
	{regexp.MustCompile(`is not a procedure code`), "procedures.exchange_wrong_code"},
	{regexp.MustCompile(`^stands already in \w+ (\d+)`), "procedures.exchange_twice"},
	{regexp.MustCompile(`^is empty`), "procedures.exchange_wrong_empty"},
	{regexp.MustCompile(`^"(.*)" is not a date`), "procedures.exchange_wrong_day"},
	{regexp.MustCompile(`is not after valid_from`), "procedures.exchange_wrong_days"},
	{regexp.MustCompile(`^"(.*)" is not one of published`), "procedures.exchange_wrong_status"},
	{regexp.MustCompile(`^"(.*)" is not known; leave it out`), "procedures.exchange_wrong_kind"},
	{regexp.MustCompile(`^"(.*)" is not an http`), "procedures.exchange_wrong_url"},
	{regexp.MustCompile(`^a replaced procedure names`), "procedures.exchange_wrong_replaced"},
	{regexp.MustCompile(`the cell holds the Excel error (\S+)|holds the Excel error (\S+)`), "procedures.exchange_wrong_cell"},
	{regexp.MustCompile(`^"(.*)" is neither`), "procedures.exchange_wrong_flag"},
	{regexp.MustCompile(`the order "(.*)" is not a number`), "procedures.exchange_wrong_order"},
	{regexp.MustCompile(`^belongs to no row`), "procedures.exchange_wrong_orphan"},
	{regexp.MustCompile(`unknown columns: (.*)$`), "procedures.exchange_wrong_columns"},
	{regexp.MustCompile(`^has \d+ .*at most`), "procedures.exchange_wrong_long"},
	{regexp.MustCompile(`^((?:number \d+ has no name|\w+ ".*" of number \d+ is not an http).*)$`), "procedures.exchange_wrong_part"},
}

func reasonOf(p knowledge.Problem) entryfiles.Reason {
	for _, w := range rowReasons {
		m := w.says.FindStringSubmatch(p.Reason)
		if m == nil {
			continue
		}
		text := ""
		for _, g := range m[1:] {
			text += g
		}
		return entryfiles.Reason{Field: p.Field, Key: w.key, Args: []any{"text", text, "row", text}}
	}
	return entryfiles.Reason{Field: p.Field, Key: "procedures.exchange_wrong_other", Args: []any{"text", p.Reason}}
}

// strangers are what the reader of files calls a column, a sheet or a key that no entry has; the first that fits counts.
var strangers = []struct {
	says *regexp.Regexp
	key  string
}{
	{regexp.MustCompile(`^column number (\d+) without a heading$`), "procedures.exchange_unknown_unnamed"},
	{regexp.MustCompile(`^column (.*)$`), "procedures.exchange_unknown_column"},
	{regexp.MustCompile(`^sheet (.*)$`), "procedures.exchange_unknown_sheet"},
	{regexp.MustCompile(`^(.*)$`), "procedures.exchange_unknown_key"},
}

func strangerOf(name string) entryfiles.Reason {
	for _, w := range strangers {
		if m := w.says.FindStringSubmatch(name); m != nil {
			return entryfiles.Reason{Key: w.key, Args: []any{"name", m[1]}}
		}
	}
	return entryfiles.Reason{Key: "procedures.exchange_unknown_key", Args: []any{"name", name}} // a name of several lines
}

// openExchange builds the part of the console where entries come and go as files.
func (h *house) openExchange(o houseOptions) error {
	book, err := entryfiles.New(entryfiles.Options{
		Content: exchangeContent(), Desk: h.entries, Read: o.Knowledge.db.Read(), Do: h.works.Do, Audit: h.store.Audit, Clean: vietnamese.Clean,
		Render:  func(key string, args map[string]any) (string, error) { return h.words.Render("vi", key, args) },
		Console: h.console, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return err
	}
	part, err := entryfiles.Part(book)
	h.knowledgeParts = append(h.knowledgeParts, part)
	return err
}

// files is the same book for commands, which need no console.
func (d *data) files(cfg *Config, log *slog.Logger) (*entryfiles.Book, error) {
	texts, err := words.Load(words.Shared(), procedures.Texts())
	if err != nil {
		return nil, err
	}
	dir, err := loadDirectory(cfg, d)
	if err != nil {
		return nil, err
	}
	desk, err := entries.New(entries.Options{Read: d.db.Read(), Directory: dir, Clean: vietnamese.Clean, Audit: d.store.Audit, Now: time.Now, Log: log})
	if err != nil {
		return nil, err
	}
	return entryfiles.New(entryfiles.Options{
		Content: exchangeContent(), Desk: desk, Read: d.db.Read(), Do: (&bot.Works{Units: d.store}).Do, Audit: d.store.Audit, Clean: vietnamese.Clean,
		Render: func(key string, args map[string]any) (string, error) { return texts.Render(words.Langs[0], key, args) }, Now: time.Now, Log: log,
	})
}

// fit refuses --gone for a file that says nothing of what it lacks, before anything is written.
func (c *ImportCmd) fit(ctx context.Context, book *entryfiles.Book, rep *importReport, seen map[string]string) error {
	if !c.Gone {
		return nil
	}
	_, whole, err := book.Gone(ctx, func(code string) bool { return seen[code] != "" })
	if err == nil && (!whole || len(rep.refused) > 0 || len(rep.records) == 0) {
		err = errors.New("nothing was imported: --gone needs the whole national file; less than half of what is published is in this one, or rows were refused")
	}
	return err
}

// propose proposes what the national records would change in words of ours, and, when it is asked for, that what
// the file lacks is abolished. Whatever fails is asked again by the same import.
func (c *ImportCmd) propose(ctx context.Context, book *entryfiles.Book, rep *importReport, seen map[string]string, out io.Writer) error {
	if len(rep.records)+len(rep.ahead) == 0 {
		return nil
	}
	proposed := 0
	for _, e := range rep.ahead {
		ask := book.Ahead
		if c.DryRun {
			ask = book.WouldAhead
		}
		did, err := ask(ctx, e)
		if err != nil {
			return fmt.Errorf("propose a change of %s: %w", e.Code, err)
		}
		if did {
			proposed++
		}
	}
	for _, e := range rep.records {
		ask := book.Compare
		if c.DryRun {
			ask = book.Would
		}
		did, err := ask(ctx, e)
		if err != nil {
			return fmt.Errorf("propose a change of %s: %w", e.Code, err)
		}
		if did {
			proposed++
		}
	}
	gone, whole, err := book.Gone(ctx, func(code string) bool { return seen[code] != "" })
	if err != nil {
		return err
	}
	if whole && len(rep.refused) == 0 {
		for i, e := range gone {
			if i == 20 && !c.All {
				fmt.Fprintf(out, "  … and %d more; --all lists them\n", len(gone)-i)
				break
			}
			fmt.Fprintf(out, "gone from the file: %s %s\n", e.Code, e.Name)
		}
	}
	abolished := 0
	for _, e := range gone {
		if !c.Gone || c.DryRun {
			break
		}
		did, err := book.Abolish(ctx, e.Code)
		if err != nil {
			return fmt.Errorf("propose to abolish %s: %w", e.Code, err)
		}
		if did {
			abolished++
		}
	}
	fmt.Fprintf(out, "%d proposals for entries written here, %d to abolish; the console lists them as drafts\n", proposed, abolished)
	return nil
}
