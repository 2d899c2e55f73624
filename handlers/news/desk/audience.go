package desk

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

// counter keeps counts of audiences for a while: a million people take some seconds to count.
type counter struct {
	mu  sync.Mutex
	all map[int64]*counting
}

type counting struct {
	mu    sync.Mutex
	hash  string    // of the content that is counted for
	begun time.Time // guarded by the counter, so that nobody waits for a count under way to ask for another
	done  items.Counting
}

const (
	maxCounts = 100              // kept at once
	countFor  = 10 * time.Minute // then it is counted anew
	countStep = time.Second      // of counting in one request
)

// of is the count for an item's content as it is now. Whom a correction goes to is one look, so it is never kept.
func (c *counter) of(it items.Item, now time.Time) *counting {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.all[it.ID]
	if x != nil && x.hash == it.Hash && now.Sub(x.begun) < countFor && it.Corrects == 0 {
		return x
	}
	if c.all == nil || len(c.all) >= maxCounts {
		c.all = map[int64]*counting{}
	}
	x = &counting{hash: it.Hash, begun: now}
	c.all[it.ID] = x
	return x
}

type channelCount struct {
	Key, NoteKey string
	People       string
}

// audienceView is who would get an item.
type audienceView struct {
	Channels []channelCount
	People   string
	Article  string // people who may see it as an article; "" for nobody
	Gone     string // "" for nobody
	Digest   string // "" for nobody
	Cap      int
	Counted  time.Time
	Done     bool
	Share    int // per cent
	Path     string
	Corrects bool
}

// notes says what a platform allows.
var notes = map[string]string{"zalo": "news.desk_note_zalo", "webchat": "news.desk_note_webchat"}

// audience goes on counting for a moment and says how far it is.
func (s *service) audience(r *http.Request, it items.Item) (*audienceView, error) {
	set, err := s.opt.Desk.Settings(r.Context())
	if err != nil {
		return nil, err
	}
	x := s.counts.of(it, s.opt.Now())
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.done.Done {
		if err := s.opt.Desk.Count(r.Context(), it, &x.done, s.opt.Now().Add(countStep)); err != nil {
			return nil, err
		}
	}
	c := x.done
	lang := s.kit.Lang(r)
	some := func(n int) string {
		if n == 0 {
			return ""
		}
		return web.Number(lang, n)
	}
	v := &audienceView{People: web.Number(lang, c.People()), Article: some(c.ByArticle), Gone: some(c.Gone), Digest: some(c.Digest), Cap: set.Int(items.KeyDayCap), Counted: c.Counted, Done: c.Done, Share: int(100 * c.Share()),
		Path: itemPath(it.ID) + "/audience", Corrects: it.Corrects != 0}
	for _, name := range slices.SortedFunc(maps.Keys(c.Channels), byChannel) {
		v.Channels = append(v.Channels, channelCount{channelKey(name), notes[name], web.Number(lang, c.Channels[name])})
	}
	return v, nil
}

type audienceData struct {
	Style    string
	Row      row
	Back     string
	Audience *audienceView
	Quiet    bool
}

// showAudience says who would get an item by channel, and who cannot be reached.
func (s *service) showAudience(w http.ResponseWriter, r *http.Request) {
	it, ok := s.find(w, r)
	if !ok {
		return
	}
	d := audienceData{Style: stylePath, Row: s.head(r, it, s.namer(r)), Back: itemPath(it.ID), Quiet: it.Content.Quiet}
	if !d.Quiet {
		var err error
		if d.Audience, err = s.audience(r, it); err != nil {
			s.kit.Fail(w, r, err)
			return
		}
	}
	s.render(w, r, http.StatusOK, "audience", d)
}
