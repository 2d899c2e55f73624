package zalo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
	"cchcbot/bot/zalo/codes"
)

// Every number of the table has its outcome; so has one that nobody wrote down.
func TestEachErrorNumber(t *testing.T) {
	want := map[codes.Action]bot.SendKind{
		codes.NextMinute: bot.Throttled, codes.Retry: bot.Temporary, codes.Reupload: bot.Rejected, codes.Refresh: bot.Misconfigured,
		codes.HoldWrites: bot.Later, codes.HoldDay: bot.Later, codes.HoldReset: bot.Later, codes.HoldPerson: bot.Later,
		codes.DropPerson: bot.Gone, codes.DropKind: bot.Rejected, codes.Feature: bot.Rejected,
		codes.Grant: bot.Misconfigured, codes.Stop: bot.Misconfigured,
		codes.Bug: bot.Rejected, codes.Processing: bot.Temporary,
	}
	table, err := codes.Load()
	if err != nil {
		t.Fatal(err)
	}
	for n, row := range table {
		if n == 0 {
			continue
		}
		w := newWorld(t, nil)
		w.fake.Type("Lan", "chào")
		w.fake.Fail(fakezalo.Fault{Code: n, Status: map[bool]int{true: 400}[n%2 == 0], Times: -1})
		_, err := w.Send(t.Context(), w.to("Lan", "dấu-riêng-tư"))
		var se *bot.SendError
		if !errors.As(err, &se) || se.Kind != want[row.Action] {
			t.Errorf("%d (%s): Send = %v", n, row.Action, err)
			continue
		}
		switch row.Action {
		case codes.HoldDay, codes.HoldReset:
			if h := se.Until.In(zone).Hour(); !se.Until.After(start) || h != 6 {
				t.Errorf("%d waits until %s", n, se.Until)
			}
		case codes.HoldWrites, codes.HoldPerson:
			if !se.Until.IsZero() {
				t.Errorf("%d waits until %s", n, se.Until)
			}
		case codes.NextMinute:
			if se.RetryAfter <= 0 || se.RetryAfter > time.Minute {
				t.Errorf("%d waits %s", n, se.RetryAfter)
			}
		}
		w.clean(t, err.Error())
	}
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	w.fake.Fail(fakezalo.Fault{Code: -98765})
	if _, err := w.Send(t.Context(), w.to("Lan", "x")); kindOf(err) != bot.Ambiguous || !strings.Contains(w.told(), "-98765") {
		t.Errorf("an unknown number: %v, told %q", err, w.told())
	}
}

func TestACallWithoutAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		f    fakezalo.Fault
		want bot.SendKind
	}{
		"broke off":             {fakezalo.Fault{Cut: true}, bot.Ambiguous},
		"answer lost":           {fakezalo.Fault{Lost: true}, bot.Ambiguous},
		"a gateway's page":      {fakezalo.Fault{Status: 502, HTML: "<html>502</html>"}, bot.Ambiguous},
		"a gateway is closed":   {fakezalo.Fault{Status: 503, HTML: "<html>503</html>"}, bot.Temporary},
		"too many calls":        {fakezalo.Fault{Status: 429, HTML: "{}"}, bot.Throttled},
		"an answer of no form":  {fakezalo.Fault{Status: 200, HTML: `{"data":{}}`}, bot.Ambiguous},
		"an answer that is not": {fakezalo.Fault{Status: 200, HTML: `ok`}, bot.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.fake.Type("Lan", "chào")
			w.fake.Fail(c.f)
			if _, err := w.Send(t.Context(), w.to("Lan", "x")); kindOf(err) != c.want {
				t.Errorf("Send = %v, want %s", err, c.want)
			}
		})
	}
}

