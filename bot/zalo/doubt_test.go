package zalo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
)

const historyPath = "/v2.0/oa/conversation"

// talked is a world in which a citizen wrote that many messages, one a second.
func talked(t *testing.T, n int, order fakezalo.HistoryOrder) *world {
	t.Helper()
	w := newWorld(t, func(f *fakezalo.Options, _ *Options) { f.History = order })
	for i := range n {
		w.fake.Type("Lan", fmt.Sprintf("câu %d", i))
		w.clock.add(time.Second)
	}
	w.clock.add(time.Minute)
	return w
}

// doubted sends a message whose answer is lost, or that never arrives.
func (w *world) doubted(t *testing.T, m bot.Message, f fakezalo.Fault) (since time.Time) {
	t.Helper()
	since = w.clock.Now()
	w.fake.Fail(f)
	if _, err := w.Send(t.Context(), m); kindOf(err) != bot.Ambiguous {
		t.Fatalf("Send = %v", err)
	}
	w.clock.add(time.Second)
	return since
}

// In whatever order Zalo lists a conversation, what arrived is found, and "no" is
// said only when everything since was seen.
func TestDoubtDoesNotDependOnTheOrderOfAConversation(t *testing.T) {
	const yes, no, unknown = "yes", "no", "unknown"
	for name, c := range map[string]struct {
		order        fakezalo.HistoryOrder
		before       int // messages of the citizen before it
		after        int // and after it
		found, never string
	}{
		"a short chat, newest first":            {fakezalo.NewestFirst, 3, 2, yes, no},
		"a short chat, oldest first":            {fakezalo.OldestFirst, 3, 2, yes, no},
		"a full page, oldest first":             {fakezalo.OldestFirst, 9, 0, yes, no},
		"some pages, newest first":              {fakezalo.NewestFirst, 45, 12, yes, no},
		"some pages, oldest first":              {fakezalo.OldestFirst, 30, 12, yes, no},
		"some pages, each oldest first":         {fakezalo.NewestPages, 45, 12, yes, no},
		"a long chat, newest first":             {fakezalo.NewestFirst, 200, 3, yes, no},
		"a long chat, pages of it oldest first": {fakezalo.NewestPages, 200, 3, yes, no},
		"a long chat, oldest first":             {fakezalo.OldestFirst, 200, 3, unknown, unknown},
		"a citizen who goes on and on":          {fakezalo.NewestFirst, 3, 100, unknown, unknown},
		"no times":                              {fakezalo.NewestUntimed, 3, 2, unknown, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			for fault, want := range map[fakezalo.Fault]string{{Lost: true}: c.found, {Cut: true}: c.never} {
				w := talked(t, c.before, c.order)
				m := w.to("Lan", "Miễn phí.")
				since := w.doubted(t, m, fault)
				for i := range c.after {
					w.fake.Type("Lan", fmt.Sprintf("rồi sao %d", i))
					w.clock.add(time.Second)
				}
				r, ok, err := w.Arrived(t.Context(), m, since)
				got := map[bool]string{true: yes, false: no}[ok]
				if err != nil {
					got = unknown
				}
				if got != want || ok && r.ID == "" {
					t.Errorf("lost on the way back %v: %s (%v, %v), want %s", fault.Lost, got, r, err, want)
				}
				if n := len(w.fake.Calls(historyPath)); n > historyPages {
					t.Errorf("%d calls", n)
				}
			}
		})
	}
}

// The answer to a message whose buttons were refused is lost: it stands there
// numbered, for this process and for the next.
func TestDoubtOfATextThatWasNumberedAfterAll(t *testing.T) {
	w := newWorld(t, func(f *fakezalo.Options, o *Options) { f.Buttons, o.Buttons = true, ButtonsOn })
	w.fake.Type("Lan", "chào")
	m := w.to("Lan", "Chọn:")
	m.Buttons = [][]bot.MessageButton{{{Title: "Nộp ở đâu", Payload: "a:b"}}}
	w.fake.Fail(fakezalo.Fault{Code: -233})
	since := w.doubted(t, m, fakezalo.Fault{Lost: true})
	if _, ok, err := w.process(t).Arrived(t.Context(), m, since); !ok || err != nil {
		t.Errorf("after a crash: %v %v", ok, err)
	}
	if r, ok, err := w.Arrived(t.Context(), m, since); !ok || err != nil || r.ID != w.fake.Shown("Lan")[0].ID {
		t.Errorf("%v %v %v", r, ok, err)
	}
}

