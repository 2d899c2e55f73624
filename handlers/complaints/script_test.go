package complaints_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/media"
	"cchcbot/handlers/complaints"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/register"
	places "cchcbot/handlers/directory"
	"cchcbot/handlers/menu"
	"cchcbot/handlers/procedures"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/content"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/index"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Read once for all tests; nobody changes them.
var (
	classifier = sync.OnceValues(intent.New)
	lexicon    = sync.OnceValues(vietnamese.LoadLexicon)
	province   = sync.OnceValues(func() (*directory.Directory, error) { return directory.Load(directory.Options{}) })
	days       = sync.OnceValues(func() (*calendar.Calendar, error) { return calendar.Load(calendar.Options{}) })
	shipped    = sync.OnceValues(content.Embedded)
)

// office is a made-up place of reception: the data has none that is confirmed.
var reception = complaints.Office{Name: "Trụ sở Tiếp công dân thử", Address: "số 1 phố Thử"}

// The folders of scripts, and where they are played: files are not sent from a
// terminal, and the web chat of these tests keeps none; what is private is not sent abroad.
func folders(channel string) []string {
	dirs := []string{"testdata"}
	if channel != "terminal" && channel != "webchat" {
		dirs = append(dirs, "testdata/files")
	}
	if channel == bottest.FakeName {
		dirs = append(dirs, "testdata/refused")
	}
	if channel == "telegram" {
		return append(dirs, "testdata/abroad")
	}
	return append(dirs, "testdata/home")
}

func play(t *testing.T, channel string, driver func() bottest.Driver) {
	for _, dir := range folders(channel) {
		t.Run(path.Base(dir), func(t *testing.T) {
			bottest.Run(t, dir, func(t *testing.T) *bottest.Bot { return newBot(t, bottest.Options{Driver: driver()}).Bot })
		})
	}
}

// TestScripts plays the talks of testdata where channels have buttons.
func TestScripts(t *testing.T) {
	play(t, bottest.FakeName, func() bottest.Driver { return bottest.NewFakeDriver(bottest.FakeName, bottest.FakeLimits()) })
}

// TestScriptsAbroad plays those of a channel that keeps its chats abroad.
func TestScriptsAbroad(t *testing.T) {
	bottest.Run(t, "testdata/abroad", func(t *testing.T) *bottest.Bot {
		return newBot(t, bottest.Options{Driver: bottest.NewFakeDriver("telegram", bottest.FakeLimits())}).Bot
	})
}

// TestScriptsWithoutButtons plays them where choices are numbered.
func TestScriptsWithoutButtons(t *testing.T) {
	play(t, bottest.FakeName, func() bottest.Driver { return bottest.NewFakeDriver(bottest.FakeName, bottest.PlainLimits()) })
}

// TestScriptsOnEveryChannel plays them through each channel and its platform.
func TestScriptsOnEveryChannel(t *testing.T) {
	for name, driver := range bottest.Platforms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, name, driver)
		})
	}
}

// world is a bot with the desk behind it.
type world struct {
	*bottest.Bot
	desk    *cases.Desk
	similar []register.Published // what the register has about the same thing
}

// mould is shared by all bots of newBot: they publish the same entries.
var mould bottest.Mould

func newBot(t testing.TB, opt bottest.Options) *world {
	t.Helper()
	opt.Mould = &mould
	w := &world{}
	opt.Classify = classify(t)
	opt.Build = func(b *bottest.Bot) ([]bot.Feature, error) { return w.features(t, b) }
	w.Bot = bottest.New(t, opt)
	return w
}

func classify(t testing.TB) func(string) bot.Intent {
	t.Helper()
	c, err := classifier()
	if err != nil {
		t.Fatal(err)
	}
	return func(text string) bot.Intent {
		r := c.Classify(text)
		return bot.Intent{Name: string(r.Kind), Confidence: r.Confidence, Rest: r.Rest, Hint: r.Hint}
	}
}

