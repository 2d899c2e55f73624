// Package playground shows the fake platforms in a browser: somebody types as
// a citizen on each of them and sees what each platform shows, on a phone's
// width. It is what `cchcbot serve --with-fakes` opens, for trying the bot and
// for showing it, without any account.
//
// It answers to whoever reaches it and so belongs on a loopback address only.
package playground

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"sync"
	"time"
)

//go:embed page
var files embed.FS

// Bubble is one message of a chat, as the platform shows it.
type Bubble struct {
	Mine    bool       `json:"mine"`
	Text    string     `json:"text,omitempty"`
	Media   []string   `json:"media,omitempty"` // what is attached, in words
	Buttons [][]Button `json:"buttons,omitempty"`
	By      string     `json:"by,omitempty"` // who else wrote it: a person of the office
	At      time.Time  `json:"at"`
}

// Button is a button under a message. ID is what Press takes; "" when it opens URL.
type Button struct {
	ID    string `json:"id,omitempty"`
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
}

// Platform is one fake platform with the people on it. Its methods are safe
// for concurrent use; person is a name.
type Platform interface {
	Name() string // "zalo"
	// Say sends a text.
	Say(person, text string) error
	// Press presses a button that Shown gave.
	Press(person, id string) error
	// Actions are what a citizen can do besides, by name.
	Actions() []string
	Do(person, action string) error
	// Shown is what the account wrote to the person, oldest first.
	Shown(person string) []Bubble
	// Note says what else is going on there in one line, "" for nothing.
	Note(person string) string
}

// Limits of the page.
const (
	maxPerson = 40       // letters of a name
	maxText   = 20_000   // bytes of a message
	maxBody   = 64 << 10 // bytes of a request
	maxTalks  = 200      // chats kept; the oldest is forgotten
	maxTurns  = 500      // bubbles of a chat
)

// talk is a chat as the page shows it: what the citizen did and what came, in
// the order in which they became known.
type talk struct {
	bubbles []Bubble
	shown   int // how many of the platform's are among them
	used    time.Time
}

// Playground is the page with its platforms.
type Playground struct {
	platforms []Platform
	now       func() time.Time
	page      fs.FS

	mu    sync.Mutex
	talks map[string]*talk
}

// New returns the page for these platforms.
func New(now func() time.Time, platforms ...Platform) (*Playground, error) {
	if len(platforms) == 0 {
		return nil, errors.New("playground: no platform")
	}
	if now == nil {
		now = time.Now
	}
	page, err := fs.Sub(files, "page")
	if err != nil {
		return nil, fmt.Errorf("playground: %w", err)
	}
	return &Playground{platforms: platforms, now: now, page: page, talks: map[string]*talk{}}, nil
}

// Handler serves the page under prefix, which ends in "/".
func (p *Playground) Handler(prefix string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+prefix, http.StripPrefix(prefix, http.FileServerFS(p.page)))
	mux.HandleFunc("GET "+prefix+"api/platforms", p.list)
	mux.HandleFunc("GET "+prefix+"api/chat", p.read)
	mux.HandleFunc("POST "+prefix+"api/chat", p.act)
	return mux
}

func (p *Playground) list(w http.ResponseWriter, _ *http.Request) {
	type one struct {
		Name    string   `json:"name"`
		Actions []string `json:"actions"`
	}
	all := make([]one, len(p.platforms))
	for i, pl := range p.platforms {
		all[i] = one{pl.Name(), pl.Actions()}
	}
	answer(w, http.StatusOK, all)
}

// request is one thing a citizen does.
type request struct {
	Platform string `json:"platform"`
	Person   string `json:"person"`
	Text     string `json:"text,omitempty"`
	Press    string `json:"press,omitempty"`
	Title    string `json:"title,omitempty"` // of the pressed button, to show it
	Do       string `json:"do,omitempty"`
}