// A text and a card: each that arrived stays, each that did not goes out, once.
func TestDoubtOfATextWithACard(t *testing.T) {
	card := fakezalo.Fault{Path: pathMessage}
	for name, c := range map[string]struct {
		faults []fakezalo.Fault
		crash  bool
	}{
		"the text's answer is lost":              {faults: []fakezalo.Fault{{Lost: true}}},
		"the text never arrives":                 {faults: []fakezalo.Fault{{Cut: true}}},
		"the card never arrives":                 {faults: []fakezalo.Fault{pass(), {Cut: true}}},
		"the text's answer is lost, and a crash": {faults: []fakezalo.Fault{{Lost: true}}, crash: true},
		"the card never arrives, and a crash":    {faults: []fakezalo.Fault{pass(), {Cut: true}}, crash: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.fake.Type("Lan", "chào")
			m := w.to("Lan", "Số của anh/chị?")
			m.Buttons = [][]bot.MessageButton{{{Title: "Gửi số", Request: bot.RequestContact}}}
			for _, f := range c.faults[:len(c.faults)-1] {
				f.Path = card.Path
				w.fake.Fail(f)
			}
			since := w.doubted(t, m, c.faults[len(c.faults)-1])
			if c.crash {
				w.OA = w.process(t)
			}
			if _, ok, err := w.Arrived(t.Context(), m, since); ok || err != nil {
				t.Fatalf("Arrived = %v, %v", ok, err)
			}
			if _, err := w.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := w.fake.Shown("Lan")
			if len(got) != 2 || got[0].Text != m.Text || len(got[1].Media) != 1 {
				t.Errorf("shown %+v", got)
			}
		})
	}
}

// pass is a fault that lets a call through.
func pass() fakezalo.Fault { return fakezalo.Fault{Slow: time.Nanosecond} }

// A conversation does not say what a card looks like in it: only the echo does.
func TestACardThatMayHaveArrivedIsNotSentAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	m := w.to("Lan", "Số của anh/chị?")
	m.Buttons = [][]bot.MessageButton{{{Title: "Gửi số", Request: bot.RequestContact}}}
	w.fake.Fail(pass())
	since := w.doubted(t, m, fakezalo.Fault{Lost: true})
	if _, ok, err := w.Arrived(t.Context(), m, since); ok || err == nil {
		t.Errorf("without an echo: %v, %v", ok, err)
	}
	shown := w.fake.Shown("Lan")[1].ID
	echo := event1("oa_send_template", `"sender":{"id":"`+testOA+`"},"recipient":{"id":"`+m.To.Chat+`"},"message":{"msg_id":"`+shown+`"}`)
	if code := signedPost(w.OA, &kept{}, echo, mac(echo)); code != 200 {
		t.Fatalf("answered %d", code)
	}
	if r, ok, err := w.Arrived(t.Context(), m, since); !ok || err != nil || r.ID != shown {
		t.Errorf("with its echo: %v %v %v", r, ok, err)
	}
}

