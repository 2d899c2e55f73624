package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/email"
	"cchcbot/bot/words"
	"cchcbot/handlers/complaints"
	"cchcbot/handlers/complaints/agencies"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

// newBook opens the contacts of all bodies.
func newBook(d *data, dir func() *directory.Directory, o houseOptions) (*agencies.Book, error) {
	return agencies.NewBook(agencies.BookOptions{
		Read: d.db.Read(), Sealer: d.keys, Directory: dir, Fold: vietnamese.Fold, Clean: vietnamese.Clean, Now: o.Now,
		ValidAddress: email.ValidAddress,
	})
}

// agencies builds the agencies' side of complaints.
func (h *house) agencies(o houseOptions) (bot.Feature, error) {
	book, err := newBook(o.Data, h.directory, o)
	if err != nil {
		return bot.Feature{}, err
	}
	return agencies.New(agencies.Options{
		Desk: h.desk, Book: book, Works: h.works, Read: o.Data.db.Read(), Sealer: o.Data.keys, Directory: h.directory,
		Calendar: h.calendar.Calendar, Texts: lateTexts{h}, Langs: words.Langs[:], Staff: h.store, LinkOfficer: h.store.LinkOfficer,
		Sent: h.store.SentThing, Files: agencies.Media(h.media), Console: h.console, Fold: vietnamese.Fold, Clean: vietnamese.Clean, Now: o.Now,
		// A house without a server shows no page, and sends no mail.
		PublicURL: cmp.Or(strings.TrimSuffix(o.PublicURL, "/"), "http://localhost"), Audit: h.store.Audit,
		Has:   h.has,
		Alert: h.alarm.raise, Log: o.Log,
	})
}

// ContactsCmd groups the commands on the contacts of bodies.
type ContactsCmd struct {
	Import ContactsImportCmd `cmd:"" help:"Take contacts of bodies from an Excel file."`
	Export ContactsExportCmd `cmd:"" help:"Write all contacts, and the bodies that have none, to an Excel file."`
}

// ContactsImportCmd is `cchcbot complaints contacts import`.
type ContactsImportCmd struct {
	File   string `arg:"" help:"An .xlsx file: columns in any order, bodies by id or name."`
	DryRun bool   `help:"Say what would happen and write nothing."`
}

// Help is the example below --help.
func (ContactsImportCmd) Help() string {
	return "Examples:\n  cchcbot complaints contacts export dau-moi.xlsx\n  cchcbot complaints contacts import dau-moi.xlsx --dry-run"
}

// exchange opens what the commands on contacts need.
func exchange(ctx context.Context, cfg *Config, io streams) (*data, *agencies.Exchange, *words.Words, error) {
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return nil, nil, nil, err
	}
	dir, err := loadDirectory(cfg, d)
	if err == nil {
		var book *agencies.Book
		var texts *words.Words
		if book, err = newBook(d, dir, houseOptions{Now: time.Now}); err == nil {
			if texts, err = words.Load([]fs.FS{words.Shared(), complaints.Texts()}...); err == nil {
				ex := &agencies.Exchange{Book: book, Texts: texts, Langs: words.Langs[:]}
				composer := &bot.Composer{Texts: texts, Channels: map[string]bot.Limiter{}, Default: words.Langs[0]}
				if err = testMails(cfg, ex, composer); err == nil {
					ex.Works = &bot.Works{Units: d.store, Composer: composer}
					return d, ex, texts, nil
				}
			}
		}
	}
	return nil, nil, nil, errors.Join(err, d.Close())
}

// testMails lets an import ask new addresses to confirm, where mails are sent and
// the address of the pages is known. The running program sends them.
func testMails(cfg *Config, ex *agencies.Exchange, composer *bot.Composer) error {
	if cfg.SMTPURL == "" || cfg.PublicURL == "" {
		return nil
	}
	sender, err := email.New(email.Options{URL: cfg.SMTPURL, From: cfg.MailFrom, Now: time.Now})
	if err != nil {
		return err
	}
	composer.Channels[agencies.Email] = sender
	ex.PublicURL = strings.TrimSuffix(cfg.PublicURL, "/")
	return nil
}

// Run imports the file. Refused rows are listed and do not keep the others out.
func (c *ContactsImportCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	d, ex, texts, err := exchange(ctx, cfg, io)
	if err != nil {
		return err
	}
	defer d.Close()
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	report, err := ex.Import(ctx, f, c.DryRun)
	if err != nil {
		return fmt.Errorf("nothing was imported: %w", inEnglish(texts, err))
	}
	for _, x := range report.Refused {
		fmt.Fprintf(io.out, "%s, row %d: %s\n", x.Sheet, x.Row, english(texts, x.Key, x.Args))
	}
	fmt.Fprintf(io.out, "%d new, %d changed, %d unchanged, %d refused, %d without a person\n",
		report.Added, report.Changed, report.Unchanged, len(report.Refused), report.Empty)
	if c.DryRun {
		fmt.Fprintln(io.out, "dry run: nothing was written")
		return nil
	}
	switch {
	case report.Mailed > 0:
		fmt.Fprintf(io.out, "%s asked to confirm the address; until then they are told codes of cases and nothing else\n", count(report.Mailed, "contact"))
	case report.Added > 0 && ex.PublicURL == "":
		fmt.Fprintln(io.out, "nobody was asked to confirm his address: that needs SMTP_URL and PUBLIC_URL; send test messages in the console")
	}
	if report.Added+report.Changed > 0 {
		err = d.write(ctx, func(tx bot.Tx) error {
			return d.store.Audit(ctx, tx, "command", "complaints.contacts_imported", "contacts", fmt.Sprintf("added=%d changed=%d", report.Added, report.Changed))
		})
		if err != nil {
			return err
		}
	}
	if n := len(report.Refused); n > 0 {
		return fmt.Errorf("%d rows were refused, see above; the others were taken", n)
	}
	return nil
}

// english renders a text key for the command line.
func english(texts *words.Words, key string, args []any) string {
	m := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			m[name] = args[i+1]
		}
	}
	text, err := texts.Render("en", key, m)
	if err != nil {
		return key
	}
	return text
}

// inEnglish puts an error that people may read into words.
func inEnglish(texts *words.Words, err error) error {
	var e *bot.Error
	if errors.As(err, &e) && e.Key != "" {
		return errors.New(english(texts, e.Key, e.Args))
	}
	return err
}

// ContactsExportCmd is `cchcbot complaints contacts export`.
type ContactsExportCmd struct {
	File string `arg:"" help:"The .xlsx file to write; it must not be there yet."`
}

// Help is the example below --help.
func (ContactsExportCmd) Help() string {
	return "Example:\n  cchcbot complaints contacts export dau-moi.xlsx"
}

// Run writes the file. It holds names and addresses: only this user can read it.
func (c *ContactsExportCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	d, ex, _, err := exchange(ctx, cfg, io)
	if err != nil {
		return err
	}
	defer d.Close()
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already; give another name", c.File)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(ex.Export(ctx, f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.File))
	}
	fmt.Fprintf(io.out, "wrote %s\n", c.File)
	return nil
}

// has reports whether a channel is switched on.
func (h *house) has(name string) bool {
	return slices.ContainsFunc(h.channels, func(c bot.Channel) bool { return c.Name() == name })
}
