package zalo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
)

// long is a text that leaves no room for choices.
var long = strings.TrimSpace(strings.Repeat("Chín chữ thì hết. ", 110))

func choices(n int) [][]bot.MessageButton {
	var out [][]bot.MessageButton
	for i := range n {
		out = append(out, []bot.MessageButton{{Title: fmt.Sprintf("Thủ tục thứ %d", i+1), Payload: fmt.Sprintf("a:b:%d", i)}})
	}
	return out
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a text always has a form
	return string(b)
}

// whole checks that a message was shown completely, once, in parts that Zalo takes.
func whole(t *testing.T, shown []fakezalo.Message, m bot.Message) {
	t.Helper()
	var parts []string
	for _, s := range shown {
		if n := bot.UTF16.Length(s.Text); n > maxText {
			t.Errorf("a part of %d", n)
		}
		parts = append(parts, s.Text)
	}
	all := strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
	if len(parts) != 2 || !strings.HasPrefix(all, m.Text) || strings.Count(all, "Chín chữ") != strings.Count(m.Text, "Chín chữ") {
		t.Errorf("shown in %d parts, %d letters", len(parts), len(all))
	}
	for i := range m.Buttons {
		if line := fmt.Sprintf("%d. Thủ tục thứ %d", i+1, i+1); strings.Count(all, line) != 1 {
			t.Errorf("%q is shown %d times", line, strings.Count(all, line))
		}
	}
}

// Choices that become numbers take room: the text goes in two messages.
func TestNumberedChoicesAfterALongText(t *testing.T) {
	t.Run("buttons are refused", func(t *testing.T) {
		w := newWorld(t, func(_ *fakezalo.Options, o *Options) { o.Buttons = ButtonsOn })
		w.fake.Type("Lan", "chào")
		m := w.to("Lan", long)
		m.Buttons = choices(5)
		if _, err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		whole(t, w.fake.Shown("Lan"), m)
	})
	t.Run("in a group", func(t *testing.T) {
		w := newWorld(t, nil)
		m := bot.Message{ID: "m", To: bot.Address{Channel: Name, Chat: "group:" + w.fake.Group("UBND")}, Lang: "vi", Text: long, Buttons: choices(5)}
		if _, err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		whole(t, w.fake.ShownGroup("UBND"), m)
	})
}

// Where the settings want buttons and Zalo does not, a kind is tried again after
// some hours, not with every message.
func TestRefusedButtonsAreNotTriedWithEveryMessage(t *testing.T) {
	w := newWorld(t, func(_ *fakezalo.Options, o *Options) { o.Buttons = ButtonsOn })
	w.fake.Type("Lan", "chào")
	links := [][]bot.MessageButton{{{Title: "Mở trang", URL: "https://example.vn/"}}}
	send := func(buttons [][]bot.MessageButton) (calls int) {
		t.Helper()
		m := w.to("Lan", "Chọn:")
		m.Buttons = buttons
		before := len(w.fake.Calls(pathMessage))
		if _, err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		return len(w.fake.Calls(pathMessage)) - before
	}
	for i, c := range []struct {
		buttons [][]bot.MessageButton
		want    int
	}{{choices(2), 2}, {choices(2), 1}, {choices(3), 1}, {links, 2}, {links, 1}, {choices(1), 1}} {
		if n := send(c.buttons); n != c.want {
			t.Errorf("message %d: %d calls, want %d", i+1, n, c.want)
		}
	}
	if !strings.Contains(w.told(), "ZALO_BUTTONS=off") {
		t.Errorf("people were told %q", w.told())
	}
	w.clock.add(refusalLife)
	if n := send(choices(2)); n != 2 {
		t.Errorf("hours later: %d calls, want 2", n)
	}
}

// What the app may not do in a group, or beside a text, stops nothing else.
func TestWhatWasNotGrantedConcernsItsKindOnly(t *testing.T) {
	for _, code := range []int{-209, -212, -223} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			w := newWorld(t, func(f *fakezalo.Options, o *Options) {
				f.Buttons, o.Buttons = true, ButtonsOn
				o.Open = func(context.Context, bot.Media) (io.ReadCloser, error) {
					return io.NopCloser(strings.NewReader("\x89PNG\r\n\x1a\n x")), nil
				}
			})
			w.fake.Type("Lan", "chào")
			group := bot.Message{ID: "g", To: bot.Address{Channel: Name, Chat: "group:" + w.fake.Group("UBND")}, Lang: "vi", Text: "Phản ánh mới"}
			w.fake.Fail(fakezalo.Fault{Path: pathGroup, Code: code, Times: -1})
			var se *bot.SendError
			_, err := w.Send(t.Context(), group)
			if kindOf(err) != bot.Later || !asSendError(err, &se) || !se.Until.IsZero() || se.Reason != reasonGroup || !strings.Contains(w.told(), "group") {
				t.Errorf("a group: %v, told %q", err, w.told())
			}

			card := w.to("Lan", "Số của anh/chị?")
			card.Buttons = [][]bot.MessageButton{{{Title: "Gửi số", Request: bot.RequestContact}}}
			w.fake.Fail(pass())
			w.fake.Fail(fakezalo.Fault{Code: code})
			if _, err := w.Send(t.Context(), card); kindOf(err) != bot.Rejected {
				t.Errorf("a card: %v", err)
			}

			picture := w.to("Lan", "Bản đồ")
			picture.Media = []bot.Media{{Kind: bot.Photo, Ref: "ours/a.png"}}
			w.fake.Fail(fakezalo.Fault{Path: "/v2.0/oa/upload/image", Code: code})
			if _, err := w.Send(t.Context(), picture); err != nil {
				t.Errorf("an upload: %v", err)
			}

			with := w.to("Lan", "Chọn:")
			with.Buttons = choices(2)
			w.fake.Fail(fakezalo.Fault{Code: code})
			if _, err := w.Send(t.Context(), with); err != nil {
				t.Errorf("buttons: %v", err)
			}

			w.fake.Fail(fakezalo.Fault{Code: code})
			if _, err := w.Send(t.Context(), w.to("Lan", "Miễn phí.")); kindOf(err) != bot.Misconfigured {
				t.Errorf("a plain text: %v", err)
			}
		})
	}
}