// The same words sent a moment later, and known to have arrived, are another message.
func TestAnotherMessageOfTheSameTextSettlesNothing(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Type("Lan", "chào")
	first, second := w.to("Lan", "Miễn phí."), w.to("Lan", "Miễn phí.")
	since := w.doubted(t, first, fakezalo.Fault{Cut: true})
	if _, err := w.Send(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := w.Arrived(t.Context(), first, since); ok || err != nil {
		t.Errorf("Arrived = %v, %v", ok, err)
	}
}

// In a group only the echo tells.
func TestDoubtInAGroup(t *testing.T) {
	w := newWorld(t, nil)
	m := bot.Message{ID: "m", To: bot.Address{Channel: Name, Chat: "group:" + w.fake.Group("UBND")}, Lang: "vi", Text: "Phản ánh mới",
		Buttons: [][]bot.MessageButton{{{Title: "Nhận", Payload: "a:b"}}}}
	since := w.doubted(t, m, fakezalo.Fault{Path: pathGroup, Lost: true})
	if _, ok, err := w.Arrived(t.Context(), m, since); ok || err == nil {
		t.Errorf("before its echo: %v, %v", ok, err)
	}
	shown := w.fake.ShownGroup("UBND")[0]
	echo := event1("oa_send_group_text", `"oa_id":"`+testOA+`","sender":{"id":"`+testOA+`"},"recipient":{"id":"`+strings.TrimPrefix(m.To.Chat, groupPrefix)+
		`"},"message":{"msg_id":"`+shown.ID+`","text":`+quoted(shown.Text)+`}`)
	if code := signedPost(w.OA, &kept{}, echo, mac(echo)); code != 200 {
		t.Fatalf("answered %d", code)
	}
	if r, ok, err := w.Arrived(t.Context(), m, since); !ok || err != nil || r.ID != shown.ID {
		t.Errorf("with its echo: %v %v %v", r, ok, err)
	}
}

// A part of a long message is lost on the way: the others are not sent again.
func TestDoubtOfAPartOfALongMessage(t *testing.T) {
	for name, f := range map[string]fakezalo.Fault{"the second never arrives": {Cut: true}, "the second's answer is lost": {Lost: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *fakezalo.Options, o *Options) { o.Buttons = ButtonsOn })
			w.fake.Type("Lan", "chào")
			m := w.to("Lan", long)
			m.Buttons = choices(5)
			w.fake.Fail(fakezalo.Fault{Code: -233})
			w.fake.Fail(pass())
			since := w.doubted(t, m, f)
			_, ok, err := w.Arrived(t.Context(), m, since)
			if ok != f.Lost || err != nil {
				t.Fatalf("Arrived = %v, %v", ok, err)
			}
			if !ok {
				if _, err := w.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			whole(t, w.fake.Shown("Lan"), m)
		})
	}
}

// Delivery is told apart that Zalo cannot be asked from that Zalo cannot tell.
func TestWhyADoubtStays(t *testing.T) {
	for name, c := range map[string]struct {
		fault fakezalo.Fault
		want  bot.SendKind // "" when Zalo was asked and does not tell
	}{
		"Zalo is away":               {fakezalo.Fault{Cut: true}, bot.Temporary},
		"a gateway's page":           {fakezalo.Fault{Status: 502, HTML: "<html>"}, bot.Temporary},
		"too many calls":             {fakezalo.Fault{Code: -32}, bot.Throttled},
		"the account is disabled":    {fakezalo.Fault{Code: -204}, bot.Misconfigured},
		"conversations not granted":  {fakezalo.Fault{Code: -212}, ""},
		"a number nobody wrote down": {fakezalo.Fault{Code: -98765}, ""},
		"an answer of another form":  {fakezalo.Fault{Status: 200, HTML: `{"error":0,"data":"x"}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.fake.Type("Lan", "chào")
			m := w.to("Lan", "Miễn phí.")
			since := w.doubted(t, m, fakezalo.Fault{Lost: true})
			c.fault.Path, c.fault.Times = historyPath, -1
			w.fake.Fail(c.fault)
			if _, ok, err := w.Arrived(t.Context(), m, since); ok || err == nil || kindOf(err) != c.want {
				t.Errorf("Arrived = %v, %v, want %q", ok, err, c.want)
			}
		})
	}
	t.Run("without a consent", func(t *testing.T) {
		w := newWorld(t, nil)
		w.fake.Type("Lan", "chào")
		m := w.to("Lan", "Miễn phí.")
		since := w.doubted(t, m, fakezalo.Fault{Lost: true})
		if err := w.Revoked(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := w.Arrived(t.Context(), m, since); ok || kindOf(err) != bot.Misconfigured {
			t.Errorf("Arrived = %v, %v", ok, err)
		}
	})
}