// A message in doubt is found by its echo, or in the conversation, or not at all.
func TestDoubtIsSettledByEchoOrConversation(t *testing.T) {
	for name, nested := range map[string]bool{"a list": false, "a list in an object": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(f *fakezalo.Options, _ *Options) { f.NestedHistory = nested })
			w.fake.Type("Lan", "chào")
			lost, never := w.to("Lan", "Miễn phí.\n\nNộp ở xã."), w.to("Lan", "Ba ngày làm việc.")
			w.fake.Fail(fakezalo.Fault{Lost: true})
			if _, err := w.Send(t.Context(), lost); kindOf(err) != bot.Ambiguous {
				t.Fatal(err)
			}
			w.fake.Fail(fakezalo.Fault{Cut: true})
			if _, err := w.Send(t.Context(), never); kindOf(err) != bot.Ambiguous {
				t.Fatal(err)
			}
			if r, ok, err := w.Arrived(t.Context(), lost, start); err != nil || !ok || r.ID != w.fake.Shown("Lan")[0].ID {
				t.Errorf("the one that arrived: %v %v %v", r, ok, err)
			}
			if _, ok, err := w.Arrived(t.Context(), never, start); err != nil || ok {
				t.Errorf("the one that did not: %v %v", ok, err)
			}
			if _, ok, err := w.Arrived(t.Context(), lost, start.Add(time.Hour)); err != nil || ok {
				t.Errorf("one of an hour before is taken for it: %v %v", ok, err)
			}
			w.fake.Fail(fakezalo.Fault{Path: "/v2.0/oa/conversation", Cut: true})
			if _, _, err := w.Arrived(t.Context(), never, start); err == nil {
				t.Error("nobody could tell, and it says no")
			}
			w.echoes.add(echo{chat: never.To.Chat, text: digestText(sealer{}, never.Text), id: "m1", at: start})
			if r, ok, err := w.Arrived(t.Context(), never, start); err != nil || !ok || r.ID != "m1" {
				t.Errorf("by its echo: %v %v %v", r, ok, err)
			}
			if _, ok, err := w.Arrived(t.Context(), w.to("Lan", never.Text), start); err != nil || ok {
				t.Errorf("an echo settles two messages: %v %v", ok, err)
			}
		})
	}
}

func TestButtonsAreAnExtra(t *testing.T) {
	choices := [][]bot.MessageButton{{{Title: "Nộp ở đâu", Payload: "procedures:where"}}, {{Title: "Mở trang", URL: "https://example.vn/"}}, {{Title: "Hủy", Payload: "form:x:cancel", Word: true}}}
	with := func(w *world) bot.Message {
		m := w.to("Lan", "Chọn:")
		m.Buttons = choices
		return m
	}
	t.Run("on", func(t *testing.T) {
		w := newWorld(t, func(f *fakezalo.Options, o *Options) { f.Buttons, o.Buttons = true, ButtonsOn })
		w.fake.Type("Lan", "chào")
		if _, err := w.Send(t.Context(), with(w)); err != nil {
			t.Fatal(err)
		}
		got := w.fake.Shown("Lan")[0]
		if w.Limits().Buttons != maxButtons || len(got.Buttons) != 3 || got.Buttons[0].Payload != "#cchc procedures:where" || got.Buttons[1].Payload != "https://example.vn/" {
			t.Errorf("limits %d, shown %+v", w.Limits().Buttons, got)
		}
	})
	t.Run("auto, after a probe", func(t *testing.T) {
		w := newWorld(t, func(f *fakezalo.Options, _ *Options) { f.Buttons = true })
		w.fake.Type("Cán bộ", "chào")
		if w.Limits().Buttons != 0 {
			t.Error("there are buttons before a probe")
		}
		p, err := w.Probe(t.Context(), w.fake.Person("Cán bộ"))
		if err != nil || !p.Buttons || p.List || p.ListCode != -233 {
			t.Fatalf("the probe finds %+v, %v", p, err)
		}
		if w.Limits().Buttons != maxButtons || w.process(t).Limits().Buttons != maxButtons {
			t.Error("what the probe found is not used")
		}
	})
	t.Run("refused after all", func(t *testing.T) {
		w := newWorld(t, func(f *fakezalo.Options, o *Options) { f.Buttons = true })
		w.fake.Type("Lan", "chào")
		if _, err := w.Probe(t.Context(), w.fake.Person("Lan")); err != nil {
			t.Fatal(err)
		}
		w.fake.Fail(fakezalo.Fault{Code: -233})
		if _, err := w.Send(t.Context(), with(w)); err != nil {
			t.Fatal(err)
		}
		shown := w.fake.Shown("Lan")
		got := shown[len(shown)-1]
		if len(got.Buttons) != 0 || !strings.Contains(got.Text, "1. Nộp ở đâu") || !strings.Contains(got.Text, "• Mở trang: https://example.vn/") || strings.Contains(got.Text, "2. ") {
			t.Errorf("shown %+v", got)
		}
		if w.Limits().Buttons != 0 || !strings.Contains(w.told(), "buttons") {
			t.Errorf("limits %d, told %q", w.Limits().Buttons, w.told())
		}
	})
}

// A refusal that is not about the buttons leaves them on.
func TestButtonsAreNotBlamedForAWrongRecipient(t *testing.T) {
	w := newWorld(t, func(f *fakezalo.Options, _ *Options) { f.Buttons = true })
	w.fake.Type("Lan", "chào")
	if _, err := w.Probe(t.Context(), w.fake.Person("Lan")); err != nil {
		t.Fatal(err)
	}
	m := w.to("Lan", "Chọn:")
	m.Buttons = [][]bot.MessageButton{{{Title: "Nộp ở đâu", Payload: "a:b"}}}
	w.fake.Fail(fakezalo.Fault{Code: -201, Times: -1})
	if _, err := w.Send(t.Context(), m); kindOf(err) != bot.Rejected {
		t.Errorf("Send = %v", err)
	}
	if w.Limits().Buttons != maxButtons || w.told() != "" {
		t.Errorf("limits %d, told %q", w.Limits().Buttons, w.told())
	}
}

