package redis

import (
	"log/slog"
	"sync"
	"time"
)

const (
	missesToClose = 3           // in a row, until calls fail at once
	tryAgain      = time.Second // between two calls that try whether the server is back
)

// gate keeps calls from waiting for a server that is away, one after the other.
type gate struct {
	now    func() time.Time
	log    *slog.Logger
	target string

	mu     sync.Mutex
	misses int
	closed bool
	since  time.Time
	next   time.Time // when a call may try
}

// enter reports whether a call may ask the server.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		return true
	}
	now := g.now()
	if now.Before(g.next) {
		return false
	}
	g.next = now.Add(tryAgain)
	return true
}

// leave tells how a call went: missed says why the server cannot be used, ""
// that it can.
func (g *gate) leave(missed string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if missed == "" {
		if g.closed {
			g.log.Info("redis is back", "target", g.target, "away", g.now().Sub(g.since).Round(time.Millisecond))
		}
		g.misses, g.closed = 0, false
		return
	}
	g.misses++
	now := g.now()
	if g.closed {
		g.next = now.Add(tryAgain)
		return
	}
	if g.misses >= missesToClose {
		g.closed, g.since, g.next = true, now, now.Add(tryAgain)
		g.log.Warn("redis is away", "target", g.target, "reason", missed)
	}
}