// features are those of the house, over the bot's own database.
func (w *world) features(t testing.TB, b *bottest.Bot) ([]bot.Feature, error) {
	live, err := publish(t.Context(), b)
	if err != nil {
		return nil, err
	}
	all, err := province()
	if err != nil {
		return nil, err
	}
	cal, err := days()
	if err != nil {
		return nil, err
	}
	today := func() *directory.Directory { return all.At(b.Clock.Now()) }
	phone := func(id string) string {
		c, _ := today().Contact(id)
		return c.Phone
	}
	w.desk, err = cases.New(cases.Options{
		Read: b.DB.Read(), Sealer: b.Sealer, Directory: today, Calendar: func() *calendar.Calendar { return cal },
		Now: b.Clock.Now, Audit: b.Store.Audit, Forget: b.Store.ForgetThing, Staff: b.Store, Media: b.Media, Fold: vietnamese.Fold,
	})
	if err != nil {
		return nil, err
	}
	front, err := menu.New(menu.Options{Phone: phone, Portal: "https://dichvucong.gov.vn"})
	if err != nil {
		return nil, err
	}
	mine, err := complaints.New(complaints.Options{
		Desk: w.desk, Read: b.DB.Read(), Sealer: b.Sealer, Works: b.Works, Directory: today, Media: draftFiles{b.Media}, Staff: b.Store,
		Texts: lateTexts{b}, Classify: classify(t), Fold: vietnamese.Fold, Phone: phone,
		Answers:   func(text string) bool { return live.Search(knowledge.Query{Text: text}).Outcome == knowledge.Answer },
		Reception: func() complaints.Office { return reception }, PublicURL: "https://hoidap.example",
		Similar: func(context.Context, string, string, string) ([]register.Published, error) { return w.similar, nil },
	})
	if err != nil {
		return nil, err
	}
	offices, err := places.New(places.Options{Directory: today})
	if err != nil {
		return nil, err
	}
	asked, err := procedures.New(procedures.Options{
		Live: live, Read: b.DB.Read(), Sealer: b.Sealer, Portal: "https://dichvucong.gov.vn",
		Hotline: func() string { return phone("dvc-tong-dai") },
	})
	return []bot.Feature{front, mine, offices, asked, w.office(b)}, err
}

// lateTexts renders the words of the bot, which are loaded after its features are built.
type lateTexts struct{ b *bottest.Bot }

func (l lateTexts) Render(lang, key string, args map[string]any) (string, error) {
	return l.b.Words.Render(lang, key, args)
}

type draftFiles struct{ k *media.Keeper }

func (d draftFiles) Owner(k bot.SessionKey) string { return media.Conversation(k) }

func (d draftFiles) Want(ctx context.Context, tx bot.Tx, k bot.SessionKey, m bot.Media) (string, error) {
	it, err := d.k.Want(ctx, tx, media.Conversation(k), k.Channel, m)
	return it.ID, err
}

func (d draftFiles) Discard(ctx context.Context, tx bot.Tx, k bot.SessionKey, ids ...string) error {
	return d.k.Discard(ctx, tx, media.Conversation(k), ids...)
}

func (d draftFiles) Kept(ctx context.Context, tx bot.Tx, k bot.SessionKey, ids []string) (kept, refused []string, err error) {
	return d.k.Kept(ctx, tx, media.Conversation(k), ids...)
}

func (d draftFiles) Notify(f func(ctx context.Context, w *bot.Work, id, reason string) error) {
	d.k.Notify(func(ctx context.Context, w *bot.Work, it media.Item) error { return f(ctx, w, it.ID, it.Reason) })
}

func (d draftFiles) Links(context.Context, []string) ([]bot.Media, error) { return nil, nil }

// office is the other side, as the console and the answer page will be: a script
// writes "@user Office" and "/office accept", and the last case of all is acted upon.
func (w *world) office(b *bottest.Bot) bot.Feature {
	return bot.Feature{
		Name: "office",
		Routes: []bot.Route{{Name: "office.do", Command: "office", Handle: func(ctx context.Context, t *bot.Turn) error {
			verb, text, _ := strings.Cut(t.Arg(), " ")
			return w.act(ctx, t, cases.Action(verb), text)
		}}},
		Texts: os.DirFS("testdata/office"),
	}
}