func asSendError(err error, to **bot.SendError) bool {
	se, ok := err.(*bot.SendError) //nolint:errorlint // Send returns it as it is
	*to = se
	return ok
}

// An attachment that Zalo does not take does not take the text with it.
func TestTheTextGoesWithoutARefusedAttachment(t *testing.T) {
	picture := bot.Media{Kind: bot.Photo, Ref: "ours/a.png"}
	file := bot.Media{Kind: bot.Document, Ref: "ours/b.pdf", Type: "application/pdf", Name: "to-khai.pdf"}
	upload := func(code int) fakezalo.Fault {
		return fakezalo.Fault{Path: "/v2.0/oa/upload/image", Code: code, Times: -1}
	}
	for name, c := range map[string]struct {
		media []bot.Media
		fault fakezalo.Fault
		shown []string
		fails bot.SendKind
	}{
		"the upload is refused":           {media: []bot.Media{picture}, fault: upload(-201), shown: []string{"Đây ạ\nzalo.photo_missing"}},
		"uploads are not granted":         {media: []bot.Media{picture}, fault: upload(-212), shown: []string{"Đây ạ\nzalo.photo_missing"}},
		"the uploads are used up":         {media: []bot.Media{picture}, fault: upload(-211), shown: []string{"Đây ạ\nzalo.photo_missing"}},
		"a number nobody knows":           {media: []bot.Media{picture}, fault: upload(-98765), shown: []string{"Đây ạ\nzalo.photo_missing"}},
		"an address stands for it":        {media: []bot.Media{{Kind: bot.Document, Ref: "https://bot.test/m/1", Type: "application/pdf", Name: "a.pdf"}}, fault: fakezalo.Fault{Path: "/v2.0/oa/upload/file", Code: -201}, shown: []string{"a.pdf https://bot.test/m/1", "Đây ạ"}},
		"too many calls: it waits":        {media: []bot.Media{picture}, fault: upload(-32), fails: bot.Throttled},
		"the account is disabled":         {media: []bot.Media{picture}, fault: upload(-204), fails: bot.Misconfigured},
		"the uploaded picture is refused": {media: []bot.Media{picture}, fault: fakezalo.Fault{Code: -210}, shown: []string{"Đây ạ\nzalo.photo_missing"}},
		"the uploaded file is refused":    {media: []bot.Media{file}, fault: fakezalo.Fault{Code: -201}, shown: []string{"zalo.file_missing", "Đây ạ"}},
		"one of two":                      {media: []bot.Media{{Kind: bot.Photo, Ref: "ours/c.webp"}, picture}, shown: []string{"zalo.photo_missing", "[image]", "Đây ạ"}},
		"it was deleted":                  {media: []bot.Media{{Kind: bot.Photo, Ref: "ours/gone.png"}}, shown: []string{"Đây ạ\nzalo.photo_missing"}},
		"the citizen is the reason":       {media: []bot.Media{picture}, fault: fakezalo.Fault{Code: -201, Times: -1}, fails: bot.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"ours/a.png": "\x89PNG\r\n\x1a\n x", "ours/b.pdf": "%PDF-1.4 x", "ours/c.webp": "RIFFxxxxWEBPVP8 ", "https://bot.test/m/1": "%PDF-1.4 x"}
			w := newWorld(t, func(_ *fakezalo.Options, o *Options) {
				o.Open = func(_ context.Context, m bot.Media) (io.ReadCloser, error) {
					if data, ok := files[m.Ref]; ok {
						return io.NopCloser(bytes.NewReader([]byte(data))), nil
					}
					return nil, fs.ErrNotExist
				}
			})
			w.fake.Type("Lan", "chào")
			if c.fault != (fakezalo.Fault{}) {
				w.fake.Fail(c.fault)
			}
			m := w.to("Lan", "Đây ạ")
			m.Media = c.media
			_, err := w.Send(t.Context(), m)
			if kindOf(err) != c.fails {
				t.Fatalf("Send = %v", err)
			}
			var shown []string
			for _, s := range w.fake.Shown("Lan") {
				if s.Text == "" {
					s.Text = fmt.Sprint(s.Media)
				}
				shown = append(shown, s.Text)
			}
			if strings.Join(shown, "|") != strings.Join(c.shown, "|") {
				t.Errorf("shown %q, want %q", shown, c.shown)
			}
			if told := strings.Contains(w.told(), "attachment"); told != (c.fails == "") {
				t.Errorf("people were told %q", w.told())
			}
		})
	}
}
