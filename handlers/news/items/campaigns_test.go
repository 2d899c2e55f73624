package items_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

func campaign(title, from, to string) items.Campaign {
	return items.Campaign{Title: title, Starts: day(from), Ends: day(to), Body: "Sở TT&TT", Media: []items.Medium{items.MediumStation, items.MediumBot}}
}

func (h *house) save(a items.Actor, c items.Campaign) (out items.Campaign, changed bool, err error) {
	err = h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) (err error) {
		out, changed, err = h.desk.SaveCampaign(ctx, w, a, c)
		return err
	})
	return out, changed, err
}

func (h *house) titles(f items.CampaignFilter) (out []string) {
	h.t.Helper()
	list, _, err := h.desk.Campaigns(h.t.Context(), press, f)
	must(h.t, err)
	for _, c := range list {
		out = append(out, c.Title)
	}
	return out
}

// TestACampaignLives: written, changed, done, opened again, given up, taken back, as it was before; with its history.
func TestACampaignLives(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	it := h.draft(editor, content("Tin của việc"), 0)
	c := campaign("  Nộp hồ sơ \n trực tuyến ", "2026-11-01", "2026-11-20")
	c.Items = []int64{it.ID, it.ID}
	c, changed, err := h.save(editor, c)
	must(t, err)
	if !changed || c.ID == 0 || c.Version != 1 || c.Title != "Nộp hồ sơ trực tuyến" || !slices.Equal(c.Items, []int64{it.ID}) || !slices.Equal(c.Media, []items.Medium{items.MediumBot, items.MediumStation}) {
		t.Errorf("saved %+v", c)
	}
	if got, err := h.desk.Campaign(ctx, c.ID, press); err != nil || got.Title != c.Title || !got.Ends.Equal(day("2026-11-20")) || !slices.Equal(got.Items, c.Items) {
		t.Errorf("read back %+v, %v", got, err)
	}
	if same, changed, err := h.save(owner, c); err != nil || changed || same.Version != 1 {
		t.Errorf("the same again: %+v, %v, %v", same, changed, err)
	}
	next := c
	next.Audience = "doanh nghiệp"
	next, _, err = h.save(owner, next)
	must(t, err)
	if _, _, err := h.save(editor, c); code(err) != bot.Conflict {
		t.Errorf("an old version: %v", err)
	}
	done := next
	done.Done, done.Result = day("2026-11-09"), "Đã phát ba số"
	done, _, err = h.save(editor, done)
	must(t, err)
	again := done
	again.Done = items.Campaign{}.Done
	again, _, err = h.save(editor, again)
	must(t, err)
	if again.Result != "" {
		t.Error("what is not done has a result")
	}
	drop := func(version int64, drop bool) (c items.Campaign, err error) {
		err = h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) (err error) {
			c, err = h.desk.DropCampaign(ctx, w, editor, again.ID, version, drop)
			return err
		})
		return c, err
	}
	gone, err := drop(again.Version, true)
	must(t, err)
	if got := h.titles(items.CampaignFilter{}); len(got) != 0 {
		t.Errorf("given up, and still in the plan: %v", got)
	}
	if got := h.titles(items.CampaignFilter{Dropped: true}); len(got) != 1 {
		t.Errorf("given up: %v", got)
	}
	if _, err := drop(gone.Version, true); code(err) != bot.Conflict {
		t.Errorf("given up twice: %v", err)
	}
	back, err := drop(gone.Version, false)
	must(t, err)
	var restored items.Campaign
	must(t, h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) (err error) {
		restored, err = h.desk.RestoreCampaign(ctx, w, editor, back.ID, back.Version, 3)
		return err
	}))
	if restored.Result != "Đã phát ba số" || !restored.Done.Equal(day("2026-11-09")) {
		t.Errorf("the third version came back as %+v", restored)
	}
	history, err := h.desk.CampaignHistory(ctx, back.ID, press)
	must(t, err)
	var did []string
	for _, e := range history {
		did = append(did, e.Action)
	}
	if got, want := strings.Join(did, " "), "restored back dropped reopened done changed added"; got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
	if history[0].Version != 7 || history[6].Campaign.Audience != "" || history[5].Campaign.Audience != "doanh nghiệp" || history[6].Actor != editor.Ref() {
		t.Errorf("history: %+v", history)
	}
}

