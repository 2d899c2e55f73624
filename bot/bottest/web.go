package bottest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/webchat"
	"cchcbot/knowledge/vietnamese"
)

// WebchatDriver drives bot/webchat through its HTTP handler: what is typed is
// posted, and a stream stays open for what comes later.
type WebchatDriver struct {
	bot     *Bot
	chat    *counted
	server  *httptest.Server
	people  map[string]*visitor
	buttons pressable
	present chan struct{} // the bot knows that a stream is open
}

// visitor is one citizen's browser.
type visitor struct {
	cookie *http.Cookie
	close  func() // ends the stream

	mu   sync.Mutex
	cond *sync.Cond
	said map[string]*Said // by message id
	read int              // messages of the channel's list that were seen
	page []Said           // what the page itself says of a file that was refused
}

// NewWebchatDriver returns a driver of the web chat.
func NewWebchatDriver() *WebchatDriver {
	return &WebchatDriver{people: map[string]*visitor{}, buttons: pressable{}}
}

// counted is the web chat; it counts what it took for each chat, so that the
// driver knows how much has to arrive.
type counted struct {
	*webchat.Chat
	mu   sync.Mutex
	sent map[string][]string // message ids by chat
}

func (c *counted) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	r, err := c.Chat.Send(ctx, m)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sent[m.To.Chat] = append(c.sent[m.To.Chat], m.ID)
	}
	return r, err
}

func (c *counted) ids(chat string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.sent[chat]...)
}

// Name is the channel's name.
func (d *WebchatDriver) Name() string { return webchat.Name }

// Style is buttons, laid out by the page.
func (d *WebchatDriver) Style() Style { return Buttons }

// Open starts a web chat and its server.
func (d *WebchatDriver) Open(b *Bot) (bot.Channel, error) {
	first := d.bot == nil
	d.bot = b
	opt := webchat.Options{
		Secret: bytes.Repeat([]byte("k"), 32), Clean: vietnamese.Clean, Now: b.Clock.Now,
		PerCitizen: bot.Rate{PerSecond: 1000, Burst: 1000}, PerAddress: bot.Rate{PerSecond: 1000, Burst: 1000},
	}
	if b.opt.Build != nil { // the bot keeps files
		opt.Keep = func(ctx context.Context, k bot.SessionKey, name string, r io.Reader) (bot.Media, error) {
			return b.Media.Came(ctx, k, name, r)
		}
		opt.Kept = func(ctx context.Context, u bot.Update) { b.Media.Settled(ctx, u) }
		opt.Render = func(lang, key string) (string, error) { return b.Words.Render(lang, key, nil) }
	}
	c, err := webchat.New(opt)
	if err != nil {
		return nil, err
	}
	d.closeServer()
	if first {
		b.t.Cleanup(d.closeServer)
	}
	for _, v := range d.people {
		v.read = 0
	}
	d.chat = &counted{Chat: c, sent: map[string][]string{}}
	d.present = make(chan struct{}, 16)
	d.server = httptest.NewServer(c.Handler(arriving{b.Intake(), d.present}))
	return d.chat, nil
}

// arriving tells the driver when the bot has dealt with an opened stream.
type arriving struct {
	bot.Intake
	done chan<- struct{}
}

func (a arriving) Present(ctx context.Context, at bot.Address) (err error) {
	if p, ok := a.Intake.(bot.Presence); ok {
		err = p.Present(ctx, at)
	}
	select {
	case a.done <- struct{}{}:
	default: // nobody waits
	}
	return err
}

// Chat is the chat's id: the citizen's, as their cookie has it.
func (d *WebchatDriver) Chat(who Citizen) string {
	if v := d.people[who.Name]; v != nil && v.cookie != nil {
		id, _, _ := strings.Cut(v.cookie.Value, ".")
		return id
	}
	return ""
}

func (d *WebchatDriver) closeServer() {
	if d.server == nil {
		return
	}
	for _, v := range d.people {
		if v.close != nil {
			v.close()
			v.close = nil
		}
	}
	d.chat.Close()
	d.server.Client().CloseIdleConnections()
	d.server.Close()
	d.server = nil
}

// Do posts what the citizen did.
func (d *WebchatDriver) Do(ctx context.Context, who Citizen, in Input) error {
	if who.Group != "" {
		return fmt.Errorf("%w: a page has no groups", ErrCannot)
	}
	v := d.people[who.Name]
	if v == nil {
		v = &visitor{said: map[string]*Said{}}
		v.cond = sync.NewCond(&v.mu)
		d.people[who.Name] = v
	}
	if err := d.listen(v); err != nil {
		return err
	}
	kind, body, err := d.body(who, in)
	if err != nil {
		return err
	}
	if err := d.post(ctx, v, kind, body); err != nil {
		return err
	}
	return d.listen(v)
}