func (p *Playground) find(name, person string) (Platform, error) {
	if n := len([]rune(person)); n == 0 || n > maxPerson {
		return nil, fmt.Errorf("a name has 1 to %d letters", maxPerson)
	}
	for _, pl := range p.platforms {
		if pl.Name() == name {
			return pl, nil
		}
	}
	return nil, errors.New("there is no such platform")
}

func (p *Playground) act(w http.ResponseWriter, r *http.Request) {
	var q request
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, &q)
	}
	if err != nil || len(q.Text) > maxText {
		answer(w, http.StatusBadRequest, failure{"the request cannot be read, or is too long"})
		return
	}
	pl, err := p.find(q.Platform, q.Person)
	if err != nil {
		answer(w, http.StatusNotFound, failure{err.Error()})
		return
	}
	mine := Bubble{Mine: true, At: p.now()}
	p.seen(pl, q.Person) // what came before stands before
	switch {
	case q.Press != "":
		mine.Text, err = q.Title, pl.Press(q.Person, q.Press)
	case q.Do != "":
		if !slices.Contains(pl.Actions(), q.Do) {
			err = errors.New("nobody can do that here")
			break
		}
		mine.Media, err = []string{q.Do}, pl.Do(q.Person, q.Do)
	case q.Text != "":
		mine.Text, err = q.Text, pl.Say(q.Person, q.Text)
	default:
		err = errors.New("nothing was said")
	}
	if err != nil {
		answer(w, http.StatusUnprocessableEntity, failure{err.Error()})
		return
	}
	p.add(pl, q.Person, mine)
	answer(w, http.StatusOK, p.view(pl, q.Person))
}

func (p *Playground) read(w http.ResponseWriter, r *http.Request) {
	person := r.URL.Query().Get("person")
	pl, err := p.find(r.URL.Query().Get("platform"), person)
	if err != nil {
		answer(w, http.StatusNotFound, failure{err.Error()})
		return
	}
	p.seen(pl, person)
	answer(w, http.StatusOK, p.view(pl, person))
}

type failure struct {
	Error string `json:"error"`
}

type view struct {
	Bubbles []Bubble `json:"bubbles"`
	Note    string   `json:"note,omitempty"`
}

// of returns the chat; p.mu is held.
func (p *Playground) of(pl Platform, person string) *talk {
	key := pl.Name() + "\x1f" + person
	t, ok := p.talks[key]
	if !ok {
		if len(p.talks) >= maxTalks {
			p.forgetOldest()
		}
		t = &talk{}
		p.talks[key] = t
	}
	t.used = p.now()
	return t
}

func (p *Playground) forgetOldest() {
	oldest := ""
	for key, t := range p.talks {
		if oldest == "" || t.used.Before(p.talks[oldest].used) {
			oldest = key
		}
	}
	delete(p.talks, oldest)
}

func (p *Playground) add(pl Platform, person string, b Bubble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.of(pl, person)
	t.bubbles = append(t.bubbles, b)
}

// seen takes up what the platform shows anew. A message that was edited or
// lost its buttons is shown as it is now.
func (p *Playground) seen(pl Platform, person string) {
	shown := pl.Shown(person)
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.of(pl, person)
	i := 0
	for j := range t.bubbles {
		if !t.bubbles[j].Mine && i < len(shown) {
			at := t.bubbles[j].At
			t.bubbles[j] = shown[i]
			t.bubbles[j].At = at
			i++
		}
	}
	for ; t.shown < len(shown); t.shown++ {
		b := shown[t.shown]
		if b.At.IsZero() {
			b.At = p.now()
		}
		t.bubbles = append(t.bubbles, b)
	}
}

func (p *Playground) view(pl Platform, person string) view {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.of(pl, person).bubbles
	return view{Bubbles: slices.Clone(all[max(0, len(all)-maxTurns):]), Note: pl.Note(person)}
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b) // a browser that left needs no answer
}
