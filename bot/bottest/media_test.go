package bottest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/media"
	"cchcbot/bot/telegram"
	"cchcbot/bot/zalobot"
)

// collector keeps every file that a citizen sends, and hears what became of it.
type collector struct {
	keeper  *media.Keeper
	ids     []string
	owners  []string
	refused []string // at once
	heard   []media.Item
}

func (c *collector) build(b *bottest.Bot) ([]bot.Feature, error) {
	c.keeper = b.Media
	b.Media.Notify(func(_ context.Context, w *bot.Work, it media.Item) error {
		c.heard = append(c.heard, it)
		return nil
	})
	return []bot.Feature{{Name: "collector", Routes: []bot.Route{
		{Name: "collector.media", Intents: []string{bot.IntentMedia}, Handle: c.take},
		{Name: "collector.drop", Command: "drop", Handle: func(_ context.Context, t *bot.Turn) error { t.Drop(); return nil }},
	}}}, nil
}

func (c *collector) take(ctx context.Context, t *bot.Turn) error {
	owner := media.Conversation(t.Update.Key())
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	for _, m := range t.Update.Media {
		it, err := c.keeper.Want(ctx, tx, owner, t.Update.Channel, m)
		if bot.IsCode(err, bot.Invalid) {
			c.refused = append(c.refused, strings.TrimPrefix(err.Error(), "invalid: "))
			continue
		}
		if err != nil {
			return err
		}
		c.ids, c.owners = append(c.ids, it.ID), append(c.owners, owner)
	}
	return nil
}

// drivers are all channels on which somebody can send a file.
func mediaDrivers() map[string]func() bottest.Driver {
	return map[string]func() bottest.Driver{
		"telegram": func() bottest.Driver { return bottest.NewTelegramDriver(telegram.ModePoll) },
		"zalo":     func() bottest.Driver { return bottest.NewZaloDriver(false) },
		"zalobot":  func() bottest.Driver { return bottest.NewZalobotDriver(zalobot.ModePoll) },
		"webchat":  func() bottest.Driver { return bottest.NewWebchatDriver() },
	}
}

// A photo that a citizen sends on any channel is kept without what its camera wrote down;
// a program in its clothes is not; and a dropped conversation loses both.
func TestFilesOnEveryChannel(t *testing.T) {
	for name, driver := range mediaDrivers() {
		t.Run(name, func(t *testing.T) {
			c := &collector{}
			d := driver()
			b := bottest.New(t, bottest.Options{Driver: d, Build: c.build})
			lan := bottest.Citizen{Name: "Lan"}
			do := func(in bottest.Input) []bottest.Said {
				t.Helper()
				if err := d.Do(t.Context(), lan, in); err != nil {
					t.Fatal(err)
				}
				return d.Seen(lan)
			}
			do(bottest.Input{Media: bot.Photo})
			if len(c.ids) != 1 {
				t.Fatalf("%d files wanted, refused %q", len(c.ids), c.refused)
			}
			items, err := b.Media.Items(t.Context(), nil, c.ids...)
			if err != nil || len(items) != 1 || items[0].State != media.Ready || items[0].Kind != bot.Photo {
				t.Fatalf("%+v, %v", items, err)
			}
			if kept := contents(t, b, c.ids[0]); bytes.Contains(kept, []byte(bottest.SecretPlace)) || !bytes.HasPrefix(kept, []byte("\xff\xd8\xff")) {
				t.Error("what is kept is no photo, or holds what the camera wrote down")
			}
			program, err := bottest.SampleFile("a.exe")
			if err != nil {
				t.Fatal(err)
			}
			said := do(bottest.Input{Media: bot.Photo, File: program, FileName: "photo.jpg"})
			switch {
			case name == "webchat" && (len(said) != 1 || !strings.Contains(said[0].Text, "chương trình")):
				t.Errorf("the page says %+v", said)
			case name != "webchat" && (len(c.heard) != 2 || c.heard[1].Reason != "media.refused_program"):
				t.Errorf("heard of %+v", c.heard)
			}
			do(bottest.Input{Text: "/drop"})
			left, err := b.Media.Of(t.Context(), nil, c.owners[0])
			if err != nil || len(left) != 0 {
				t.Errorf("%d files are left of a dropped conversation, %v", len(left), err)
			}
			if _, _, err := b.Media.Open(t.Context(), c.ids[0]); !bot.IsCode(err, bot.NotFound) {
				t.Errorf("a file of a dropped conversation opens: %v", err)
			}
		})
	}
}

func contents(t *testing.T, b *bottest.Bot, id string) []byte {
	t.Helper()
	_, f, err := b.Media.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What a citizen sends and nobody asked for is not kept: the bot says so, and it is true.
func TestAFileThatNobodyAskedFor(t *testing.T) {
	for name, driver := range mediaDrivers() {
		t.Run(name, func(t *testing.T) {
			d := driver()
			b := bottest.New(t, bottest.Options{Driver: d, Build: func(*bottest.Bot) ([]bot.Feature, error) { return nil, nil }})
			if err := d.Do(t.Context(), bottest.Citizen{Name: "Lan"}, bottest.Input{Media: bot.Photo}); err != nil {
				t.Fatal(err)
			}
			if err := b.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			var rows int
			if err := b.DB.Read().QueryRowContext(t.Context(), `select count(*) from media_items`).Scan(&rows); err != nil {
				t.Fatal(err)
			}
			files, err := filepath.Glob(filepath.Join(filepath.Dir(b.DB.Path()), "media", "*", "*"))
			if rows != 0 || len(files) != 0 || err != nil {
				t.Errorf("%d rows and the files %q are kept, %v", rows, files, err)
			}
		})
	}
}

// Documents keep their bytes; what cannot be taken is known at once where the platform says what it is.
func TestDocumentsAndOthers(t *testing.T) {
	for name, driver := range mediaDrivers() {
		if name == "zalobot" {
			continue // a Zalo bot gets no files
		}
		t.Run(name, func(t *testing.T) {
			c := &collector{}
			d := driver()
			b := bottest.New(t, bottest.Options{Driver: d, Build: c.build})
			lan := bottest.Citizen{Name: "Lan"}
			for _, in := range []bottest.Input{
				{Media: bot.Document, FileName: "đơn 030123456789.docx"}, {Media: bot.Document}, {Media: bot.Video}, {Media: bot.Voice},
			} {
				if err := d.Do(t.Context(), lan, in); err != nil {
					t.Fatal(err)
				}
			}
			items, err := b.Media.Items(t.Context(), nil, c.ids...)
			if err != nil || len(items) != 2 || items[0].Name != "đơn ••••••••••••.docx" || items[1].Type != "application/pdf" {
				t.Fatalf("%+v, %v", items, err)
			}
			if want, _ := bottest.SampleFile("a.docx"); !bytes.Equal(contents(t, b, items[0].ID), want) {
				t.Error("the document is not what was sent")
			}
			if got := fmt.Sprint(c.refused); got != "[media.refused_video media.refused_voice]" {
				t.Errorf("refused %s", got)
			}
		})
	}
}