// A platform that never finds an upload ends in a refusal, not in a loop.
func TestAnUploadThatIsNeverFoundEnds(t *testing.T) {
	w := newWorld(t, func(_ *fakezalo.Options, o *Options) {
		o.Open = func(context.Context, bot.Media) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("\x89PNG\r\n\x1a\n x")), nil
		}
	})
	w.fake.Type("Lan", "chào")
	w.fake.Fail(fakezalo.Fault{Code: -100, Times: -1})
	m := w.to("Lan", "ảnh")
	m.Media = []bot.Media{{Kind: bot.Photo, Ref: "ours/a.png"}}
	if _, err := w.Send(t.Context(), m); kindOf(err) != bot.Rejected {
		t.Errorf("Send = %v", err)
	}
	if n := len(w.fake.Calls("/v3.0/oa/message/cs")); n != 3 { // with it, uploaded anew, without it
		t.Errorf("%d calls", n)
	}
}

func TestAContactIsAskedForByACard(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	m := w.to("Lan", "Anh/chị để lại số điện thoại.")
	m.Buttons = [][]bot.MessageButton{{{Title: "Gửi số điện thoại", Request: bot.RequestContact}}}
	if _, err := w.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := w.fake.Shown("Lan")
	if len(got) != 2 || got[0].Text != m.Text || len(got[1].Media) != 1 || got[1].Media[0] != "request_user_info: Gửi số điện thoại" {
		t.Errorf("shown %+v", got)
	}
}

// A message of several calls goes on where it broke off.
func TestARetryGoesOnAfterWhatSucceeded(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	m := w.to("Lan", "Số của anh/chị?")
	m.Buttons = [][]bot.MessageButton{{{Title: "Gửi số", Request: bot.RequestContact}}}
	w.halfway.Put(m.ID, progress{done: 1, id: "m1"})
	if _, err := w.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := w.fake.Shown("Lan"); len(got) != 1 || len(got[0].Media) != 1 {
		t.Errorf("shown %+v", got)
	}
}

func TestAttachments(t *testing.T) {
	files := map[string][]byte{
		"ours/a.png": []byte("\x89PNG\r\n\x1a\n" + strings.Repeat("x", 100)), "ours/b.pdf": []byte("%PDF-1.4 x"),
		"ours/c.webp": []byte("RIFFxxxxWEBPVP8 "), "https://bot.test/m/big": []byte("\x89PNG\r\n\x1a\n" + strings.Repeat("x", maxImage)),
	}
	opened := 0
	w := newWorld(t, func(_ *fakezalo.Options, o *Options) {
		o.Open = func(_ context.Context, m bot.Media) (io.ReadCloser, error) {
			opened++
			data, ok := files[m.Ref]
			if !ok {
				return nil, errors.New("no such file")
			}
			return io.NopCloser(bytes.NewReader(data)), nil
		}
	})
	w.fake.Type("Lan", "chào")
	send := func(text string, m bot.Media) error {
		msg := w.to("Lan", text)
		msg.Media = []bot.Media{m}
		_, err := w.Send(t.Context(), msg)
		return err
	}
	last := func() fakezalo.Message { s := w.fake.Shown("Lan"); return s[len(s)-1] }

	if err := send("đây ạ", bot.Media{Kind: bot.Photo, Ref: "ours/a.png"}); err != nil || last().Text != "đây ạ" || last().Media[0] != "image" {
		t.Errorf("a picture: %v, shown %+v", err, last())
	}
	if err := send("", bot.Media{Kind: bot.Photo, Ref: "ours/a.png"}); err != nil || opened != 1 {
		t.Errorf("the same again: %v, opened %d times", err, opened)
	}
	w.clock.add(6*24*time.Hour + 23*time.Hour) // the upload is past what we count on
	w.fake.Type("Lan", "chào lại")
	if err := send("", bot.Media{Kind: bot.Photo, Ref: "ours/a.png"}); err != nil || opened != 2 {
		t.Errorf("a week later: %v, opened %d times", err, opened)
	}
	w.fake.Fail(fakezalo.Fault{Code: -100})
	if err := send("", bot.Media{Kind: bot.Photo, Ref: "ours/a.png"}); err != nil || opened != 3 {
		t.Errorf("Zalo lost the upload: %v, opened %d times", err, opened)
	}
	if err := send("", bot.Media{Kind: bot.Document, Ref: "ours/b.pdf", Type: "application/pdf", Name: "../../to-khai.pdf"}); err != nil || last().Media[0] != "file" {
		t.Errorf("a PDF: %v, shown %+v", err, last())
	}
	if err := send("Mẫu", bot.Media{Kind: bot.Document, Ref: "https://bot.test/m/x", Type: "application/msword", Name: "mau.doc"}); err != nil || !strings.Contains(last().Text, "Mẫu") {
		t.Errorf("a Word file: %v, shown %+v", err, last())
	}
	if err := send("ảnh", bot.Media{Kind: bot.Photo, Ref: "https://bot.test/m/big"}); err != nil || last().Media[0] != "image" {
		t.Errorf("a large picture goes by its address: %v, shown %+v", err, last())
	}
	if err := send("ảnh", bot.Media{Kind: bot.Photo, Ref: "ours/c.webp"}); err != nil || last().Text != "ảnh\nzalo.photo_missing" || len(last().Media) != 0 {
		t.Errorf("a picture of another kind: %v, shown %+v", err, last())
	}
}

