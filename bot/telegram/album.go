package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"cchcbot/bot"
)

// shelf keeps the parts of albums that come by webhook until they are whole.
// Telegram sends the next message of a chat only after the answer to the one
// before, so a part is answered as soon as it lies here: in memory, and sealed
// in State for the case that the process dies. What State does not take is an
// update of its own, durable before it is answered like any other.
type shelf struct {
	b *Bot

	mu     sync.Mutex
	in     bot.Intake // nil while nobody looks after the shelf
	albums map[string]*shelved
	work   sync.WaitGroup
}

// shelved is an album under way.
type shelved struct {
	key, chat string

	mu      sync.Mutex
	parts   []bot.Update
	version int64 // of the copy in State
	timer   *time.Timer
	gone    bool // handed over
}

// Limits of the shelf.
const (
	maxShelf     = 500            // albums at a time
	shelfTTL     = 48 * time.Hour // of a copy in State
	shelfRetry   = 2 * time.Second
	orphanAge    = 15 * time.Second // whose process is surely gone
	orphanEvery  = 20 * time.Second
	shelfClosing = 5 * time.Second
	shelfIndex   = "telegram/albums"
)

func newShelf(b *Bot) *shelf { return &shelf{b: b, albums: map[string]*shelved{}} }

// open begins to keep albums, and hands over what a process that died left.
func (s *shelf) open(ctx context.Context, in bot.Intake) {
	if s.b.opt.State == nil || s.b.opt.Sealer == nil {
		return
	}
	s.mu.Lock()
	s.in = in
	s.mu.Unlock()
	s.sweep(ctx, in)
}

// close hands everything over. What cannot be now lies in State for the next start.
func (s *shelf) close() {
	s.mu.Lock()
	in := s.in
	s.in = nil
	all := make([]*shelved, 0, len(s.albums))
	for _, a := range s.albums {
		all = append(all, a)
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), shelfClosing)
	defer cancel()
	for _, a := range all {
		s.handOver(ctx, in, a)
		a.mu.Lock()
		if !a.gone && a.timer != nil && a.timer.Stop() {
			s.work.Done()
		}
		a.gone = true
		a.mu.Unlock()
	}
	s.work.Wait()
	s.mu.Lock()
	clear(s.albums)
	s.mu.Unlock()
}

// takeIn takes in one update that came by webhook. It reports whether Telegram
// may forget it.
func (b *Bot) takeIn(ctx context.Context, in bot.Intake, ev event) bool {
	if ev.update == nil {
		return true
	}
	if ev.album != "" {
		return b.shelf.add(ctx, in, ev)
	}
	// What came after an album in the same chat comes after it.
	return b.shelf.flush(ctx, in, ev.chat) && b.accept(ctx, in, *ev.update)
}

// add puts a part on the shelf.
func (s *shelf) add(ctx context.Context, in bot.Intake, ev event) bool {
	a := s.album(ev)
	if a == nil {
		return s.b.accept(ctx, in, *ev.update)
	}
	a.mu.Lock()
	if a.gone { // handed over just now: a part that comes so late stands alone
		a.mu.Unlock()
		return s.b.accept(ctx, in, *ev.update)
	}
	for _, p := range a.parts {
		if p.ID == ev.update.ID {
			a.mu.Unlock()
			return true // sent again
		}
	}
	a.parts = append(a.parts, *ev.update)
	if err := s.save(ctx, a); err != nil {
		a.parts = a.parts[:len(a.parts)-1]
		a.mu.Unlock()
		s.b.opt.Log.Warn("a part of an album cannot be kept and goes on alone", "err", err)
		return s.b.accept(ctx, in, *ev.update)
	}
	full := len(a.parts) >= maxAlbum
	s.wait(a, albumWindow)
	a.mu.Unlock()
	if full {
		s.handOver(ctx, in, a)
	}
	return true
}

// album finds or begins the album of a part; nil when albums are not kept.
func (s *shelf) album(ev event) *shelved {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in == nil {
		return nil
	}
	a := s.albums[ev.album]
	if a == nil {
		if len(s.albums) >= maxShelf {
			return nil
		}
		a = &shelved{key: ev.album, chat: ev.chat}
		s.albums[ev.album] = a
	}
	return a
}

// wait hands the album over after d. a.mu is held.
func (s *shelf) wait(a *shelved, d time.Duration) {
	if a.timer != nil && a.timer.Stop() {
		s.work.Done()
	}
	s.work.Add(1)
	a.timer = time.AfterFunc(d, func() {
		defer s.work.Done()
		s.mu.Lock()
		in := s.in
		s.mu.Unlock()
		if in == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), shelfClosing)
		defer cancel()
		if !s.handOver(ctx, in, a) {
			a.mu.Lock()
			if !a.gone {
				s.wait(a, shelfRetry)
			}
			a.mu.Unlock()
		}
	})
}

