package redis

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// releaseScript removes a lock that still has its token.
const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

// Lock implements bot.State. A lock whose taking or giving back failed half way
// is given back when this process asks for it the next time; other processes
// wait until its time is over.
func (s *State) Lock(ctx context.Context, name string, ttl time.Duration) (func(context.Context) error, bool, error) {
	key, err := s.key(kindLock, name)
	if err != nil {
		return nil, false, err
	}
	if ttl <= 0 {
		return nil, false, invalid("a lock needs a time above zero")
	}
	if token, ok := s.orphans.pop(key); ok {
		if err := s.unlock(ctx, key, token, s.now().Add(ttl)); err != nil {
			return nil, false, err
		}
	}
	token, end := rand.Text(), s.now().Add(ttl)
	mine, asked, err := s.first(ctx, "take lock", key, token, ttl)
	if err != nil {
		if asked {
			s.orphans.put(key, token, s.now(), end)
		}
		return nil, false, err
	}
	if !mine {
		return nil, false, nil
	}
	return func(ctx context.Context) error { return s.unlock(ctx, key, token, end) }, true, nil
}

func (s *State) unlock(ctx context.Context, key, token string, end time.Time) error {
	err := s.do(ctx, "give lock back", func(ctx context.Context) error {
		return s.release.Run(ctx, s.client, []string{key}, token).Err()
	})
	if err != nil {
		s.orphans.put(key, token, s.now(), end)
	}
	return err
}

// maxOrphans bounds the locks remembered while the server is away. One more is
// forgotten, and ends by itself.
const maxOrphans = 4096

// orphans are locks that this process may hold without anybody knowing.
type orphans struct {
	mu sync.Mutex
	m  map[string]orphan
}

type orphan struct {
	token string
	end   time.Time
}

func newOrphans() *orphans { return &orphans{m: map[string]orphan{}} }

func (o *orphans) put(key, token string, now, end time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.m) >= maxOrphans {
		for k, v := range o.m {
			if !now.Before(v.end) {
				delete(o.m, k)
			}
		}
	}
	if len(o.m) < maxOrphans {
		o.m[key] = orphan{token, end}
	}
}

func (o *orphans) pop(key string) (token string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v, ok := o.m[key]
	delete(o.m, key)
	return v.token, ok
}
