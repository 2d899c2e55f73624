package telegram_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/telegram"
)

// talk is a world in which Lan pressed Start.
func talk(t *testing.T, change ...func(*telegram.Options)) (*world, *faketelegram.Person) {
	w := newWorld(t, telegram.ModePoll, change...)
	lan := w.fake.Person("Lan")
	w.fake.Type(lan, "/start")
	w.fake.Forget()
	return w, lan
}

func (w *world) mustSend(t *testing.T, m bot.Message) bot.Receipt {
	t.Helper()
	r, err := w.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What the citizen reads is what was written, whatever signs it has.
func TestTextArrivesAsWritten(t *testing.T) {
	w, lan := talk(t)
	for i, text := range []string{
		"Chào anh/chị", "<b>đậm</b> & \"ngoặc\" 'nháy' <", "&lt;đã&gt; &amp; &#39; &nbsp;", "*_[](){}~`>#+-=|.!\\", "<a href='x'>", "</b>", "&", "🪪 1 < 2",
		strings.Repeat("<", 4096), strings.Repeat("ă", 4096), strings.Repeat("🪪", 2048), "dòng\n\n  thụt vào",
	} {
		w.mustSend(t, message(lan, text))
		shown := w.fake.Shown(lan.ID)
		if got := shown[i].Text; got != text {
			t.Errorf("%.30q arrives as %.30q", text, got)
		}
	}
	if n := len(w.fake.Calls("sendMessage")); n != 12 {
		t.Errorf("%d calls for 12 messages", n)
	}
}

func TestKeyboards(t *testing.T) {
	w, lan := talk(t)
	ask := message(lan, "Anh/chị ở đâu?")
	ask.Buttons = [][]bot.MessageButton{{{Title: "Gửi vị trí", Request: bot.RequestLocation}}, {{Title: "Gửi số", Request: bot.RequestContact}}, {{Title: "Hủy", Payload: "f:cancel"}, {Title: "Cổng", URL: "https://dichvucong.gov.vn"}}}
	w.mustSend(t, ask)
	shown := w.fake.Shown(lan.ID)
	if got := shown[0].Text; got != "Anh/chị ở đâu?\n• Cổng: https://dichvucong.gov.vn" {
		t.Errorf("the text is %q", got)
	}
	if k := w.fake.Keyboard(lan); len(k) != 3 || k[0][0].Request != "location" || k[1][0].Request != "contact" || k[2][0].Title != "Hủy" {
		t.Fatalf("the keyboard is %+v", k)
	}
	// A message with choices of its own leaves the keyboard; the next plain one removes it.
	choice := message(lan, "Chọn")
	choice.Buttons = [][]bot.MessageButton{{{Title: "Một", Payload: "a:b"}}}
	w.mustSend(t, choice)
	w.mustSend(t, message(lan, "Xong"))
	if k := w.fake.Keyboard(lan); k != nil {
		t.Errorf("the keyboard stays: %+v", k)
	}
	w.mustSend(t, message(lan, "Nữa"))
	calls := w.fake.Calls("sendMessage")
	if last := calls[len(calls)-1].Params; last["reply_markup"] != "" || last["link_preview_options"] != `{"is_disabled":true}` {
		t.Errorf("a plain message is sent with %v", last)
	}
	// In a group nobody can be asked like that; the other choices remain.
	g := w.fake.Group("UBND")
	w.fake.Admit(g)
	ask.ID, ask.To.Chat = "g", id(g.ID)
	w.mustSend(t, ask)
	if b := w.fake.Shown(g.ID)[0].Buttons; len(b) != 1 || len(b[0]) != 2 || b[0][0].Data != "f:cancel" || b[0][1].URL == "" {
		t.Errorf("the group sees %+v", b)
	}
}

// What the keyboard shares comes back as the citizen's own.
func TestSharingByKeyboard(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w, lan := talk(t)
		stop := w.poll(t)
		defer stop()
		for _, r := range []bot.Request{bot.RequestContact, bot.RequestLocation} {
			m := message(lan, "?")
			m.Buttons = [][]bot.MessageButton{{{Title: "Gửi", Request: r}}}
			w.mustSend(t, m)
			if _, err := w.fake.Press(lan, nil, "Gửi"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		got := w.in.got()
		if len(got) != 2 || got[0].From.Phone != "84912345678" || len(got[0].Media) != 0 || got[1].Place == nil {
			t.Errorf("the bot sees %+v", got)
		}
	})
}

func TestGroupsTopicsAndAnswers(t *testing.T) {
	w, lan := talk(t)
	g := w.fake.Group("UBND")
	w.fake.Admit(g)
	topic := w.fake.Topic(g)
	to := bot.Address{Channel: telegram.Name, Chat: id(g.ID), Thread: id(topic)}
	r := w.mustSend(t, bot.Message{ID: "1", To: to, Text: "Hồ sơ 12"})
	w.mustSend(t, bot.Message{ID: "2", To: to, Text: "Trả lời", ReplyTo: r.ID})
	w.mustSend(t, bot.Message{ID: "3", To: to, Text: "Tin đã xóa", ReplyTo: "99999"})
	w.mustSend(t, bot.Message{ID: "4", To: bot.Address{Channel: telegram.Name, Chat: id(g.ID), Thread: "1"}, Text: "Chung"})
	w.mustSend(t, bot.Message{ID: "5", To: to, Text: "Sai", ReplyTo: "không phải số"})
	shown := w.fake.Shown(g.ID)
	if shown[0].Topic != topic || id(shown[0].ID) != r.ID || id(shown[1].ReplyTo) != r.ID || shown[2].ReplyTo != 0 || shown[3].Topic != 0 || shown[4].ReplyTo != 0 {
		t.Errorf("the group sees %+v", shown)
	}
	w.fake.CloseTopic(g, topic)
	w.mustSend(t, bot.Message{ID: "6", To: to, Text: "Chủ đề đã đóng"})
	if last := w.fake.Shown(g.ID)[5]; last.Topic != 0 {
		t.Errorf("a closed topic got %+v", last)
	}
	w.fake.Mute(g, true)
	_, err := w.Send(t.Context(), bot.Message{ID: "7", To: to, Text: "x"})
	checkSend(t, w, err, bot.Temporary, "telegram_muted")
	w.fake.Mute(g, false)
	w.fake.Kick(lan, g)
	_, err = w.Send(t.Context(), bot.Message{ID: "7", To: to, Text: "x"})
	checkSend(t, w, err, bot.Gone, "telegram_group_lost")
}

// A group becomes a supergroup: by the service message, or by the answer to a send.
func TestMigration(t *testing.T) {
	for _, told := range []bool{false, true} {
		bubble(fmt.Sprint(told), t, func(t *testing.T) {
			w, lan := talk(t)
			g := w.fake.Group("UBND")
			w.fake.Admit(g)
			stop := w.poll(t)
			defer stop()
			synctest.Wait()
			to := w.fake.Migrate(lan, g)
			if told {
				synctest.Wait()
			} else {
				w.fake.Forget()
			}
			_, err := w.Send(t.Context(), bot.Message{ID: "1", To: bot.Address{Chat: id(g.ID)}, Text: "x"})
			checkSend(t, w, err, bot.Moved, "moved")
			var se *bot.SendError
			if errors.As(err, &se) && se.To != id(to.ID) {
				t.Errorf("moved to %s, want %d", se.To, to.ID)
			}
			if n := len(w.fake.Calls("sendMessage")); told == (n > 0) {
				t.Errorf("%d calls", n)
			}
			w.mustSend(t, bot.Message{ID: "1", To: bot.Address{Chat: id(to.ID)}, Text: "x"})
			got := w.in.got()
			if told == (len(got) == 0) {
				t.Errorf("the rest of the program hears %+v", got)
			}
			for _, u := range got { // once from each of the two chats
				if u.Event != bot.EventMoved || u.Chat != id(to.ID) || u.Param != id(g.ID) {
					t.Errorf("the rest of the program hears %+v", u)
				}
			}
		})
	}
}

// opener hands out attachments of ours.
func opener(files map[string]string) func(*telegram.Options) {
	return func(o *telegram.Options) {
		o.Open = func(_ context.Context, m bot.Media) (io.ReadCloser, error) {
			data, ok := files[m.Ref]
			if !ok {
				return nil, &bot.Error{Code: bot.NotFound, Detail: "no file"}
			}
			return io.NopCloser(strings.NewReader(data)), nil
		}
	}
}

func TestAttachments(t *testing.T) {
	photo := func(ref string) bot.Media { return bot.Media{Kind: bot.Photo, Ref: ref, Name: "../../etc/ảnh.jpg"} }
	w, lan := talk(t, opener(map[string]string{"/m/a": "JPEG-A", "/m/b": "JPEG-B", "/m/c": "%PDF", "/m/big": strings.Repeat("x", 10<<20+1)}))
	send := func(text string, media ...bot.Media) []faketelegram.Message {
		t.Helper()
		m := message(lan, text)
		m.Media = media
		m.Buttons = [][]bot.MessageButton{{{Title: "Một", Payload: "a:b"}}}
		before := len(w.fake.Shown(lan.ID))
		w.mustSend(t, m)
		return w.fake.Shown(lan.ID)[before:]
	}
	got := send("Mẫu tờ khai", photo("/m/a"))
	if len(got) != 1 || got[0].Text != "Mẫu tờ khai" || got[0].Media[0].Kind != "photo" || got[0].Media[0].Name != "ảnh.jpg" || len(got[0].Buttons) != 1 {
		t.Errorf("a photo with a short text: %+v", got)
	}
	calls := w.fake.Calls("sendPhoto")
	first := got[0].Media[0].File
	if got = send("Lần nữa", photo("/m/a")); got[0].Media[0].File != first || calls[0].Params["photo"] != "" {
		t.Errorf("the second time it is uploaded again: %+v", got)
	}
	long := strings.Repeat("dài ", 500)
	if got = send(long, photo("/m/a")); len(got) != 2 || got[0].Text != "" || got[1].Text != strings.TrimSpace(long) || len(got[1].Buttons) != 1 {
		t.Errorf("a photo with a long text: %d messages", len(got))
	}
	if got = send("Ba tệp", photo("/m/a"), photo("/m/b"), bot.Media{Kind: bot.Document, Ref: "/m/c"}); len(got) != 4 || got[2].Media[0].Kind != "document" || got[3].Text != "Ba tệp" {
		t.Errorf("an album, a document and a text: %+v", got)
	}
	if got = send("", photo("/m/b"), bot.Media{Kind: bot.Document, Ref: "/m/c"}); len(got) != 2 || len(got[1].Buttons) != 1 {
		t.Errorf("attachments alone: %+v", got)
	}
	for ref, why := range map[string]string{"/m/none": "telegram_file", "/m/big": "telegram_file", "AgACnotAfile": "telegram_file", "": "telegram_file"} {
		m := message(lan, "x")
		m.Media = []bot.Media{photo(ref)}
		_, err := w.Send(t.Context(), m)
		checkSend(t, w, err, bot.Rejected, why)
	}
	m := message(lan, " ")
	_, err := w.Send(t.Context(), m)
	checkSend(t, w, err, bot.Rejected, "unfit")
}

// Errors of uploads come without a code from the module; they are told apart all the same.
func TestErrorsOfUploads(t *testing.T) {
	tests := []struct {
		fault faketelegram.Fault
		want  bot.SendKind
	}{
		{faketelegram.Fault{Code: 403, Description: "Forbidden: bot was blocked by the user"}, bot.Gone},
		{faketelegram.Fault{Code: 429, Description: "Too Many Requests: retry after 5", RetryAfter: 5}, bot.Throttled},
		{faketelegram.Fault{Code: 401, Description: "Unauthorized"}, bot.Misconfigured},
		{faketelegram.Fault{Code: 413, Description: "Request Entity Too Large"}, bot.Rejected},
		{faketelegram.Fault{Code: 500, Description: "Internal Server Error"}, bot.Ambiguous},
		{faketelegram.Fault{Lost: true}, bot.Ambiguous},
		// An answer without a code, below any status.
		{faketelegram.Fault{Code: 200, HTML: `{"ok":false,"description":"Forbidden: bot was blocked by the user"}`}, bot.Gone},
		{faketelegram.Fault{Code: 200, HTML: `{"ok":false,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}`}, bot.Throttled},
		{faketelegram.Fault{Code: 200, HTML: `{"ok":false,"description":"Whatever"}`}, bot.Ambiguous},
		{faketelegram.Fault{Code: 400, Description: "Bad Request: wrong file identifier/HTTP URL specified"}, ""},
	}
	for _, tt := range tests {
		bubble(tt.fault.Description, t, func(t *testing.T) {
			w, lan := talk(t, opener(map[string]string{"/m/a": "JPEG"}))
			w.fake.Fail(tt.fault)
			m := message(lan, private)
			m.Media = []bot.Media{{Kind: bot.Photo, Ref: "/m/a"}}
			_, err := w.Send(t.Context(), m)
			checkSend(t, w, err, tt.want, "")
		})
	}
}

// A message of several calls goes on where it stopped: nothing is shown twice.
func TestHalfwayMessages(t *testing.T) {
	w, lan := talk(t, opener(map[string]string{"/m/a": "JPEG"}))
	m := message(lan, strings.Repeat("dài ", 500))
	m.Media = []bot.Media{{Kind: bot.Photo, Ref: "/m/a"}}
	w.fake.Fail(faketelegram.Fault{Method: "sendMessage", Code: 429, Description: "Too Many Requests", RetryAfter: 1})
	_, err := w.Send(t.Context(), m)
	checkSend(t, w, err, bot.Throttled, "")
	w.mustSend(t, m)
	if got := w.fake.Shown(lan.ID); len(got) != 2 || len(got[0].Media) != 1 || got[1].Text == "" {
		t.Errorf("the citizen sees %d messages", len(got))
	}
}

func TestEdit(t *testing.T) {
	w, lan := talk(t)
	m := message(lan, "Chọn <một>")
	m.Buttons = [][]bot.MessageButton{{{Title: "Một", Payload: "a:b"}}}
	r := w.mustSend(t, m)
	steps := []struct {
		name    string
		text    string
		buttons int
	}{{"the same", "Chọn <một>", 1}, {"another text", "Đã chọn & xong", 1}, {"no buttons", "Đã chọn & xong", 0}}
	for _, s := range steps {
		m.Text = s.text
		m.Buttons = m.Buttons[:s.buttons]
		if err := w.Edit(t.Context(), r, m); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		if got := w.fake.Shown(lan.ID)[0]; got.Text != s.text || len(got.Buttons) != s.buttons {
			t.Errorf("%s: the citizen sees %q with %d rows", s.name, got.Text, len(got.Buttons))
		}
	}
	w.fake.Fail(faketelegram.Fault{Method: "editMessageText", Code: 400, Description: "Bad Request: can't parse entities: x"})
	m.Text = "trơn"
	if err := w.Edit(t.Context(), r, m); err != nil || w.fake.Shown(lan.ID)[0].Text != "trơn" {
		t.Errorf("Edit without markup = %v", err)
	}
	for _, sent := range []bot.Receipt{{ID: "9999"}, {ID: ""}, {ID: "x"}} {
		checkSend(t, w, w.Edit(t.Context(), sent, m), bot.Rejected, "telegram_stale")
	}
	if err := w.Typing(t.Context(), bot.Address{Chat: id(lan.ID)}); err != nil || w.fake.Typing() != 1 {
		t.Errorf("Typing = %v", err)
	}
}

func TestFetch(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w, lan := talk(t)
		stop := w.poll(t)
		defer stop()
		content := bytes.Repeat([]byte("%PDF"), 1000)
		w.fake.Send(faketelegram.Incoming{From: lan, Document: content, Name: "../đơn.pdf", Type: "application/pdf"})
		w.fake.Send(faketelegram.Incoming{From: lan, Document: []byte("x"), Size: 21 << 20})
		synctest.Wait()
		got := w.in.got()
		doc := got[0].Media[0]
		if doc.Name != "../đơn.pdf" || doc.Size != 4000 || doc.Type != "application/pdf" {
			t.Errorf("the document is %+v", doc)
		}
		r, err := w.Fetch(t.Context(), doc)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(data, content) {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		large := got[1].Media[0]
		for range 2 { // by what the update says, then by what getFile says
			if _, err := w.Fetch(t.Context(), large); !bot.IsCode(err, bot.Invalid) {
				t.Errorf("a large file: %v", err)
			}
			large.Size = 0
		}
		for _, ref := range []string{"", "unknown", "https://x.test/a", "/etc/passwd"} {
			if _, err := w.Fetch(t.Context(), bot.Media{Ref: ref}); !bot.IsCode(err, bot.NotFound) {
				t.Errorf("%q: %v", ref, err)
			}
		}
	})
}