// handOver makes one update of an album and has it accepted.
func (s *shelf) handOver(ctx context.Context, in bot.Intake, a *shelved) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return true
	}
	if len(a.parts) > 0 && !s.b.accept(ctx, in, merge(a.parts)) {
		return false
	}
	a.gone = true
	if a.timer != nil && a.timer.Stop() {
		s.work.Done()
	}
	s.mu.Lock()
	delete(s.albums, a.key)
	s.mu.Unlock()
	if err := s.remove(ctx, s.digest(a.key)); err != nil {
		s.b.opt.Log.Warn("the copy of an album cannot be removed; it is seen as known later", "err", err)
	}
	return true
}

// flush hands over the albums of a chat.
func (s *shelf) flush(ctx context.Context, in bot.Intake, chat string) bool {
	s.mu.Lock()
	var of []*shelved
	for _, a := range s.albums {
		if a.chat == chat {
			of = append(of, a)
		}
	}
	s.mu.Unlock()
	for _, a := range of {
		if !s.handOver(ctx, in, a) {
			return false
		}
	}
	return true
}

func (s *shelf) digest(key string) string { return s.b.opt.Sealer.Digest("telegram album\x1f" + key) }

func copyKey(digest string) string { return "telegram/album/" + digest }

// save writes the copy in State, and at first its line in the index.
func (s *shelf) save(ctx context.Context, a *shelved) error {
	digest := s.digest(a.key)
	if a.version == 0 {
		if err := s.index(ctx, func(list []orphan) []orphan {
			return append(list, orphan{digest, s.b.opt.Now().Unix()})
		}); err != nil {
			return err
		}
	}
	plain, err := json.Marshal(a.parts)
	if err != nil {
		return err
	}
	sealed, err := s.b.opt.Sealer.Seal(plain, copyKey(digest))
	if err != nil {
		return err
	}
	version, err := s.b.opt.State.SaveSession(ctx, copyKey(digest), sealed, a.version, shelfTTL)
	if err == nil {
		a.version = version
	}
	return err
}

func (s *shelf) remove(ctx context.Context, digest string) error {
	return errors.Join(s.b.opt.State.DeleteSession(ctx, copyKey(digest)), s.index(ctx, func(list []orphan) []orphan {
		kept := list[:0]
		for _, o := range list {
			if o.Digest != digest {
				kept = append(kept, o)
			}
		}
		return kept
	}))
}

// orphan is a line of the index: an album and when it began, in Unix seconds.
type orphan struct {
	Digest string `json:"d"`
	Began  int64  `json:"t"`
}

// index changes the list of albums under way; several processes may.
func (s *shelf) index(ctx context.Context, change func([]orphan) []orphan) error {
	for range 8 {
		list, version, err := s.list(ctx)
		if err != nil {
			return err
		}
		list = change(list)
		if len(list) > 2*maxShelf {
			return errors.New("too many albums are under way")
		}
		data, err := json.Marshal(list)
		if err != nil {
			return err
		}
		if _, err = s.b.opt.State.SaveSession(ctx, shelfIndex, data, version, shelfTTL); !errors.Is(err, bot.ErrConflict) {
			return err
		}
	}
	return bot.ErrConflict
}

func (s *shelf) list(ctx context.Context) (list []orphan, version int64, err error) {
	data, version, err := s.b.opt.State.Session(ctx, shelfIndex)
	if err != nil || len(data) == 0 {
		return nil, version, err
	}
	return list, version, json.Unmarshal(data, &list)
}

// sweep hands over albums whose process died.
func (s *shelf) sweep(ctx context.Context, in bot.Intake) {
	if s.b.opt.State == nil || s.b.opt.Sealer == nil {
		return
	}
	list, _, err := s.list(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.b.opt.Log.Warn("albums that were left cannot be looked up", "err", err)
		}
		return
	}
	s.mu.Lock()
	mine := map[string]bool{}
	for key := range s.albums {
		mine[s.digest(key)] = true
	}
	s.mu.Unlock()
	for _, o := range list {
		if mine[o.Digest] || s.b.opt.Now().Sub(time.Unix(o.Began, 0)) < orphanAge {
			continue
		}
		if err := s.adopt(ctx, in, o.Digest); err != nil && ctx.Err() == nil {
			s.b.opt.Log.Warn("an album that was left cannot be handed over yet", "err", err)
		}
	}
}

// adopt hands over one album from its copy.
func (s *shelf) adopt(ctx context.Context, in bot.Intake, digest string) error {
	sealed, _, err := s.b.opt.State.Session(ctx, copyKey(digest))
	if err != nil {
		return err
	}
	var parts []bot.Update
	if len(sealed) > 0 {
		plain, err := s.b.opt.Sealer.Open(sealed, copyKey(digest))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(plain, &parts); err != nil {
			return err
		}
	}
	if len(parts) > 0 && !s.b.accept(ctx, in, merge(parts)) {
		return errors.New("it is not accepted")
	}
	return s.remove(ctx, digest)
}