func (d *WebchatDriver) body(who Citizen, in Input) (kind string, body []byte, err error) {
	m := map[string]any{}
	if who.Lang != "" {
		m["lang"] = who.Lang
	}
	switch {
	case in.Reply:
		return "", nil, fmt.Errorf("%w: the web chat answers no message", ErrCannot)
	case in.Press != "":
		payload, _, err := d.buttons.find(who.Chat(), in.Press)
		if err != nil {
			return "", nil, err
		}
		m["button"] = payload
	case in.Button != "":
		m["button"] = in.Button
	case in.Place != nil:
		m["place"] = map[string]float64{"lat": in.Place.Lat, "lon": in.Place.Lon}
	case in.Event == bot.EventFollowed:
		m["event"] = "start"
	case in.Media == bot.Photo, in.Media == bot.Document, in.Media == bot.Voice, in.Media == bot.Video:
		return fileForm(in)
	case in.Text != "":
		m["text"] = in.Text
	default:
		return "", nil, fmt.Errorf("%w: a page does not send this", ErrCannot)
	}
	body, err = json.Marshal(m)
	return "application/json", body, err
}

// fileForm is a multipart body with a file.
func fileForm(in Input) (kind string, body []byte, err error) {
	name, data, err := in.Contents()
	if err != nil {
		return "", nil, err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		return "", nil, err
	}
	if _, err := part.Write(data); err != nil {
		return "", nil, err
	}
	err = w.Close()
	return w.FormDataContentType(), b.Bytes(), err
}

func (d *WebchatDriver) request(ctx context.Context, v *visitor, method, path, kind string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.server.URL+path, body)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if v.cookie != nil {
		req.AddCookie(v.cookie)
	}
	return d.server.Client().Do(req)
}

func (d *WebchatDriver) post(ctx context.Context, v *visitor, kind string, body []byte) error {
	resp, err := d.request(ctx, v, http.MethodPost, "/chat/api/messages", kind, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusUnsupportedMediaType {
		return v.refused(data)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the page was answered %d: %s", resp.StatusCode, data)
	}
	for _, c := range resp.Cookies() {
		v.cookie = c
	}
	var answer struct {
		Messages []json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	for _, m := range answer.Messages {
		if err := v.take(m); err != nil {
			return err
		}
	}
	return nil
}

// refused shows why a file was not taken.
func (v *visitor) refused(data []byte) error {
	var answer struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.page = append(v.page, Said{Text: answer.Error.Message})
	return nil
}

// listen opens the visitor's stream, unless it is open or the visitor is not
// known yet, and waits until the bot knows.
func (d *WebchatDriver) listen(v *visitor) error {
	if v.cookie == nil || v.close != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	resp, err := d.request(ctx, v, http.MethodGet, "/chat/api/events", "", nil)
	if err != nil {
		cancel()
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && data != "{}" {
				_ = v.take([]byte(data)) // what is no message does not count as one
			}
		}
	}()
	v.close = func() {
		cancel()
		<-done
		_ = resp.Body.Close()
	}
	select {
	case <-d.present:
		return nil
	case <-done:
		return fmt.Errorf("the stream was answered %d", resp.StatusCode)
	}
}

// take notes a message once, however often it arrives.
func (v *visitor) take(data []byte) error {
	var m struct {
		ID      string                `json:"id"`
		Text    string                `json:"text"`
		Buttons [][]bot.MessageButton `json:"buttons"`
		Media   []bot.Media           `json:"media"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if m.ID != "" && v.said[m.ID] == nil {
		s := said(bot.Message{Text: m.Text, Buttons: m.Buttons, Media: m.Media})
		v.said[m.ID] = &s
		v.cond.Broadcast()
	}
	return nil
}

// arrivalLimit is how long a message may take from the channel to the page. Only what never comes reaches it.
const arrivalLimit = time.Minute

// Seen waits until everything that the channel took for the citizen has
// arrived, and returns what is new, in the order in which it was sent.
func (d *WebchatDriver) Seen(who Citizen) []Said {
	v := d.people[who.Name]
	if v == nil {
		return nil
	}
	v.mu.Lock()
	out := v.page
	v.page = nil
	v.mu.Unlock()
	if v.cookie == nil {
		return out
	}
	if err := d.listen(v); err != nil {
		d.bot.t.Errorf("open the stream: %v", err)
	}
	want := d.chat.ids(d.Chat(who))
	late := false
	v.mu.Lock()
	defer v.mu.Unlock()
	limit := time.AfterFunc(arrivalLimit, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		late = true
		v.cond.Broadcast()
	})
	defer limit.Stop()
	for _, m := range want[min(v.read, len(want)):] {
		for v.said[m] == nil && !late {
			v.cond.Wait()
		}
		if v.said[m] == nil {
			d.bot.t.Errorf("a message that the channel took did not arrive within %s", arrivalLimit)
			break
		}
		out = append(out, *v.said[m])
		d.buttons.add(who.Chat(), *v.said[m])
	}
	v.read = len(want)
	return out
}