// counting counts the requests to a part of the server.
func counting(c *http.Client, prefix string, n *int) *http.Client {
	return &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Path, prefix) {
			*n++
		}
		return c.Transport.RoundTrip(r)
	})}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A server that hands out strange paths gets no request for them.
func TestFetchDistrustsPaths(t *testing.T) {
	for _, path := range []string{"../../etc/passwd", "/var/lib/telegram/x", "a/../../b", "", `a\..\b`, "a?b=c", "https://evil.test/x", "a//b"} {
		bubble(path, t, func(t *testing.T) {
			asked := 0
			w, _ := talk(t, func(o *telegram.Options) { o.HTTP = counting(o.HTTP, "/file/", &asked) })
			w.fake.Fail(faketelegram.Fault{Method: "getFile", Code: 200, HTML: fmt.Sprintf(`{"ok":true,"result":{"file_id":"x","file_path":%q}}`, path)})
			r, err := w.Fetch(t.Context(), bot.Media{Ref: "x"})
			if err == nil {
				_ = r.Close()
				t.Error("it is opened")
			}
			if asked > 0 {
				t.Error("it is asked for")
			}
		})
	}
}

// The channel starts, and says what is wrong, while Telegram is down; sends
// work as soon as it is back.
func TestStartWithoutTelegram(t *testing.T) {
	bubble("", t, func(t *testing.T) {
		w := newWorld(t, telegram.ModePoll)
		lan := w.fake.Person("Lan")
		w.fake.Type(lan, "chào")
		for _, m := range []string{"getMe", "deleteWebhook", "getUpdates"} {
			w.fake.Fail(faketelegram.Fault{Method: m, Cut: true, Times: -1})
		}
		stop := w.poll(t)
		defer stop()
		time.Sleep(10 * time.Minute)
		if err := w.Check(t.Context()); err == nil {
			t.Error("Check finds nothing wrong")
		}
		if n := len(w.fake.Calls("deleteWebhook")); n < 10 || n > 30 {
			t.Errorf("%d attempts in ten minutes", n)
		}
		w.fake.Heal()
		time.Sleep(2 * time.Minute)
		if err := w.Check(t.Context()); err != nil || w.in.texts() != "chào" {
			t.Errorf("afterwards: %v, taken %q", err, w.in.texts())
		}
	})
}