// act does something to the last case on behalf of whoever may.
func (w *world) act(ctx context.Context, t *bot.Turn, action cases.Action, text string) error {
	var id int64
	if err := w.DB.Read().QueryRowContext(ctx, `select max(id) from complaints_cases`).Scan(&id); err != nil {
		return err
	}
	c, err := w.desk.Get(ctx, id, cases.Actor{Kind: cases.System})
	if err != nil {
		return err
	}
	desk, ok := w.directory(t).FrontDesk()
	if !ok {
		return errors.New("no front desk")
	}
	agency := c.Lead
	if agency == "" {
		agency = desk.ID
	}
	officer := func(id int64, role bot.Role, agency string) cases.Actor {
		return cases.Actor{
			Kind: cases.Officer, Agency: agency, Via: "console",
			Officer: bot.Officer{ID: id, Name: "Officer", Active: true, Grants: []bot.Grant{{Role: role, Scope: bot.Scope{Agency: agency}}}},
		}
	}
	who := officer(1, bot.RoleHead, agency)
	cmd := cases.Command{Action: action, Text: text, Reason: text}
	switch action {
	case cases.Forward, cases.Bind:
		who, cmd.Agency, cmd.Text, cmd.Reason = officer(2, bot.RoleController, desk.ID), text, "", "owner"
	case cases.Submit, cases.DraftAnswer:
		who = officer(3, bot.RoleOfficer, agency)
		cmd.Check = cases.Checklist{EveryPoint: true, Basis: true, NextStep: true, Evidence: true, BasisText: "Quyết định 12/QĐ-UBND"}
	case cases.Approve:
		cmd.Text, cmd.Reason = "", "seen on the spot"
	case cases.Reclassify:
		who, cmd.Kind, cmd.Text, cmd.Reason = officer(2, bot.RoleController, desk.ID), cases.Kind(text), "", "another kind"
	case cases.Extend:
		cmd.Days, cmd.Text = 5, ""
	case cases.Refuse:
		cmd.Reason = "outside"
		if agency == desk.ID {
			who = officer(2, bot.RoleController, desk.ID)
		}
	}
	_, err = w.desk.Do(ctx, t.Work, id, who, cmd)
	if err != nil {
		return err
	}
	t.Say("office.done")
	return nil
}

func (w *world) directory(*bot.Turn) *directory.Directory {
	all, err := province()
	if err != nil {
		panic(err) // loaded before
	}
	return all.At(w.Clock.Now())
}

// publish fills the bot's database at its first start and indexes it.
func publish(ctx context.Context, b *bottest.Bot) (*procedures.Live, error) {
	if err := b.DB.Migrate(ctx, "procedures", procedures.Schema()); err != nil {
		return nil, err
	}
	rev, err := entries.Published(ctx, b.DB.Read())
	if err != nil {
		return nil, err
	}
	if rev == 0 {
		if err := publishAll(ctx, b); err != nil {
			return nil, err
		}
	}
	lex, err := lexicon()
	if err != nil {
		return nil, err
	}
	live := procedures.NewLive(b.DB.Read(), func(es []*knowledge.Entry) (knowledge.Searcher, error) {
		return index.New(es, index.Options{Lexicon: lex, Day: b.Clock.Now()})
	}, slog.New(slog.DiscardHandler))
	return live, live.Refresh(ctx)
}

// known are the entries that the talks ask about: few, so that a bot starts quickly.
var known = []string{"1.001193", "1.000894"}

func publishAll(ctx context.Context, b *bottest.Bot) error {
	all, err := shipped()
	if err != nil {
		return err
	}
	var changes []entries.Change
	for _, e := range all {
		for _, code := range known {
			if e.Code == code {
				changes = append(changes, entries.Change{Entry: e, Origin: entries.OriginEmbedded, New: true})
			}
		}
	}
	return b.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = entries.PublishAll(ctx, tx, b.Clock.Now(), "test", "", changes)
		return err
	})
}