func TestACampaignThatIsWrong(t *testing.T) {
	h := open(t)
	for name, x := range map[string]struct {
		change func(*items.Campaign)
		want   string
	}{
		"no title":        {func(c *items.Campaign) { c.Title = "  " }, "news.invalid_campaign_title"},
		"a long title":    {func(c *items.Campaign) { c.Title = strings.Repeat("ộ", 201) }, "news.invalid_campaign_title"},
		"a long message":  {func(c *items.Campaign) { c.Message = strings.Repeat("ộ", 2001) }, "news.invalid_campaign_message"},
		"a long audience": {func(c *items.Campaign) { c.Audience = strings.Repeat("ộ", 201) }, "news.invalid_campaign_audience"},
		"nobody":          {func(c *items.Campaign) { c.Body = "" }, "news.invalid_campaign_body"},
		"a long note":     {func(c *items.Campaign) { c.Note = strings.Repeat("ộ", 2001) }, "news.invalid_campaign_note"},
		"no medium":       {func(c *items.Campaign) { c.Media = nil }, "news.invalid_campaign_media"},
		"an odd medium":   {func(c *items.Campaign) { c.Media = []items.Medium{"bot", "pigeon"} }, "news.invalid_campaign_media"},
		"no days":         {func(c *items.Campaign) { c.Starts = items.Campaign{}.Starts }, "news.invalid_campaign_days"},
		"days backwards":  {func(c *items.Campaign) { c.Ends = day("2026-10-31") }, "news.invalid_campaign_days"},
		"ten years":       {func(c *items.Campaign) { c.Ends = day("2036-10-31") }, "news.invalid_campaign_days"},
		"long ago":        {func(c *items.Campaign) { c.Starts, c.Ends = day("1999-01-01"), day("1999-01-02") }, "news.invalid_campaign_days"},
		"done tomorrow":   {func(c *items.Campaign) { c.Done = day("2026-11-11") }, "news.invalid_campaign_done"},
		"no such item":    {func(c *items.Campaign) { c.Items = []int64{99} }, "news.invalid_campaign_item"},
		"many items": {func(c *items.Campaign) {
			c.Items = []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}
		}, "news.invalid_campaign_items"},
		"an unknown one":   {func(c *items.Campaign) { c.ID, c.Version = 99, 1 }, "news.error_not_found"},
		"nothing is wrong": {func(*items.Campaign) {}, ""},
	} {
		c := campaign("Việc", "2026-11-01", "2026-11-20")
		x.change(&c)
		_, _, err := h.save(editor, c)
		var e *bot.Error
		if errors.As(err, &e); x.want == "" && err != nil || x.want != "" && (e == nil || e.Key != x.want) {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
	}
	if got := h.titles(items.CampaignFilter{}); len(got) != 1 {
		t.Errorf("what was wrong was written: %v", got)
	}
}

func TestWhoMayPlan(t *testing.T) {
	h := open(t)
	c, _, err := h.save(editor, campaign("Việc", "2026-11-01", "2026-11-20"))
	must(t, err)
	for _, a := range []items.Actor{press, visitor, {}, {System: true}} {
		if _, _, err := h.save(a, campaign("Việc khác", "2026-11-01", "2026-11-20")); code(err) != bot.Denied {
			t.Errorf("%s writes: %v", a.Ref(), err)
		}
		if err := h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) error {
			_, err := h.desk.DropCampaign(ctx, w, a, c.ID, 1, true)
			return err
		}); code(err) != bot.Denied {
			t.Errorf("%s gives up: %v", a.Ref(), err)
		}
		if err := h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) error {
			_, err := h.desk.RestoreCampaign(ctx, w, a, c.ID, 1, 1)
			return err
		}); code(err) != bot.Denied {
			t.Errorf("%s brings back: %v", a.Ref(), err)
		}
	}
	for _, a := range []items.Actor{visitor, {}} {
		if _, _, err := h.desk.Campaigns(t.Context(), a, items.CampaignFilter{}); code(err) != bot.Denied {
			t.Errorf("a stranger lists: %v", err)
		}
		if _, err := h.desk.CampaignHistory(t.Context(), c.ID, a); code(err) != bot.Denied {
			t.Errorf("a stranger reads: %v", err)
		}
		if _, err := h.desk.ItemTitles(t.Context(), a, []int64{1}); code(err) != bot.Denied {
			t.Errorf("a stranger reads titles: %v", err)
		}
	}
	draft := h.draft(editor, content("Nháp"), 0)
	if got, err := h.desk.ItemTitles(t.Context(), press, []int64{draft.ID}); err != nil || len(got) != 0 {
		t.Errorf("a contributor reads the title of a draft: %v, %v", got, err)
	}
	if got, err := h.desk.ItemTitles(t.Context(), editor, []int64{draft.ID}); err != nil || got[draft.ID] != "Nháp" {
		t.Errorf("an editor reads %v, %v", got, err)
	}
}

