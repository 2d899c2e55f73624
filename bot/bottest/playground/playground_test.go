package playground

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"cchcbot/bot/bottest/fakemail"
)

// echo is a platform whose account repeats what is said.
type echo struct{ said map[string][]Bubble }

func (*echo) Name() string      { return "echo" }
func (*echo) Actions() []string { return []string{doFollow} }
func (e *echo) Say(person, text string) error {
	if text == "fail" {
		return errors.New("the platform is away")
	}
	e.said[person] = append(e.said[person], Bubble{Text: "re: " + text, Buttons: [][]Button{{{ID: "1", Title: "Một"}}}})
	return nil
}
func (e *echo) Press(person, id string) error  { return e.Say(person, "pressed "+id) }
func (e *echo) Do(person, action string) error { return e.Say(person, "did "+action) }
func (e *echo) Shown(person string) []Bubble   { return e.said[person] }
func (*echo) Note(person string) string        { return "note of " + person }

func open(t *testing.T) (http.Handler, *echo) {
	t.Helper()
	p, e := openPage(t)
	return p.Handler("/fakes/"), e
}

func openPage(t *testing.T) (*Playground, *echo) {
	t.Helper()
	e := &echo{said: map[string][]Bubble{}}
	p, err := New(func() time.Time { return time.Unix(1_800_000_000, 0) }, e)
	if err != nil {
		t.Fatal(err)
	}
	return p, e
}

func call(h http.Handler, method, path, body string) (int, view) {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, "/fakes/"+path, strings.NewReader(body)))
	var v view
	_ = json.Unmarshal(rec.Body.Bytes(), &v) // what is no view stays empty
	return rec.Code, v
}

func TestATalkIsShownInTheOrderInWhichItWasSeen(t *testing.T) {
	h, e := open(t)
	for _, body := range []string{
		`{"platform":"echo","person":"Lan","text":"chào"}`, `{"platform":"echo","person":"Lan","press":"1","title":"Một"}`, `{"platform":"echo","person":"Lan","do":"follow"}`,
	} {
		if code, _ := call(h, http.MethodPost, "api/chat", body); code != http.StatusOK {
			t.Fatalf("%s: %d", body, code)
		}
		call(h, http.MethodGet, "api/chat?platform=echo&person=Lan", "")
	}
	_, v := call(h, http.MethodGet, "api/chat?platform=echo&person=Lan", "")
	var got []string
	for _, b := range v.Bubbles {
		got = append(got, strings.TrimSpace(strings.Join(b.Media, "")+b.Text))
	}
	if want := "chào|re: chào|Một|re: pressed 1|follow|re: did follow"; strings.Join(got, "|") != want || v.Note != "note of Lan" {
		t.Errorf("shown %q, note %q", got, v.Note)
	}
	e.said["Lan"][0].Buttons = nil // edited by the platform
	if _, v = call(h, http.MethodGet, "api/chat?platform=echo&person=Lan", ""); len(v.Bubbles[1].Buttons) != 0 {
		t.Error("an edited message is shown as it was")
	}
	if _, v = call(h, http.MethodGet, "api/chat?platform=echo&person=Hà", ""); len(v.Bubbles) != 0 {
		t.Error("somebody else's talk is shown")
	}
}

func TestWhatCannotBeDoneSaysSo(t *testing.T) {
	h, _ := open(t)
	for body, want := range map[string]int{
		`{`: http.StatusBadRequest, `{"platform":"echo","person":"Lan","text":"` + strings.Repeat("x", maxText+1) + `"}`: http.StatusBadRequest,
		`{"platform":"none","person":"Lan","text":"x"}`: http.StatusNotFound, `{"platform":"echo","person":"","text":"x"}`: http.StatusNotFound,
		`{"platform":"echo","person":"Lan"}`: http.StatusUnprocessableEntity, `{"platform":"echo","person":"Lan","do":"fly"}`: http.StatusUnprocessableEntity,
		`{"platform":"echo","person":"Lan","text":"fail"}`: http.StatusUnprocessableEntity,
	} {
		if code, _ := call(h, http.MethodPost, "api/chat", body); code != want {
			t.Errorf("%.60s answers %d, want %d", body, code, want)
		}
	}
}

func TestOldTalksAreForgotten(t *testing.T) {
	p, _ := openPage(t)
	h := p.Handler("/fakes/")
	for i := range maxTalks + 5 {
		call(h, http.MethodPost, "api/chat", `{"platform":"echo","person":"p`+strings.Repeat("i", i%30)+string(rune('a'+i/30))+`","text":"x"}`)
	}
	if len(p.talks) != maxTalks {
		t.Errorf("%d talks are kept", len(p.talks))
	}
	if code, _ := call(h, http.MethodGet, "", ""); code != http.StatusOK {
		t.Errorf("the page answers %d", code)
	}
}

// The mailbox shows every mail, or those to the address that is given as the person.
func TestTheMailbox(t *testing.T) {
	box, err := fakemail.New(fakemail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	for _, to := range []string{"a@example.vn", "b@example.vn"} {
		c, err := smtp.Dial(box.Addr())
		if err != nil {
			t.Fatal(err)
		}
		mail := "From: x@example.vn\r\nSubject: to " + to + "\r\nContent-Type: text/html\r\n\r\n<a href=\"https://x.vn/?a=1&amp;b=2\">open</a>"
		if err := errors.Join(c.SendMail("x@example.vn", []string{to}, strings.NewReader(mail)), c.Quit()); err != nil {
			t.Fatal(err)
		}
	}
	p, err := New(time.Now, NewMailbox(box))
	if err != nil {
		t.Fatal(err)
	}
	h := p.Handler("/fakes/")
	for person, want := range map[string]int{"Lan": 2, "a@example.vn": 1, "c@example.vn": 0} {
		code, v := call(h, http.MethodGet, "api/chat?platform=email&person="+person, "")
		if code != http.StatusOK || len(v.Bubbles) != want {
			t.Errorf("%s sees %d mails, want %d", person, len(v.Bubbles), want)
		}
		if want == 1 && (!strings.Contains(v.Bubbles[0].Text, "to a@example.vn") || v.Bubbles[0].Buttons[0][0].URL != "https://x.vn/?a=1&b=2") {
			t.Errorf("%+v", v.Bubbles[0])
		}
	}
	if code, _ := call(h, http.MethodPost, "api/chat", `{"platform":"email","person":"Lan","text":"a"}`); code != http.StatusUnprocessableEntity {
		t.Errorf("somebody wrote to the mailbox: %d", code)
	}
}