func TestGroups(t *testing.T) {
	w := newWorld(t, nil)
	m := bot.Message{ID: "m", To: bot.Address{Channel: Name, Chat: "group:" + w.fake.Group("UBND")}, Lang: "vi", Text: "Phản ánh mới",
		Buttons: [][]bot.MessageButton{{{Title: "Nhận", Payload: "a:b"}, {Title: "Trả lại", Payload: "a:c"}}}}
	if _, err := w.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := w.fake.ShownGroup("UBND"); len(got) != 1 || !strings.Contains(got[0].Text, "1. Nhận\n2. Trả lại") {
		t.Errorf("shown %+v", got)
	}
	for name, c := range map[string]struct {
		disabled, expired, foreign bool
		want                       bot.SendKind
	}{
		"disabled": {disabled: true, want: bot.Later}, "expired": {expired: true, want: bot.Later}, "of another account": {foreign: true, want: bot.Gone},
	} {
		w.fake.SetGroup("UBND", c.disabled, c.expired, c.foreign)
		if _, err := w.Send(t.Context(), m); kindOf(err) != c.want {
			t.Errorf("a group that is %s: %v", name, err)
		}
	}
}

func TestProfileIsAskedOnceADay(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Nguyễn Thị Lan", "chào")
	id := w.fake.Person("Nguyễn Thị Lan")
	for range 3 {
		if who, err := w.Profile(t.Context(), id); err != nil || who.Name != "Nguyễn Thị Lan" {
			t.Fatalf("%+v, %v", who, err)
		}
	}
	unknown := w.fake.Person("Ai đó") // never wrote, does not follow
	for range 3 {
		if _, err := w.Profile(t.Context(), unknown); err == nil {
			t.Error("somebody out of reach has a profile")
		}
	}
	if n := len(w.fake.Calls("/v3.0/oa/user/detail")); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
	w.clock.add(25 * time.Hour)
	if _, err := w.Profile(t.Context(), id); err != nil || len(w.fake.Calls("/v3.0/oa/user/detail")) != 3 {
		t.Errorf("a day later: %v", err)
	}
	// While Zalo does not answer, nobody waits for it more than once a minute.
	w.fake.Fail(fakezalo.Fault{Path: "/v3.0/oa/user/detail", Cut: true, Times: -1})
	for _, name := range []string{"Một", "Hai", "Ba"} {
		w.fake.Type(name, "chào")
		if _, err := w.Profile(t.Context(), w.fake.Person(name)); err == nil {
			t.Error("a profile from nowhere")
		}
	}
	if n := len(w.fake.Calls("/v3.0/oa/user/detail")); n != 4 {
		t.Errorf("asked %d times, want 4", n)
	}
}

func TestTheOfficialAccountIsDescribed(t *testing.T) {
	w := newWorld(t, nil)
	a, err := w.Account(t.Context())
	if err != nil || a.ID != testOA || !a.Verified || !a.State || a.Name == "" {
		t.Errorf("%+v, %v", a, err)
	}
	if err := w.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAQuoteThatIsTooOldIsLeftOut(t *testing.T) {
	w := newWorld(t, nil)
	id := w.fake.Type("Lan", "chào")
	m := w.to("Lan", "trả lời")
	m.ReplyTo = id
	if _, err := w.Send(t.Context(), m); err != nil || w.fake.Shown("Lan")[0].Quote != id {
		t.Errorf("a fresh quote: %v", err)
	}
	m = w.to("Lan", "trả lời")
	m.ReplyTo = "msg-of-last-year"
	if _, err := w.Send(t.Context(), m); err != nil || w.fake.Shown("Lan")[1].Quote != "" {
		t.Errorf("a stale quote: %v", err)
	}
}