func TestCampaignsByDays(t *testing.T) {
	h := open(t) // today is 2026-11-10
	for _, x := range [][3]string{{"cũ", "2026-01-01", "2026-03-31"}, {"hôm qua hết", "2026-11-01", "2026-11-09"}, {"hôm nay hết", "2026-11-01", "2026-11-10"}, {"sang năm", "2026-12-01", "2027-02-28"}} {
		_, _, err := h.save(editor, campaign(x[0], x[1], x[2]))
		must(t, err)
	}
	for _, x := range []struct {
		f    items.CampaignFilter
		want string
	}{
		{items.CampaignFilter{}, "cũ, hôm qua hết, hôm nay hết, sang năm"},
		{items.CampaignFilter{From: day("2026-11-10"), To: day("2026-11-30")}, "hôm nay hết"},
		{items.CampaignFilter{From: day("2026-03-31"), To: day("2026-03-31")}, "cũ"},
		{items.CampaignFilter{From: day("2027-01-01"), To: day("2027-12-31")}, "sang năm"},
	} {
		if got := strings.Join(h.titles(x.f), ", "); got != x.want {
			t.Errorf("%+v: %s, want %s", x.f, got, x.want)
		}
	}
	n, err := h.desk.OverdueCampaigns(t.Context())
	must(t, err)
	list, _, err := h.desk.Campaigns(t.Context(), press, items.CampaignFilter{})
	must(t, err)
	overdue, running := 0, 0
	for _, c := range list {
		if c.Overdue(h.now) {
			overdue++
		}
		if c.Running(h.now) {
			running++
		}
	}
	if n != 2 || overdue != 2 || running != 1 {
		t.Errorf("%d (%d) are overdue, %d under way; want 2, 2, 1", n, overdue, running)
	}
}

// TestAFileTakenInTwiceDoublesNothing: a row without an ID that the plan has already stays as it is.
func TestAFileTakenInTwiceDoublesNothing(t *testing.T) {
	h := open(t)
	take := func(list ...items.Campaign) (out items.Imported) {
		t.Helper()
		must(t, h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) (err error) {
			out, err = h.desk.ImportCampaigns(ctx, w, editor, list)
			return err
		}))
		return out
	}
	one, two := campaign("Một", "2026-11-01", "2026-11-20"), campaign("Hai", "2026-11-01", "2026-11-20")
	one.Message, one.Note = "Nộp hồ sơ qua mạng", "theo công văn"
	if got := take(one, two, two); got != (items.Imported{Added: 2, Same: 1}) {
		t.Errorf("first: %+v", got)
	}
	list, _, err := h.desk.Campaigns(t.Context(), editor, items.CampaignFilter{})
	must(t, err)
	done := list[slices.IndexFunc(list, func(c items.Campaign) bool { return c.Title == "Hai" })]
	done.Done, done.Result = done.Starts, "đã phát"
	_, _, err = h.save(editor, done)
	must(t, err)
	spaced := one
	spaced.Title = " Một  "
	if got := take(spaced, two); got != (items.Imported{Same: 2}) {
		t.Errorf("again: %+v", got)
	}
	if got := h.titles(items.CampaignFilter{}); len(got) != 2 {
		t.Errorf("the plan: %v", got)
	}
	// Another day, message, audience, way or note is another row.
	day, message, audience, way, note := one, one, one, one, one
	day.Ends = day.Ends.AddDate(0, 0, 1)
	message.Message, audience.Audience, note.Note = "Khác", "Người cao tuổi", "khác"
	way.Media = []items.Medium{items.MediumPoster}
	if got := take(day, message, audience, way, note); got != (items.Imported{Added: 5}) {
		t.Errorf("others: %+v", got)
	}
	// What was given up is not there any more.
	gone := list[slices.IndexFunc(list, func(c items.Campaign) bool { return c.Title == "Một" })]
	must(t, h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) error {
		_, err := h.desk.DropCampaign(ctx, w, editor, gone.ID, gone.Version, true)
		return err
	}))
	if got := take(one); got != (items.Imported{Added: 1}) {
		t.Errorf("given up: %+v", got)
	}
}

// TestAnImportIsWholeOrNothing: one wrong row, and nothing was written.
func TestAnImportIsWholeOrNothing(t *testing.T) {
	h := open(t)
	c, _, err := h.save(editor, campaign("Có trước", "2026-11-01", "2026-11-20"))
	must(t, err)
	take := func(list ...items.Campaign) (out items.Imported, err error) {
		err = h.in(func(ctx context.Context, w *bot.Work, _ bot.Tx) (err error) {
			out, err = h.desk.ImportCampaigns(ctx, w, editor, list)
			return err
		})
		return out, err
	}
	changed := c
	changed.Note = "sửa trong tệp"
	stale := c
	stale.Version = 7
	stale.Note = "bản cũ"
	_, err = take(campaign("Mới", "2026-11-01", "2026-11-20"), changed, stale)
	var at *items.RowError
	if !errors.As(err, &at) || at.Row != 2 || code(err) != bot.Conflict {
		t.Fatalf("a stale row: %v", err)
	}
	if got := h.titles(items.CampaignFilter{}); len(got) != 1 {
		t.Errorf("half of it was written: %v", got)
	}
	got, err := take(campaign("Mới", "2026-11-01", "2026-11-20"), changed)
	must(t, err)
	if got != (items.Imported{Added: 1, Changed: 1}) {
		t.Errorf("%+v", got)
	}
	changed.Version = 2
	if got, err = take(changed); err != nil || got != (items.Imported{Same: 1}) {
		t.Errorf("the same again: %+v, %v", got, err)
	}
	if _, err := take(slices.Repeat([]items.Campaign{campaign("Mới", "2026-11-01", "2026-11-20")}, items.MaxImport+1)...); code(err) != bot.Invalid {
		t.Errorf("too many: %v", err)
	}
}
